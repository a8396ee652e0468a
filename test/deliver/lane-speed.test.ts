import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LaneSpeed } from '../../src/deliver/lane-speed.ts';

/** Results in each of some seconds, measured twice a second as a lane is. */
function speedAfter(perSecond: readonly number[]): LaneSpeed {
  const speed = new LaneSpeed();
  let now = 1_000_000;
  speed.measure(now);
  for (const results of perSecond) {
    for (let n = 0; n < results; n++) speed.result();
    for (let half = 0; half < 2; half++) speed.measure((now += 500));
  }
  return speed;
}

test('before the first measurement a lane takes a chunk, and more with each result, and gives nothing back', () => {
  const speed = new LaneSpeed();
  assert.equal(speed.most, 1_000);
  for (let n = 0; n < 100; n++) speed.result();
  assert.equal(speed.most, 1_400);
  assert.equal(speed.keep(100_000), undefined);
  assert.equal(speed.slow(100_000), 0);
});

const rows: readonly [
  what: string,
  perSecond: number[],
  most: number,
  keepOf9000: number | undefined,
  slowOf9000: number,
][] = [
  ['one that stands still', [0], 20, 20, 9_000],
  ['a slow one', [10], 100, 100, 8_990],
  ['a quick one', [3_000], 5_000, undefined, 6_000],
  ['one that pauses for a second', [3_000, 0], 5_000, undefined, 7_500],
  ['one that has stopped', [3_000, 0, 0, 0, 0, 0, 0], 468, 468, 8_953],
  ['one that has begun again', [0, 0, 400], 4_000, 4_000, 8_600],
];

for (const [what, perSecond, most, keep, slow] of rows) {
  test(`${what} keeps what it comes to in ten seconds, and what came beyond that room`, () => {
    const speed = speedAfter(perSecond);
    assert.equal(speed.most, most);
    assert.equal(speed.keep(9_000), keep);
    assert.equal(speed.slow(9_000), slow);
    assert.equal(speed.keep(most), undefined);
  });
}

test('a time without work does not make it slow', () => {
  const speed = speedAfter([1_000]);
  speed.rest();
  speed.measure(9_000_000);
  for (let n = 0; n < 1_000; n++) speed.result();
  speed.measure(9_001_000);
  assert.equal(speed.most, 5_000);
});
