import assert from 'node:assert/strict';
import test from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { OutcomeBuffer } from '../../src/deliver/outcome-buffer.ts';
import type { Clock } from '../../src/lib/clock.ts';

interface Desk {
  readonly buffer: OutcomeBuffer<number>;
  /** So many transactions begin and end with a result. */
  readonly settle: (count: number) => void;
  /** Results of each commit that has begun. */
  readonly commits: number[];
  /** The oldest commit under way ends; false: the disk refuses it. */
  readonly end: (isStored?: boolean) => Promise<void>;
  /** Sleepers wake. */
  readonly pass: () => Promise<void>;
  readonly troubles: () => number;
}

function desk(): Desk {
  const commits: number[] = [];
  const running: { resolve: () => void; reject: (error: Error) => void }[] = [];
  const sleeping: (() => void)[] = [];
  let [added, troubles] = [0, 0];
  const clock: Clock = { now: () => 0, sleep: () => new Promise((resolve) => sleeping.push(resolve)) };
  const buffer = new OutcomeBuffer<number>({
    clock,
    take: () => {
      const taken = added;
      added = 0;
      return taken;
    },
    commit: (batch) => {
      commits.push(batch);
      return new Promise((resolve, reject) => running.push({ resolve, reject }));
    },
    onRoom: () => {},
    onTrouble: () => troubles++,
  });
  const settle = (count: number): void => {
    for (let one = 0; one < count; one++) {
      buffer.begun();
      added++;
      buffer.settled();
    }
  };
  const end = async (isStored = true): Promise<void> => {
    const oldest = running.shift();
    if (isStored) oldest?.resolve();
    else oldest?.reject(new Error('full'));
    await turn();
  };
  const pass = async (): Promise<void> => {
    for (const wake of sleeping.splice(0)) wake();
    await turn();
  };
  return { buffer, settle, commits, end, pass, troubles: () => troubles };
}

test('few results are committed when their time has come, many at once', async () => {
  const { settle, commits, end, pass } = desk();
  settle(10);
  assert.deepEqual(commits, []);
  await pass();
  assert.deepEqual(commits, [10]);
  await end();
  settle(1_000);
  assert.deepEqual(commits, [10, 600]);
});

test('commits overlap, three at the most, and no more than 2,000 results are not on disk', async () => {
  const { buffer, settle, commits, end } = desk();
  settle(1_999);
  assert.deepEqual(commits, [600, 600, 600]);
  assert.equal(buffer.hasRoom, true);
  buffer.begun();
  assert.equal(buffer.hasRoom, false);
  await end();
  assert.equal(buffer.hasRoom, true);
});

test('what has waited its time while all commits were taken goes with the first that ends', async () => {
  const { settle, commits, end, pass } = desk();
  settle(1_805);
  await pass();
  assert.equal(commits.length, 3);
  await end();
  assert.deepEqual(commits, [600, 600, 600, 5]);
});

test('a batch that the disk refuses is tried again, and others go on', async () => {
  const { settle, commits, end, pass, troubles } = desk();
  settle(600);
  await end(false);
  assert.equal(troubles(), 1);
  settle(600);
  assert.deepEqual(commits, [600, 600]);
  await pass();
  assert.deepEqual(commits, [600, 600, 600]);
});

test('a drain waits for all commits, and not for a disk that refuses', async () => {
  const { buffer, settle, commits, end } = desk();
  await buffer.drain();
  settle(605);
  let isDrained = false;
  const drained = buffer.drain().then(() => (isDrained = true));
  await turn();
  assert.deepEqual(commits, [600, 5]);
  await end();
  assert.equal(isDrained, false);
  await end(false);
  await drained;
});
