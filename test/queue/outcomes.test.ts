import assert from 'node:assert/strict';
import { readdir, rename, rm, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import test, { type TestContext } from 'node:test';
import { engines } from '../../src/engines.ts';
import { inlineStorage } from '../../src/lib/storage.ts';
import { batchOf } from '../../src/queue/outcome-batch.ts';
import { openSqliteQueue } from '../../src/queue/sqlite-queue.ts';
import { HandClock } from '../helpers/hand-clock.ts';
import { temporaryDirectory } from '../helpers/temporary.ts';
import { chunkOf, Desk, gather, list } from './opening.ts';

async function opened(t: TestContext): Promise<{ desk: Desk; directory: string }> {
  const storage = inlineStorage(engines, 10);
  const directory = await temporaryDirectory(t, () => storage.close());
  const clock = new HandClock();
  return { desk: new Desk(await openSqliteQueue({ storage, directory, clock }), clock), directory };
}

async function outcomesOf(directory: string): Promise<string> {
  return join(
    directory,
    (await readdir(directory)).find((name) => /^outcomes-.*\.db$/.test(name))!,
  );
}

/** Syncs of the outcomes' log fail from now on: under its name is a device that has no disk. SQLite has the file open. */
async function breakLog(directory: string): Promise<string> {
  const file = await outcomesOf(directory);
  await rename(`${file}-wal`, `${file}-kept`);
  await symlink('/dev/null', `${file}-wal`);
  return file;
}

async function mendLog(file: string): Promise<void> {
  await rm(`${file}-wal`);
  await rename(`${file}-kept`, `${file}-wal`);
}

test('results whose sync failed are in the file itself when they are told as recorded', async (t) => {
  const { desk, directory } = await opened(t);
  const { id } = await desk.cutPost([chunkOf([1, 2])]);
  await desk.queue.record(batchOf([desk.outcome(id, 1, 'delivered')]));
  const file = await breakLog(directory);
  await desk.queue.record(batchOf([desk.outcome(id, 2, 'delivered')]));
  // Alone, without its log.
  await rename(file, join(directory, 'alone.db'));
  const alone = new DatabaseSync(join(directory, 'alone.db'), { readOnly: true });
  t.after(() => alone.close());
  assert.equal(alone.prepare('SELECT count(*) AS n FROM outcomes').get()!['n'], 2);
});

test('results that the disk refused are written once, however often they are recorded again', async (t) => {
  const { desk, directory } = await opened(t);
  const { id } = await desk.cutPost([chunkOf([1, 2])]);
  await desk.queue.record(batchOf([desk.outcome(id, 1, 'delivered')]));
  // Whoever reads the log keeps it from being copied into the file.
  const reader = new DatabaseSync(await outcomesOf(directory), { readOnly: true });
  t.after(() => reader.close());
  reader.exec('BEGIN');
  reader.prepare('SELECT count(*) FROM outcomes').get();
  const file = await breakLog(directory);
  const batch = batchOf([desk.outcome(id, 2, 'delivered')]);
  await assert.rejects(desk.queue.record(batch), { kind: 'busy' });
  await assert.rejects(desk.queue.record(batch), { kind: 'busy' });
  reader.exec('COMMIT');
  await mendLog(file);
  await desk.queue.record(batch);
  const traces = await gather(desk.queue.trace(list, 1));
  assert.deepEqual(
    traces.map(({ attempts }) => attempts.length),
    [1, 1],
  );
});
