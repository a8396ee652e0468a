import assert from 'node:assert/strict';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { test, type TestContext } from 'node:test';
import { Databases, type StorageReply, type StorageRequest } from '../../src/lib/databases.ts';
import { engines } from '../helpers/word-engine.ts';
import { temporaryDirectory } from '../helpers/temporary.ts';

async function openIn(t: TestContext, openMost?: number, busyMs = 20): Promise<{ databases: Databases; file: string }> {
  const databases = new Databases(engines, openMost, busyMs);
  const directory = await temporaryDirectory(t, async () => databases.close());
  return { databases, file: join(directory, 'words.db') };
}

function request(file: string, operation: string, argument?: unknown): StorageRequest {
  return { file, engine: 'words', operation, argument };
}

function kindOf(reply: StorageReply | undefined): string {
  if (!reply) return 'none';
  return reply.ok ? 'ok' : reply.trouble.kind;
}

function wordsIn(databases: Databases, file: string): unknown {
  const [reply] = databases.runAll([request(file, 'words')]);
  return reply?.ok ? reply.result : reply?.trouble;
}

test('neighbouring writes share a commit, and each fails alone', async (t) => {
  const { databases, file } = await openIn(t);
  const watcher = new Databases(engines);
  t.after(() => watcher.close());
  const before = watcher.version(file, 'words');
  const adds = ['one', 'two', 'one', 'three'].map((word) => request(file, 'add', word));
  const replies = databases.runAll([...adds, request(file, 'words'), request(file, 'add', 'four')]);
  assert.deepEqual(replies.map(kindOf), ['ok', 'ok', 'bug', 'ok', 'ok', 'ok']);
  assert.deepEqual(replies[4], { ok: true, result: ['one', 'two', 'three'] });
  assert.deepEqual(wordsIn(databases, file), ['one', 'two', 'three', 'four']);
  assert.notEqual(watcher.version(file, 'words'), before);
});

test('a write that fails leaves nothing of itself', async (t) => {
  const { databases, file } = await openIn(t);
  databases.runAll([request(file, 'add', 'taken')]);
  const replies = databases.runAll(['addAll', 'addAll'].map((name) => request(file, name, ['new', 'taken'])));
  assert.deepEqual(replies.map(kindOf), ['bug', 'bug']);
  assert.deepEqual(wordsIn(databases, file), ['taken']);
});

test('a full disk fails the whole commit, leaves nothing half-written, and passes', async (t) => {
  const { databases, file } = await openIn(t);
  databases.runAll([request(file, 'add', 'before'), request(file, 'limitPages', 20)]);
  const adds = ['one', 'before', 'x'.repeat(200_000), 'two'].map((word) => request(file, 'add', word));
  const replies = databases.runAll(adds);
  assert.deepEqual(replies.map(kindOf), ['full', 'bug', 'full', 'ok']);
  assert.deepEqual(wordsIn(databases, file), ['before', 'two']);
  databases.runAll([request(file, 'limitPages', 10_000)]);
  assert.deepEqual(databases.runAll(adds.slice(0, 3)).map(kindOf), ['ok', 'bug', 'ok']);
});

test('calls that wait for the same lock fail together, and later ones find it free', async (t) => {
  const { databases, file } = await openIn(t);
  databases.runAll([request(file, 'add', 'before')]);
  const other = new DatabaseSync(file);
  t.after(() => other.close());
  other.exec('BEGIN IMMEDIATE');
  const adds = ['one', 'two', 'three'].map((word) => request(file, 'add', word));
  assert.deepEqual(databases.runAll([...adds, request(file, 'words')]).map(kindOf), ['busy', 'busy', 'busy', 'ok']);
  other.exec('COMMIT');
  assert.deepEqual(databases.runAll(adds).map(kindOf), ['ok', 'ok', 'ok']);
});

test('no more databases are open than may be; the one that was used last stays', async (t) => {
  const { databases, file } = await openIn(t, 2);
  const files = ['a', 'b', 'c'].map((name) => `${file}.${name}`);
  const connection = (name: string): unknown => {
    const [reply] = databases.runAll([request(name, 'connection')]);
    return reply?.ok ? reply.result : reply?.trouble;
  };
  const [a, b, c] = files as [string, string, string];
  const first = [connection(a), connection(b)];
  assert.equal(connection(a), first[0]);
  connection(c);
  assert.equal(connection(a), first[0]);
  assert.notEqual(connection(b), first[1]);
});

test('what cannot be done is told by its kind', async (t) => {
  const { databases, file } = await openIn(t);
  const table: [StorageRequest, string][] = [
    [request(file, 'nothing'), 'bug'],
    [{ ...request(file, 'words'), engine: 'none' }, 'bug'],
    [request(join(file, '..', 'none', 'words.db'), 'words'), 'missing'],
    [request(join(file, '..', 'none', 'words.db'), 'add', 'x'), 'missing'],
    [request(file, 'add', undefined), 'bug'],
    [request(file, '__proto__'), 'bug'],
    [request(file, 'toString'), 'bug'],
  ];
  for (const [asked, kind] of table) assert.equal(kindOf(databases.runAll([asked])[0]), kind, JSON.stringify(asked));
});

test('a file that was closed is opened again', async (t) => {
  const { databases, file } = await openIn(t);
  databases.runAll([request(file, 'add', 'one')]);
  databases.close(file);
  databases.close(file);
  assert.deepEqual(wordsIn(databases, file), ['one']);
});
