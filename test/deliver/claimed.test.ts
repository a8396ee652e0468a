import assert from 'node:assert/strict';
import test from 'node:test';
import { Claimed } from '../../src/deliver/claimed.ts';

test('work whose lease ran out is not begun again while it is under way', () => {
  const claimed = new Claimed();
  assert.equal(claimed.take('chunk'), true);
  assert.equal(claimed.take('chunk'), false);
  claimed.settle('chunk');
  assert.equal(claimed.has('chunk'), false);
  assert.equal(claimed.take('chunk'), true);
});

test('the next try may begin before the last one is settled, and is not settled by it', () => {
  const claimed = new Claimed();
  assert.equal(claimed.take('ann', 1), true);
  assert.equal(claimed.take('ann', 1), false);
  assert.equal(claimed.take('ann', 2), true);
  claimed.settle('ann', 1);
  assert.equal(claimed.take('ann', 2), false);
  claimed.settle('ann', 2);
  assert.equal(claimed.take('ann', 2), true);
});
