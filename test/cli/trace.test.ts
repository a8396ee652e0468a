import assert from 'node:assert/strict';
import test from 'node:test';
import { engines } from '../../src/engines.ts';
import { initialSettings, openHome } from '../../src/home.ts';
import { systemClock } from '../../src/lib/clock.ts';
import { inlineStorage } from '../../src/lib/storage.ts';
import { parseListName } from '../../src/list/name.ts';
import { ezlm, homeWithList, news, queuePost } from './test-door.ts';
import { batchOf } from '../../src/queue/outcome-batch.ts';

const at = Date.UTC(2026, 2, 1, 12);

/** Post 1 of the list, deferred once for bob and then delivered, failed for carla; post 2 is too old to be known. */
async function writePosts(directory: string): Promise<void> {
  const home = await openHome({
    directory,
    settings: initialSettings(),
    storage: inlineStorage(engines),
    clock: systemClock,
    log: () => {},
  });
  const list = home.lists.open(parseListName(news)!);
  for (const [number, when] of [
    [1, Date.now()],
    [2, at],
  ] as const) {
    await list.store.recordPost({
      number,
      cause: `c${number}`,
      at: when,
      subject: 's',
      from: 'f',
      messageId: '',
      size: 1,
    });
  }
  const id = home.newId();
  const post = { list: news, number: 1, role: 'subscriber', lastMember: 9 } as const;
  const entry = {
    id,
    kind: 'post',
    message: id,
    sender: '',
    recipient: news,
    list: news,
    cause: 'c1',
    due: 0,
    post,
  } as const;
  await home.queue.accept([{ id, body: Buffer.from('Subject: s\r\n\r\n') }], [entry]);
  const bob = { post: id, position: 0, member: 1, address: 'bob@example.net' };
  const host = 'mx.example.net[192.0.2.1]';
  await home.queue.record(
    batchOf([{ ...bob, state: 'deferred', at, host, reply: '450 4.2.0 later', next: at + 400_000 }]),
  );
  await home.queue.record(
    batchOf([{ ...bob, state: 'delivered', at: at + 400_000, host, reply: '250 2.0.0 ok \u001b[31m' }]),
  );
  await home.queue.record(
    batchOf([
      {
        post: id,
        position: 1,
        member: 2,
        address: 'carla@example.com',
        state: 'failed',
        at,
        host: '',
        reply: 'no such domain',
      },
    ]),
  );
  await home.close();
}

test('trace prints each attempt with time, host and reply', async (t) => {
  const home = await homeWithList(t);
  await writePosts(home);
  const bob = await ezlm(home, ['trace', news, '1', 'BOB@example.net']);
  assert.equal(bob.code, 0, bob.talk);
  assert.deepEqual(bob.output.trimEnd().split('\n'), [
    '2026-03-01T12:00:00Z bob@example.net deferred mx.example.net[192.0.2.1] 450 4.2.0 later',
    '2026-03-01T12:06:40Z bob@example.net delivered mx.example.net[192.0.2.1] 250 2.0.0 ok \\u001b[31m',
  ]);
  const all = await ezlm(home, ['trace', news, '1', '--json']);
  const states = all.output
    .trimEnd()
    .split('\n')
    .map((line) => (JSON.parse(line) as { state: string }).state);
  assert.deepEqual(states.toSorted(), ['deferred', 'delivered', 'failed']);
  assert.match((await ezlm(home, ['trace', news, '1', 'carla@example.com'])).output, / failed - no such domain$/m);
});

test('trace shows those who stand in one state, of one domain, and only the latest attempt if that is asked', async (t) => {
  const home = await homeWithList(t);
  await writePosts(home);
  const table: [words: string[], addresses: string[]][] = [
    [[], ['bob@example.net', 'bob@example.net', 'carla@example.com']],
    [['--latest'], ['bob@example.net', 'carla@example.com']],
    [['--state', 'failed'], ['carla@example.com']],
    [['--state', 'delivered', '--latest'], ['bob@example.net']],
    [['--not-delivered'], ['carla@example.com']],
    [['--domain', 'EXAMPLE.net', '--latest'], ['bob@example.net']],
    [['--domain', 'example.net', '--not-delivered'], []],
    [['--domain', '__proto__'], []],
  ];
  for (const [words, addresses] of table) {
    const ran = await ezlm(home, ['trace', news, '1', '--json', ...words]);
    assert.equal(ran.code, 0, words.join(' '));
    const found = ran.output
      .split('\n')
      .flatMap((line) => (line ? [(JSON.parse(line) as { address: string }).address] : []));
    assert.deepEqual(found, addresses, words.join(' '));
    if (addresses.length === 0) assert.match(ran.talk, /none of the 2 recipients that were tried is one of those/);
  }
  assert.equal((await ezlm(home, ['trace', news, '1', '--state', 'lost'])).code, 64);
});

