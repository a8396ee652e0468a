import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { Lease } from '../../src/deliver/lease.ts';
import { HandClock } from '../helpers/hand-clock.ts';

test('a lease is for so many transactions; one that was given back was none', () => {
  const lease = new Lease(2, Infinity);
  lease.begin();
  lease.begin();
  assert.equal(lease.isSpent, true);
  lease.undo();
  assert.equal(lease.isSpent, false);
});

test('without a limit nobody waits', () => {
  assert.equal(new Lease(1, Infinity).waitMs(new HandClock()), 0);
});

test('in no second more transactions begin than the lease allows, and not far fewer', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 50 }), (perSecond) => {
      const clock = new HandClock();
      const lease = new Lease(Infinity, perSecond);
      const began: number[] = [];
      while (began.length < 200) {
        const wait = lease.waitMs(clock);
        if (wait > 0) clock.move(wait);
        else {
          lease.begin();
          began.push(clock.now());
        }
      }
      for (const at of began) assert.ok(began.filter((one) => one >= at && one < at + 1_000).length <= perSecond + 1);
      const seconds = (began.at(-1)! - began[0]!) / 1_000;
      assert.ok(199 / seconds > 0.9 * perSecond, `${199 / seconds} of ${perSecond}`);
    }),
  );
});
