import assert from 'node:assert/strict';
import { mkdir, readdir, rename, rm, symlink, unlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { StorageError } from '../../src/lib/storage-trouble.ts';
import { parseListName } from '../../src/list/name.ts';
import { emptyLists, madeList } from '../helpers/lists.ts';

const H = 'lists.example.org';

test('a list is found by name and by id as soon as it is there, and no longer when it is gone', async (t) => {
  const { lists } = await emptyLists(t);
  const { id } = parseListName(`news@${H}`)!;
  assert.equal(lists.find('news', H), undefined);
  assert.equal(lists.byId(id, H), undefined);
  const list = await madeList(lists, `news@${H}`);
  assert.deepEqual(lists.find('NEWS', H), list.name);
  assert.deepEqual(lists.byId(id, H), list.name);
  assert.equal(lists.byId(id, 'other.example'), undefined);
  await madeList(lists, `talk@${H}`);
  assert.equal(lists.byId(parseListName(`talk@${H}`)!.id, H)?.name, 'talk');
  await rm(list.directory, { recursive: true });
  await sleep(10);
  assert.equal(lists.find('news', H), undefined);
  assert.equal(lists.byId(id, H), undefined);
});

test('a name that could lead out of the directory, or is reserved, finds nothing', async (t) => {
  const { lists } = await emptyLists(t);
  await madeList(lists, `news@${H}`);
  await mkdir(join(lists.directory, H, 'abuse'));
  await writeFile(join(lists.directory, H, 'abuse', 'list.json'), '{}');
  for (const name of ['', '.', '..', `../${H}/news`, 'news/', 'news/.', 'news\0', 'abuse', '"news"']) {
    assert.equal(lists.find(name, H), undefined, JSON.stringify(name));
  }
  for (const domain of ['', '.', '..', `x/../${H}`, `${H}/`])
    assert.equal(lists.find('news', domain), undefined, domain);
});

test('all lists are told without opening a database; other directories are none', async (t) => {
  const { lists } = await emptyLists(t);
  assert.deepEqual([...lists.all()], []);
  for (const address of [`b@${H}`, `a@${H}`, 'c@x.example']) await madeList(lists, address);
  await mkdir(join(lists.directory, H, 'no-list'));
  await mkdir(join(lists.directory, H, '.new-abc'));
  await writeFile(join(lists.directory, 'README.md'), '');
  const elsewhere = join(lists.directory, '..', 'elsewhere');
  await rename(join(lists.directory, 'x.example', 'c'), elsewhere);
  await symlink(elsewhere, join(lists.directory, 'x.example', 'c'));
  for (const list of lists.all()) await unlink(join(lists.directoryOf(list), 'list.db'));
  assert.deepEqual(
    [...lists.all()].map((list) => list.address),
    [`a@${H}`, `b@${H}`, 'c@x.example'],
  );
  assert.equal((await readdir(join(lists.directory, H, 'a'))).includes('list.db'), false);
});

test('settings are read again when list.json has changed', async (t) => {
  const { lists } = await emptyLists(t);
  const list = await madeList(lists, `news@${H}`, { title: 'one' });
  assert.equal((await list.settings()).title, 'one');
  assert.equal(await list.settings(), await list.settings(), 'the same values while it has not');
  await writeFile(join(list.directory, 'list.json'), '{ "title": "three", /* by hand */ }');
  assert.equal((await list.settings()).title, 'three');
  assert.equal(lists.open(list.name), list);
});

test('three mistakes in list.json: all are logged with their line and what is allowed, the last good settings go on', async (t) => {
  const { lists, logged, again } = await emptyLists(t);
  const list = await madeList(lists, `news@${H}`, { title: 'good', bytesMost: 5_000 });
  const path = join(list.directory, 'list.json');
  await writeFile(path, '{\n  "title": 7,\n  "bytesMost": 12,\n  "subscribeconfirm": true\n}\n');
  const values = await list.settings();
  assert.deepEqual([values.title, values.bytesMost], ['good', 5_000]);
  assert.deepEqual(logged, [
    `settings.problem news@${H} ${path}:2: title: must be a text in quotes`,
    `settings.problem news@${H} ${path}:3: bytesMost: must be a whole number from 1024 to 1073741824 (octets)`,
    `settings.problem news@${H} ${path}:4: subscribeconfirm: there is no such setting; the nearest is "subscribeConfirm"`,
  ]);
  await list.settings();
  assert.equal(logged.length, 3, 'said once, not at every mail');

  const restarted = again();
  const reopened = restarted.lists.open(list.name);
  assert.equal((await reopened.settings()).title, 'good');
  assert.equal(restarted.logged.length, 3);

  await writeFile(path, '{ "title": "mended" }');
  assert.equal((await reopened.settings()).title, 'mended');
  assert.equal((await list.settings()).title, 'mended');
});

test('a list.json that is no JSON, empty or gone changes nothing either', async (t) => {
  const { lists, logged } = await emptyLists(t);
  const list = await madeList(lists, `news@${H}`, { title: 'good' });
  const path = join(list.directory, 'list.json');
  for (const text of ['{ "title": "half', '[]', '', '{ "__proto__": {"title": "x"} }']) {
    await writeFile(path, text);
    assert.equal((await list.settings()).title, 'good', text);
  }
  assert.ok(logged.length >= 4);
  await rm(path);
  assert.equal((await list.settings()).title, 'good');
});

test('a list without a database of its own takes what is right in its file', async (t) => {
  const { lists } = await emptyLists(t);
  const list = await madeList(lists, `news@${H}`);
  await rm(join(list.directory, 'list.db'));
  await writeFile(join(list.directory, 'list.json'), '{ "title": "right", "nope": 1 }');
  assert.equal((await list.settings()).title, 'right');
});

test('keys are read again when the file has changed; without it whoever asks is told that it may pass', async (t) => {
  const { lists } = await emptyLists(t);
  const list = await madeList(lists, `news@${H}`);
  const before = await list.keys();
  assert.equal(await list.keys(), before);
  await rm(join(list.directory, 'key'));
  await sleep(10);
  await assert.rejects(list.keys(), (error) => error instanceof StorageError && error.kind === 'missing');
  const text = `1 2026-01-01T00:00:00Z ${Buffer.alloc(32, 9).toString('base64')}\n`;
  await writeFile(join(list.directory, 'key'), text);
  await sleep(10);
  assert.equal((await list.keys()).tokenMatches(['x'], before.tokenMac(['x'])), false);
});
