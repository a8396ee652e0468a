import assert from 'node:assert/strict';
import { test } from 'node:test';
import { systemClock } from '../../src/lib/clock.ts';

test('a sleep ends early, and without an error, when its signal aborts', async () => {
  const interrupt = new AbortController();
  const sleep = systemClock.sleep(3_600_000, interrupt.signal);
  interrupt.abort();
  await sleep;
  await systemClock.sleep(3_600_000, AbortSignal.abort());
});

test('a sleep ends, and time has gone on', async () => {
  const before = systemClock.now();
  await systemClock.sleep(1);
  assert.ok(systemClock.now() >= before);
});
