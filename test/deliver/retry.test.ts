import assert from 'node:assert/strict';
import test from 'node:test';
import { nextAttempt } from '../../src/deliver/retry.ts';

test('the curve is quadratic: attempt n comes (20 n)² seconds after birth', () => {
  let at = 0;
  for (let n = 1; n <= 10; n++) {
    at = nextAttempt(0, at, 0);
    assert.equal(Math.round(at / 1_000), (20 * n) ** 2);
  }
});

test('jitter adds at most a tenth of the wait, and a clock that went back does no harm', () => {
  assert.equal(nextAttempt(0, 0, 0), 400_000);
  assert.equal(nextAttempt(0, 0, 1), 440_000);
  assert.equal(nextAttempt(5_000, 0, 0), 405_000);
});
