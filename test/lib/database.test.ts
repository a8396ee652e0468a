import assert from 'node:assert/strict';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { test, type TestContext } from 'node:test';
import { OpenDatabase } from '../../src/lib/database.ts';
import { temporaryDirectory } from '../helpers/temporary.ts';

const steps = [
  'CREATE TABLE words (word TEXT NOT NULL UNIQUE)',
  `ALTER TABLE words ADD COLUMN octets INTEGER; UPDATE words SET octets = length(CAST(word AS BLOB))`,
  'CREATE INDEX words_octets ON words (octets)',
];

async function pathIn(t: TestContext): Promise<string> {
  return join(await temporaryDirectory(t), 'words.db');
}

function openIn(t: TestContext, path: string, count = steps.length): OpenDatabase {
  const db = new OpenDatabase(path, steps.slice(0, count));
  t.after(() => db.close());
  return db;
}

test('a database of an old program is brought up to date, and keeps what is in it', async (t) => {
  const path = await pathIn(t);
  const old = new OpenDatabase(path, steps.slice(0, 1));
  old.run('INSERT INTO words (word) VALUES (?)', 'für');
  old.close();
  for (const count of [2, 3, 3]) {
    const db = new OpenDatabase(path, steps.slice(0, count));
    assert.deepEqual({ ...db.get<object>('SELECT * FROM words') }, { word: 'für', octets: 4 });
    assert.equal(db.get<{ user_version: number }>('PRAGMA user_version')?.user_version, count);
    db.close();
  }
});

test('a step that fails leaves the database as it was', async (t) => {
  const path = await pathIn(t);
  new OpenDatabase(path, steps.slice(0, 1)).close();
  assert.throws(
    () => new OpenDatabase(path, [steps[0]!, steps[1]!, 'CREATE TABLE words (again TEXT)']),
    /already exists/,
  );
  const db = openIn(t, path, 1);
  assert.deepEqual(
    db.all<{ name: string }>('SELECT name FROM pragma_table_info(?)', 'words').map(({ name }) => name),
    ['word'],
  );
});

test('a database of a newer program is refused and not touched', async (t) => {
  const path = await pathIn(t);
  new OpenDatabase(path, steps).close();
  assert.throws(() => new OpenDatabase(path, steps.slice(0, 2)), /schema 3 is newer than this program \(2\)/);
  openIn(t, path);
});

test('several processes that open a new database at the same time all find it whole', async (t) => {
  const path = await pathIn(t);
  const open = Array.from({ length: 5 }, () => openIn(t, path));
  for (const [at, db] of open.entries()) db.run('INSERT INTO words (word) VALUES (?)', String(at));
  for (const db of open) assert.equal(db.all('SELECT * FROM words').length, 5);
});

test('commits reach the disk, and readers never wait for the writer', async (t) => {
  const path = await pathIn(t);
  const writer = openIn(t, path);
  const reader = openIn(t, path);
  assert.equal(writer.get<{ synchronous: number }>('PRAGMA synchronous')?.synchronous, 2);
  writer.begin();
  writer.run('INSERT INTO words (word) VALUES (?)', 'one');
  assert.equal(reader.get('SELECT * FROM words'), undefined);
  writer.commit();
  assert.ok(reader.get('SELECT * FROM words'));
});

test('a part that fails leaves the rest of its transaction', async (t) => {
  const db = openIn(t, await pathIn(t));
  const insert = (word: string): void => void db.run('INSERT INTO words (word) VALUES (?)', word);
  db.begin();
  db.part(() => insert('one'));
  assert.throws(() =>
    db.part(() => {
      insert('two');
      insert('one');
    }),
  );
  db.part(() => insert('three'));
  db.commit();
  assert.deepEqual(
    db.all<{ word: string }>('SELECT word FROM words ORDER BY rowid').map(({ word }) => word),
    ['one', 'three'],
  );
});

test('a commit of another connection is noticed, an own one is not', async (t) => {
  const path = await pathIn(t);
  const [one, other] = [openIn(t, path), openIn(t, path)];
  const before = one.version();
  one.run('INSERT INTO words (word) VALUES (?)', 'mine');
  assert.equal(one.version(), before);
  other.run('INSERT INTO words (word) VALUES (?)', 'theirs');
  assert.notEqual(one.version(), before);
});

test('what is no database is refused', async (t) => {
  const path = await pathIn(t);
  const plain = new DatabaseSync(path);
  plain.close();
  openIn(t, path);
  assert.throws(() => new OpenDatabase(join(path, 'below'), steps));
});
