import assert from 'node:assert/strict';
import { rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test, { type TestContext } from 'node:test';
import { WalSyncs } from '../../src/lib/wal-sync.ts';
import { temporaryDirectory } from '../helpers/temporary.ts';

interface Bench {
  readonly file: string;
  readonly syncs: WalSyncs;
  /** How often a checkpoint was asked for. */
  readonly checkpoints: () => number;
  /** Whether checkpoints succeed from now on. */
  readonly allow: (isAllowed: boolean) => void;
}

async function bench(t: TestContext): Promise<Bench> {
  const file = join(await temporaryDirectory(t), 'words.db');
  let [asked, isAllowed] = [0, true];
  const checkpoint = async (path: string): Promise<void> => {
    assert.equal(path, file);
    asked++;
    if (!isAllowed) throw new Error('busy');
  };
  return { file, syncs: new WalSyncs(checkpoint), checkpoints: () => asked, allow: (is) => (isAllowed = is) };
}

// The kernel refuses to sync a device that has no disk: EINVAL.
const breakLog = (file: string): Promise<void> => symlink('/dev/null', `${file}-wal`);

async function mendLog(file: string): Promise<void> {
  await rm(`${file}-wal`);
  await writeFile(`${file}-wal`, 'frames');
}

test('a log that is synced, or that is gone, needs no checkpoint', async (t) => {
  const { file, syncs, checkpoints } = await bench(t);
  await syncs.sync(file);
  await writeFile(`${file}-wal`, 'frames');
  await syncs.sync(file);
  assert.equal(checkpoints(), 0);
});

test('after a sync that failed a checkpoint counts, and the next sync is enough again', async (t) => {
  const { file, syncs, checkpoints } = await bench(t);
  await breakLog(file);
  await syncs.sync(file);
  assert.equal(checkpoints(), 1);
  await mendLog(file);
  await syncs.sync(file);
  assert.equal(checkpoints(), 1);
});

test('a sync that succeeds after one that failed proves nothing until a checkpoint has', async (t) => {
  const { file, syncs, checkpoints, allow } = await bench(t);
  await breakLog(file);
  allow(false);
  await assert.rejects(syncs.sync(file), /busy/);
  await mendLog(file);
  await assert.rejects(syncs.sync(file), /busy/);
  allow(true);
  await syncs.sync(file);
  assert.equal(checkpoints(), 3);
});

test('one that began before another failed is in doubt as well', async (t) => {
  const { file, syncs, checkpoints, allow } = await bench(t);
  await breakLog(file);
  allow(false);
  const results = await Promise.allSettled([syncs.sync(file), syncs.sync(file)]);
  assert.deepEqual(
    results.map(({ status }) => status),
    ['rejected', 'rejected'],
  );
  assert.equal(checkpoints(), 2);
});
