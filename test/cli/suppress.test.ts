import assert from 'node:assert/strict';
import { test } from 'node:test';
import { engines } from '../../src/engines.ts';
import { initialSettings, openHome } from '../../src/home.ts';
import { systemClock } from '../../src/lib/clock.ts';
import { inlineStorage } from '../../src/lib/storage.ts';
import type { List } from '../../src/list/list.ts';
import { parseListName } from '../../src/list/name.ts';
import { ezlm, homeWithList, news } from './test-door.ts';

const other = 'other@lists.example.org';

/** Does something with the list of a home, as the daemon would. */
async function withNews<T>(directory: string, run: (list: List) => Promise<T>): Promise<T> {
  const storage = inlineStorage(engines);
  const home = await openHome({ directory, settings: initialSettings(), storage, clock: systemClock, log: () => {} });
  try {
    return await run(home.lists.open(parseListName(news)!));
  } finally {
    await storage.close();
  }
}

async function complainAs(directory: string, address: string): Promise<void> {
  await withNews(directory, (list) =>
    list.suppressions.add([{ canonical: address.toLowerCase(), address, why: 'complaint' }], Date.UTC(2026, 2, 1)),
  );
}

async function lines(home: string, ...words: string[]): Promise<string[]> {
  const { code, output } = await ezlm(home, words);
  assert.equal(code, 0);
  return output.split('\n').slice(0, -1);
}

test('who is suppressed at the server is ended at every list, and left out by sub', async (t) => {
  const home = await homeWithList(t);
  await ezlm(home, ['make', other, '--owner', 'anna@example.org']);
  for (const list of [news, other]) await ezlm(home, ['sub', list, 'bob@example.net', 'carla@example.net']);
  await ezlm(home, ['sub', other, 'digest', 'bob@example.net']);
  await ezlm(home, ['sub', other, 'allow', 'bob@example.net']);
  const added = await ezlm(home, ['suppress', 'add', 'BOB@example.net']);
  assert.deepEqual(added, { code: 0, output: '', talk: '1 of 1 suppressed\n' });
  for (const list of [news, other]) assert.deepEqual(await lines(home, 'list', list), ['carla@example.net']);
  assert.deepEqual(await lines(home, 'list', other, 'digest'), []);
  assert.deepEqual(await lines(home, 'list', other, 'allow'), ['bob@example.net'], 'a right to post is no mail');
  assert.match((await lines(home, 'log', other)).join('\n'), / -suppressed subscriber bob@example\.net/);

  const again = await ezlm(home, ['sub', news, 'Bob@Example.net', 'dora@example.net']);
  assert.match(again.talk, /^1 added at news@lists\.example\.org.*suppress/);
  const json = await ezlm(home, ['sub', other, 'digest', 'bob@example.net', '--json']);
  const { added: count, suppressed, unchanged } = JSON.parse(json.output);
  assert.deepEqual({ count, suppressed, unchanged }, { count: 0, suppressed: 1, unchanged: 0 });
  assert.equal((await ezlm(home, ['sub', news, 'allow', 'bob@example.net'])).talk, `1 added at ${news} (allow)\n`);
  assert.deepEqual(await lines(home, 'list', news), ['carla@example.net', 'dora@example.net']);
});

test('who complained at a list is left out there, and may be at another', async (t) => {
  const home = await homeWithList(t);
  await ezlm(home, ['make', other, '--owner', 'anna@example.org']);
  await complainAs(home, 'Bob@example.net');
  for (const list of [news, other]) await ezlm(home, ['sub', list], 'bob@example.net\nann@example.net\n');
  assert.deepEqual(await lines(home, 'list', news), ['ann@example.net']);
  assert.deepEqual(await lines(home, 'list', other), ['ann@example.net', 'bob@example.net']);
  assert.deepEqual(await lines(home, 'suppress'), []);
  assert.deepEqual(await lines(home, 'suppress', 'list', '--list', news), [
    '2026-03-01T00:00:00Z Bob@example.net complaint',
  ]);
  const [row, ...rest] = await lines(home, 'suppress', 'list', '--list', news, '--json');
  const { address, hash, why, at } = JSON.parse(row!);
  assert.deepEqual([address, why, at, rest], ['Bob@example.net', 'complaint', '2026-03-01T00:00:00Z', []]);
  assert.match(hash, /^[0-9a-f]{32}$/);
  const nowhere = await ezlm(home, ['suppress', 'lift', 'bob@example.net']);
  assert.deepEqual([nowhere.code, nowhere.talk], [66, '0 of 1 lifted\n'], 'not at the server');
  assert.equal((await ezlm(home, ['suppress', 'lift', 'bob@example.net', '--list', news])).talk, '1 of 1 lifted\n');
  await ezlm(home, ['sub', news, 'bob@example.net']);
  await ezlm(home, ['suppress', 'add', 'bob@example.net', '--list', other]);
  assert.deepEqual(await lines(home, 'list', news), ['ann@example.net', 'bob@example.net']);
  assert.deepEqual(await lines(home, 'list', other), ['ann@example.net'], 'one list alone');
});

