import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { Semaphore } from '../../src/lib/semaphore.ts';

test('never more work than there are places, and whoever waits has a turn in order, after failures too', async () => {
  const semaphore = new Semaphore(2);
  let atATime = 0;
  let most = 0;
  const order: number[] = [];
  const work = async (n: number): Promise<void> => {
    most = Math.max(most, ++atATime);
    order.push(n);
    await turn();
    atATime--;
    if (n % 3 === 0) throw new Error('no');
  };
  const all = await Promise.allSettled(Array.from({ length: 9 }, (_, n) => semaphore.run(() => work(n))));
  assert.deepEqual([most, order], [2, [0, 1, 2, 3, 4, 5, 6, 7, 8]]);
  assert.equal(all.filter(({ status }) => status === 'rejected').length, 3);
  assert.equal(await semaphore.run(async () => 'free again'), 'free again');
});
