import assert from 'node:assert/strict';
import { mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'node:test';
import { systemClock } from '../../src/lib/clock.ts';
import { checkNewList, makeList } from '../../src/list/make.ts';
import { emptyLists, madeList } from '../helpers/lists.ts';

const H = 'lists.example.org';

test('a new list is a whole directory, with the settings that were given', async (t) => {
  const { lists } = await emptyLists(t);
  const list = await madeList(lists, `News@${H.toUpperCase()}`, { title: 'The news' });
  assert.equal(list.name.address, `news@${H}`);
  assert.deepEqual((await readdir(list.directory)).toSorted(), ['archive', 'key', 'list.db', 'list.json', 'text']);
  assert.deepEqual(JSON.parse(await readFile(join(list.directory, 'list.json'), 'utf8')), { title: 'The news' });
  assert.equal((await stat(join(list.directory, 'key'))).mode & 0o777, 0o600);
  assert.equal((await list.settings()).title, 'The news');
  assert.equal(await list.store.lastGoodSettings(), '{"title":"The news"}');
  assert.deepEqual(await readdir(join(lists.directory, H)), ['news']);
});

test('two lists have different keys', async (t) => {
  const { lists } = await emptyLists(t);
  const keys = await Promise.all(['a', 'b'].map(async (name) => (await madeList(lists, `${name}@${H}`)).directory));
  const [a, b] = await Promise.all(keys.map((directory) => readFile(join(directory, 'key'), 'utf8')));
  assert.notEqual(a!.split(' ')[2], b!.split(' ')[2]);
});

test('what may not be made is refused with its reason, and nothing is left', async (t) => {
  const { lists } = await emptyLists(t);
  for (const name of ['news', 'talk-owner', 'talk-edit2', 'talk-sc.x', 'dev-team'])
    await madeList(lists, `${name}@${H}`);
  const before = await readdir(join(lists.directory, H));
  const table: [address: string, settings: Record<string, unknown>, reason: RegExp][] = [
    [`news@${H}`, {}, /news@lists\.example\.org is there already/],
    [`NEWS@${H}`, {}, /is there already/],
    ['news', {}, /cannot be a list/],
    ['news@', {}, /cannot be a list/],
    ['@x.example', {}, /cannot be a list/],
    ['news@[192.0.2.1]', {}, /cannot be a list/],
    [`ne ws@${H}`, {}, /cannot be a list/],
    [`ne--ws@${H}`, {}, /cannot be a list/],
    [`-news@${H}`, {}, /cannot be a list/],
    [`news.@${H}`, {}, /cannot be a list/],
    [`../news@${H}`, {}, /cannot be a list/],
    [`new+s@${H}`, {}, /cannot be a list/],
    [`nüws@${H}`, {}, /cannot be a list/],
    [`${'n'.repeat(41)}@${H}`, {}, /at most 40/],
    ...['postmaster', 'Abuse', 'mailer-daemon', 'return', 'return.x', 'confirm.a.b'].map(
      (name): [string, Record<string, unknown>, RegExp] => [`${name}@${H}`, {}, /is reserved in every domain/],
    ),
    ...[
      'owner',
      'subscribe',
      'unsubscribe',
      'help',
      'info',
      'infos',
      'faq',
      'query',
      'list',
      'listn',
      'log',
      'edit',
      'get',
      'index',
      'thread',
      'request',
      'digest',
      'digest-owner',
      'digest-subscribe',
      'allow-subscribe',
      'deny-help',
      'return',
      'return-x',
      'digest-return',
      'accept-x',
      'reject-x',
      'confirm-x',
      'discard-x',
      'sc.x',
      'digest-wc.x',
      'subscribe-team',
    ].map((word): [string, Record<string, unknown>, RegExp] => [
      `news-${word}@${H}`,
      {},
      /is a command address of the list news@/,
    ]),
    [`talk@${H}`, {}, /the list talk-(?:owner|edit2|sc\.x)@.* has the name of a command address of talk@/],
    [`other@${H}`, { bytesMost: 1 }, /bytesMost: must be a whole number from 1024/],
    [`other@${H}`, { nope: 1 }, /nope: there is no such setting/],
    [`other@${H}`, { __proto__: null, title: 'a\r\nBcc: x' }, /title: must not hold a line end/],
  ];
  for (const [address, settings, reason] of table) {
    const made = await makeList({ lists, address, settings, clock: systemClock });
    assert.ok(!made.ok, address);
    assert.equal(made.failure.temporary, false);
    assert.match(made.failure.text, reason, address);
  }
  assert.deepEqual(await readdir(join(lists.directory, H)), before);
});

test('names that only look like commands, and the same name in another domain, may be made', async (t) => {
  const { lists } = await emptyLists(t);
  for (const name of [
    'news',
    'news-team',
    'news-team-owners',
    'newsowner',
    'news.owner',
    'news_help',
    'news-helpers',
    'returns',
  ]) {
    await madeList(lists, `${name}@${H}`);
  }
  await madeList(lists, 'news-owner@other.example');
});

test('a directory that is no list is not taken over', async (t) => {
  const { lists } = await emptyLists(t);
  const directory = join(lists.directory, H, 'news');
  await mkdir(directory, { recursive: true });
  await writeFile(join(directory, 'something'), '');
  const made = await makeList({ lists, address: `news@${H}`, settings: {}, clock: systemClock });
  assert.ok(!made.ok);
  assert.match(made.failure.text, /there already/);
  assert.deepEqual(await readdir(join(lists.directory, H)), ['news']);
  assert.deepEqual(await readdir(directory), ['something']);
});

test('of two that make the same list at a time one does', async (t) => {
  const { lists } = await emptyLists(t);
  const wanted = { lists, address: `news@${H}`, settings: {}, clock: systemClock };
  const made = await Promise.all([makeList(wanted), makeList(wanted)]);
  assert.equal(made.filter((one) => one.ok).length, 1);
  assert.deepEqual(await readdir(join(lists.directory, H)), ['news']);
});

test('looking whether a list can be made makes nothing', async (t) => {
  const { lists } = await emptyLists(t);
  assert.equal(checkNewList({ lists, address: `news@${H}`, settings: {} }).ok, true);
  assert.deepEqual([...lists.all()], []);
});
