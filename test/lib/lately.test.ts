import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Lately } from '../../src/lib/lately.ts';
import { HandClock } from '../helpers/hand-clock.ts';

test('it is many when the last few times are not long ago', () => {
  const clock = new HandClock();
  const lately = new Lately(clock, 3, 1_000);
  assert.equal(lately.isMany, false);
  const seen = [0, 400, 400, 199, 1, 400, 500, 100].map((ms) => {
    clock.move(ms);
    lately.note();
    return lately.isMany;
  });
  assert.deepEqual(seen, [false, false, true, true, true, true, true, true]);
  clock.move(400);
  assert.equal(lately.isMany, false);
  lately.note();
  assert.equal(lately.isMany, true);
  clock.move(-3_600_000);
  assert.equal(lately.isMany, false);
});
