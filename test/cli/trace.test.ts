import assert from 'node:assert/strict';
import test from 'node:test';
import { engines } from '../../src/engines.ts';
import { initialSettings, openHome } from '../../src/home.ts';
import { systemClock } from '../../src/lib/clock.ts';
import { inlineStorage } from '../../src/lib/storage.ts';
import { parseListName } from '../../src/list/name.ts';
import { ezlm, homeWithList, news } from './test-door.ts';
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

test('trace says why it has no answer', async (t) => {
  const home = await homeWithList(t);
  await writePosts(home);
  const table: [words: string[], code: number, what: RegExp][] = [
    [['3'], 66, /has no post 3\n.*latest post is 2/],
    [['2'], 66, /older than 90 days; its outcomes are no longer kept/],
    [['1', 'dora@example.net'], 66, /tried for not dora@example.net so far|dora@example.net/],
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