test('an erased address is nowhere to be read, and still left out', async (t) => {
  const home = await homeWithList(t);
  await complainAs(home, 'bob@example.net');
  await ezlm(home, ['suppress', 'add'], 'bob@example.net\ncarla@example.net\n');
  await withNews(home, (list) => list.store.complain(bounce, { id: 'x', tag: 'complaint', at: 1 }));
  assert.equal((await ezlm(home, ['suppress', 'erase', 'BOB@example.net'])).talk, '1 of 1 erased\n');
  for (const at of [[], ['--list', news]]) {
    const shown = await lines(home, 'suppress', 'list', ...at);
    assert.doesNotMatch(shown.join('\n'), /bob/i);
    assert.match(shown[0]!, /^\S+ \(erased, [0-9a-f]{32}\) (?:manual|complaint)$/);
  }
  assert.deepEqual(await lines(home, 'bounces', news), []);
  await ezlm(home, ['sub', news, 'bob@example.net', 'ann@example.net']);
  assert.deepEqual(await lines(home, 'list', news), ['ann@example.net']);
  assert.equal((await ezlm(home, ['suppress', 'erase', 'nobody@example.net'])).code, 66);
});

const bounce = {
  member: 0,
  address: 'Bob@example.net',
  number: 1,
  at: 1,
  how: 'complaint',
  reason: 'feedback',
  grounds: 'passing',
  permanent: false,
  status: '',
  host: '',
  text: 'a complaint',
  cause: 'x',
} as const;

test('a dry run changes nothing, and says as much', async (t) => {
  const home = await homeWithList(t);
  await ezlm(home, ['sub', news, 'bob@example.net']);
  const dry = await ezlm(home, ['suppress', 'add', 'bob@example.net', '--dry-run']);
  assert.deepEqual(dry, { code: 0, output: '', talk: '1 would be suppressed; nothing was changed\n' });
  assert.deepEqual(await lines(home, 'list', news), ['bob@example.net']);
  await ezlm(home, ['suppress', 'add', 'bob@example.net']);
  for (const action of ['lift', 'erase']) await ezlm(home, ['suppress', action, 'bob@example.net', '--dry-run']);
  const { output } = await ezlm(home, ['suppress', 'lift', 'bob@example.net', '--dry-run', '--json']);
  assert.deepEqual(JSON.parse(output), { action: 'lift', addresses: 1, changed: 0, dryRun: true });
  assert.match((await lines(home, 'suppress')).join('\n'), / bob@example\.net manual$/);
  const more = await ezlm(home, ['suppress', 'add', 'bob@example.net', 'carla@example.net', '--json']);
  assert.deepEqual(JSON.parse(more.output), { action: 'add', addresses: 2, changed: 1, dryRun: false });
});

test('mistakes change nothing and are told with what to do', async (t) => {
  const home = await homeWithList(t);
  const bad = await ezlm(home, ['suppress', 'add', 'bob@example.net', 'no address']);
  assert.equal(bad.code, 65);
  assert.match(bad.talk, /"no address" is not an address\n.*nothing was changed/);
  const controls = await ezlm(home, ['suppress', 'add'], 'bob@example.net\n\u0007@\u001b[31m\n');
  assert.equal(controls.code, 65);
  assert.doesNotMatch(controls.talk, /[\u0007\u001b]/);
  assert.deepEqual(await lines(home, 'suppress'), []);
  const nowhere = await ezlm(home, ['suppress', 'add', 'bob@example.net', '--list', 'none@lists.example.org']);
  assert.notEqual(nowhere.code, 0);
  assert.match(nowhere.talk, /none@lists\.example\.org/);
  assert.equal((await ezlm(home, ['suppress', 'forget', 'bob@example.net'])).code, 64);
});