test('the summary counts in all, by domain and by reason, and says who was not tried yet', async (t) => {
  const home = await homeWithList(t);
  await ezlm(home, ['sub', news, 'bob@example.net', 'carla@example.com', 'dora@example.net']);
  await writePosts(home);
  const { code, output } = await ezlm(home, ['trace', news, '1', '--summary']);
  assert.equal(code, 0);
  assert.match(output, /^post 1 of news@lists\.example\.org, \S+Z: s\n/);
  assert.match(output, /^queue +\w+ 2 of 3 \(66 %\), 0 deferred, 1 failed/m);
  assert.match(output, /^untried +1$/m);
  assert.match(output, /^all +1 +0 +1 +0$/m);
  assert.match(output, /^example\.com +0 +0 +1 +0\nexample\.net +1 +0 +0 +0$/m);
  assert.match(output, /^1 × no such domain \(carla@example\.com\)$/m);
  const lines = (await ezlm(home, ['trace', news, '1', '--summary', '--json'])).output.trimEnd().split('\n');
  const [all, ...rest] = lines.map((line) => JSON.parse(line) as Record<string, unknown>);
  const { delivered, deferred, failed, uncertain, untried } = all!;
  assert.deepEqual(
    { delivered, deferred, failed, uncertain, untried },
    { delivered: 1, deferred: 0, failed: 1, uncertain: 0, untried: 1 },
  );
  assert.deepEqual(
    rest.map((one) => one['domain'] ?? one['reason']),
    ['example.com', 'example.net', 'no such domain'],
  );
});

test('of a post that nobody was tried for the summary says so; of one that is unknown it says why', async (t) => {
  const home = await homeWithList(t);
  await ezlm(home, ['sub', news, 'bob@example.net']);
  const id = await queuePost(home, 7);
  const ran = await ezlm(home, ['trace', news, '7', '--summary']);
  assert.equal(ran.code, 0, ran.talk);
  assert.match(ran.output, new RegExp(`^queue +${id} 0 of 1 .*\nuntried +1$`, 'm'));
  assert.equal((await ezlm(home, ['trace', news, '8', '--summary'])).code, 66);
  await ezlm(home, ['queue', 'hold', id]);
  const status = await ezlm(home, ['status']);
  assert.match(
    status.output,
    new RegExp(`^post +${id} news@lists\\.example\\.org 7: 0 of 1 \\(0 %\\), 0 deferred, 0 failed, held$`, 'm'),
  );
});

test('trace says why it has no answer', async (t) => {
  const home = await homeWithList(t);
  await writePosts(home);
  const table: [words: string[], code: number, what: RegExp][] = [
    [['3'], 66, /has no post 3\n.*latest post is 2/],
    [['2'], 66, /older than 90 days; its outcomes are no longer kept/],
    [['1', 'dora@example.net'], 66, /not tried for dora@example\.net so far: 2 of 2/],
    [['0'], 64, /not a post number/],
    [['-1'], 64, /not known|not a post number/],
    [['1e3'], 64, /not a post number/],
    [['1', 'bob'], 64, /"bob" is not an address/],
  ];
  for (const [words, code, what] of table) {
    const ran = await ezlm(home, ['trace', news, ...words]);
    assert.match(ran.talk, what, words.join(' '));
    assert.equal(ran.code, code, words.join(' '));
    assert.equal(ran.output, '');
  }
});

test('log prints what was changed, oldest first', async (t) => {
  const home = await homeWithList(t);
  await ezlm(home, ['sub', news, 'bob@example.net']);
  await ezlm(home, ['unsub', news, 'bob@example.net']);
  const text = await ezlm(home, ['log', news]);
  assert.match(text.output, /^\S+Z \+manual subscriber bob@example\.net\n\S+Z -manual subscriber bob@example\.net\n$/);
  const [first] = (await ezlm(home, ['log', news, '--json'])).output.split('\n');
  const { event, role, address } = JSON.parse(first!) as Record<string, unknown>;
  assert.deepEqual({ event, role, address }, { event: '+manual', role: 'subscriber', address: 'bob@example.net' });
});

test('settings explains every setting of both files', async (t) => {
  const home = await homeWithList(t);
  const both = (await ezlm(home, ['settings'])).output;
  assert.match(both, /^ezlm\.json:\n {2}domains = \[\]\n/);
  assert.match(both, /\nlist\.json:\n {2}owner = ""\n/);
  assert.doesNotMatch((await ezlm(home, ['settings', 'list'])).output, /ezlm\.json/);
  for (const line of (await ezlm(home, ['settings', '--json'])).output.trimEnd().split('\n')) {
    const { name, meaning } = JSON.parse(line) as Record<string, unknown>;
    assert.ok(typeof name === 'string' && typeof meaning === 'string');
  }
});
