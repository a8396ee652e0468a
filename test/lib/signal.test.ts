import assert from 'node:assert/strict';
import { test } from 'node:test';
import { systemClock } from '../../src/lib/clock.ts';
import { WakeUp } from '../../src/lib/signal.ts';

const longMs = 3_600_000;

test('whoever sleeps is woken', async () => {
  const work = new WakeUp();
  const sleep = work.sleep(systemClock, longMs);
  work.wake();
  await sleep;
});

test('a wake-up while nobody sleeps is kept for the next sleep, once', async () => {
  const work = new WakeUp();
  work.wake();
  work.wake();
  await work.sleep(systemClock, longMs);
  let hasEnded = false;
  const second = work.sleep(systemClock, longMs).then(() => (hasEnded = true));
  await new Promise((resolve) => setImmediate(resolve));
  assert.equal(hasEnded, false);
  work.wake();
  await second;
});

test('a sleep that nobody ends is over by its time', async () => {
  await new WakeUp().sleep(systemClock, 1);
});
