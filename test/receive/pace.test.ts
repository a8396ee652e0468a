import assert from 'node:assert/strict';
import test from 'node:test';
import { Pace } from '../../src/receive/pace.ts';

// Octets that come in each look after the first one, the milliseconds between two looks, and after which of them it was enough.
const rows: readonly (readonly [what: string, octets: readonly number[], everyMs: number, end: number | undefined])[] = [
  ['nothing comes', [0, 0, 0, 0, 0, 0, 0], 100_000, 3],
  ['a little below the least speed', Array(100).fill(45_000), 100_000, 30],
  ['the least speed', Array(1_000).fill(50_000), 100_000, undefined],
  ['all at once, and then nothing', [10_000_000, 0, 0, 0, 0], 100_000, 4],
  ['pauses that were made up for', [0, 0, 150_000, 0, 0, 150_000, 0, 0, 150_000], 100_000, undefined],
  ['octet by octet', Array(1_000).fill(1), 1_000, 301],
]; // prettier-ignore

test('a message is too slow when it is five minutes behind its least speed', () => {
  for (const [what, octets, everyMs, end] of rows) {
    const pace = new Pace(() => 500);
    const message = { octets: 0 };
    let now = 1_000_000;
    assert.equal(pace.isTooSlow(message, now), false);
    const looks = octets.map((some) => {
      message.octets += some;
      now += everyMs;
      return pace.isTooSlow(message, now);
    });
    assert.equal(looks.indexOf(true), end === undefined ? -1 : end - 1, what);
  }
});

test('each message has its own time, and a new speed counts from then on', () => {
  let least = 500;
  const pace = new Pace(() => least);
  const [first, second] = [{ octets: 0 }, { octets: 0 }];
  assert.equal(pace.isTooSlow(first, 0), false);
  assert.equal(pace.isTooSlow(second, 299_000), false);
  assert.equal(pace.isTooSlow(first, 300_000), true);
  least = 1;
  second.octets = 200;
  assert.equal(pace.isTooSlow(second, 499_000), false);
  assert.equal(pace.isTooSlow(second, 798_000), false);
  assert.equal(pace.isTooSlow(second, 799_001), true);
});
