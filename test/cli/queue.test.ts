import assert from 'node:assert/strict';
import test from 'node:test';
import { engines } from '../../src/engines.ts';
import { homePaths } from '../../src/home.ts';
import { systemClock } from '../../src/lib/clock.ts';
import { idMaker } from '../../src/lib/ids.ts';
import { inlineStorage } from '../../src/lib/storage.ts';
import { openSqliteQueue } from '../../src/queue/sqlite-queue.ts';
import { answerAt } from './test-daemon.ts';
import { ezlm, homeWithList, news, queuePost } from './test-door.ts';

const message = 'Subject: Hello\n\nHello all.\n';

async function send(home: string): Promise<string> {
  return (await ezlm(home, ['send', news], message)).output.trim();
}

test('send queues a message as the owner and prints the id of its entry', async (t) => {
  const home = await homeWithList(t);
  const id = await send(home);
  assert.match(id, /^[0-9a-v]{18}$/);
  const [shown] = (await ezlm(home, ['queue', 'show', id, '--json'])).output
    .split('\n')
    .map((line) => JSON.parse(line || '{}') as Record<string, unknown>);
  assert.equal(shown?.['sender'], 'anna@example.org');
  assert.equal(shown?.['recipient'], news);
  assert.equal(shown?.['kind'], 'arrived');
  assert.equal(shown?.['state'], 'ready');
});

test('what is no message is not sent', async (t) => {
  const home = await homeWithList(t);
  const table: [input: string, what: RegExp][] = [
    ['', /does not begin with a header/],
    ['hello all\n', /does not begin with a header/],
    [`Subject: big\n\n${'x'.repeat(2_000)}`, /takes at most 1024/],
  ];
  await ezlm(home, ['make', news, '-+', 'bytesMost=1024']);
  for (const [input, what] of table) {
    const ran = await ezlm(home, ['send', news], input);
    assert.equal(ran.code, 65);
    assert.match(ran.talk, what);
  }
  assert.equal((await ezlm(home, ['send', news, '--dry-run'], message)).code, 0);
  assert.equal((await ezlm(home, ['queue'])).output, '');
});

test('entries are found by filters', async (t) => {
  const home = await homeWithList(t);
  const id = await send(home);
  const table: [filter: string, found: boolean][] = [
    [`--list ${news}`, true],
    ['--domain lists.example.org', true],
    ['--domain example.net', false],
    ['--state ready', true],
    ['--state held', false],
    ['--kind arrived', true],
    ['--kind post', false],
    ['--older-than 1h', false],
    ['--older-than 0s --kind mail', false],
    ['--newer-than 1h', true],
    ['--newer-than 0s', false],
    ['--reply greylisted', false],
  ];
  for (const [filter, found] of table) {
    const { code, output } = await ezlm(home, ['queue', ...filter.split(' ')]);
    assert.equal(code, 0);
    assert.equal(output.startsWith(id), found, filter);
  }
  assert.equal((await ezlm(home, ['queue', '--older-than', 'old'])).code, 64);
});

test('entries are held, released, made due and dropped', async (t) => {
  const home = await homeWithList(t);
  const id = await send(home);
  const state = async (): Promise<unknown> =>
    (JSON.parse((await ezlm(home, ['queue', 'show', id, '--json'])).output) as { state: string }).state;
  assert.equal((await ezlm(home, ['queue', 'hold', id])).talk, '1 held\n');
  assert.equal(await state(), 'held');
  assert.equal((await ezlm(home, ['queue', 'release'], `${id}\n`)).talk, '1 released\n');
  assert.equal(await state(), 'ready');
  const again = await ezlm(home, ['queue', 'release', id]);
  assert.equal(again.code, 66);
  assert.match(again.talk, /not in a state that allows release\n0 released/);
  assert.equal((await ezlm(home, ['queue', 'retry', id])).talk, '1 due now\n');
  assert.equal(
    (await ezlm(home, ['queue', 'drop', '--list', news, '--dry-run'])).talk,
    '1 would be dropped; nothing was changed\n',
  );
  assert.equal(await state(), 'ready');
  assert.equal((await ezlm(home, ['queue', 'drop', '--list', news])).talk, '1 dropped\n');
  assert.equal((await ezlm(home, ['queue', 'show', id])).code, 66);
});

test('some thousand entries are moved by batches', async (t) => {
  const home = await homeWithList(t);
  const storage = inlineStorage(engines);
  const queue = await openSqliteQueue({ storage, directory: homePaths(home).queue, clock: systemClock });
  const make = idMaker(systemClock);
  const body = make();
  const entries = Array.from({ length: 2_500 }, (_, at) => {
    const id = make();
    const recipient = `m${at}@${at % 5 === 0 ? 'x' : 'y'}.example`;
    return { id, kind: 'mail', message: body, sender: '', recipient, list: news, cause: id, due: 0 } as const;
  });
  await queue.accept([{ id: body, body: Buffer.from(message) }], entries);
  await storage.close();
  assert.equal((await ezlm(home, ['queue', 'hold', '--domain', 'y.example'])).talk, '2000 held\n');
  assert.equal((await ezlm(home, ['queue', 'list', '--state', 'held'])).output.split('\n').length - 1, 2_000);
  assert.equal((await ezlm(home, ['queue', 'release', '--state', 'held'])).talk, '2000 released\n');
  assert.equal((await ezlm(home, ['queue', 'drop', '--list', news])).talk, '2500 dropped\n');
  assert.equal((await ezlm(home, ['queue'])).output, '');
});

test('what is not an id moves nothing', async (t) => {
  const home = await homeWithList(t);
  const id = await send(home);
  const ran = await ezlm(home, ['queue', 'drop'], `${id}\nnonsense\n`);
  assert.equal(ran.code, 65);
  assert.match(ran.talk, /line 2: "nonsense" is not the id of an entry; nothing was changed/);
  assert.equal((await ezlm(home, ['queue', 'show', id])).code, 0);
});

test('status counts lists and entries', async (t) => {
  const home = await homeWithList(t);
  await send(home);
  const { output } = await ezlm(home, ['status', '--json']);
  const { running, lists, ready, held, nextDue } = JSON.parse(output) as Record<string, unknown>;
  assert.deepEqual({ running, lists, ready, held }, { running: false, lists: 1, ready: 1, held: 0 });
  assert.match(String(nextDue), /^\d{4}-.*Z$/);
  assert.match((await ezlm(home, ['status'])).output, /^daemon +not running/m);
});

test('a daemon gives back at once what it has taken of posts that are held or dropped', async (t) => {
  const home = await homeWithList(t);
  const id = await queuePost(home);
  const seen = await answerAt(t, home, []);
  for (const words of [
    ['hold', id, '--dry-run'],
    ['retry', id],
    ['release', id],
  ])
    await ezlm(home, ['queue', ...words]);
  assert.deepEqual(seen.putBack, []);
  await ezlm(home, ['queue', 'hold', id]);
  assert.deepEqual(seen.putBack, [news]);
  await ezlm(home, ['queue', 'release', id]);
  await ezlm(home, ['lane', 'pause', news]);
  await ezlm(home, ['queue', 'drop', id]);
  assert.deepEqual(seen.putBack, [news, news, news]);
  assert.deepEqual(seen.goOn, [news, news]);
});
