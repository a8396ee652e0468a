import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Lease } from '../../src/deliver/lease.ts';

test('a lease is for so many transactions; one that was given back was none', () => {
  const lease = new Lease(2);
  lease.begin();
  lease.begin();
  assert.equal(lease.isSpent, true);
  lease.undo();
  assert.equal(lease.isSpent, false);
});
