import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { RateBucket } from '../../src/deliver/rate-bucket.ts';

const start = 1_000_000;

function bucketOf(perSecond: number): RateBucket {
  const bucket = new RateBucket();
  bucket.set(perSecond, start);
  return bucket;
}

/** When transactions begin that nothing else holds up, until `end`. */
function beganUntil(bucket: RateBucket, from: number, end: number): number[] {
  const began: number[] = [];
  for (let now = from; now < end;) {
    const wait = bucket.waitMs(now);
    if (wait > 0) now += wait;
    else {
      bucket.take();
      began.push(now);
    }
  }
  return began;
}

/** `times` in their order. */
function mostInASecond(times: readonly number[]): number {
  let [most, first] = [0, 0];
  for (const [at, time] of times.entries()) {
    while (time - times[first]! >= 1_000) first++;
    most = Math.max(most, at - first + 1);
  }
  return most;
}

test('without a rate nobody waits', () => {
  const bucket = bucketOf(Infinity);
  assert.ok(bucket.isFree);
  for (let n = 0; n < 1_000; n++) bucket.take();
  assert.equal(bucket.waitMs(start), 0);
});

test('in no second more begin than the rate and a twentieth, also after a pause, and not far fewer', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 2_000 }), fc.integer({ min: 0, max: 60_000 }), (perSecond, pause) => {
      const bucket = bucketOf(perSecond);
      const began = beganUntil(bucket, start + pause, start + pause + 10_000);
      const most = mostInASecond(began);
      assert.ok(most <= perSecond * 1.05 + 1, `${most} in a second`);
      assert.ok(began.length >= perSecond * 9, `${began.length} in ten seconds`);
    }),
    { numRuns: 20 },
  );
});

test('another rate holds at once, and gives nothing for the time before', () => {
  const bucket = bucketOf(100);
  beganUntil(bucket, start, start + 1_000);
  bucket.set(10, start + 1_000);
  assert.ok(beganUntil(bucket, start + 1_000, start + 2_000).length <= 11);
});

test('a clock that goes back holds nobody up and gives nothing', () => {
  const bucket = bucketOf(10);
  beganUntil(bucket, start, start + 1_000);
  assert.ok(bucket.waitMs(start - 50_000) <= 100);
});
