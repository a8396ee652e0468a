import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { Pace, type PaceRules } from '../../src/deliver/pace.ts';

const minute = 60_000;
const start = 1_000_000;

function paceOf(rules: Partial<PaceRules> = {}): Pace {
  return new Pace({ connections: 5, newPerMinute: Infinity, silenceMs: minute, resume: 'slow', ...rules });
}

/** Opens as many connections as may be opened now. */
function openAll(pace: Pace, now: number): number {
  let count = 0;
  for (; pace.openAt(now) <= now && count < 1_000; count++) pace.take(now);
  return count;
}

test('no more connections are open than the rules allow; one that ends makes room', () => {
  const pace = paceOf();
  assert.equal(openAll(pace, start), 5);
  assert.equal(pace.openAt(start), Infinity);
  pace.giveBack(true);
  assert.equal(openAll(pace, start), 1);
});

test('in no minute more connections are opened than the rule says, whenever they end', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 2, max: 200 }),
      fc.integer({ min: 1, max: 50 }),
      fc.array(fc.integer({ min: 1, max: 20_000 }), { maxLength: 200 }),
      (newPerMinute, connections, waits) => {
        const pace = paceOf({ connections, newPerMinute });
        const opened: number[] = [];
        let now = start;
        for (const wait of waits) {
          const count = openAll(pace, now);
          for (let n = 0; n < count; n++) {
            opened.push(now);
            pace.giveBack(true);
          }
          now += wait;
        }
        const most = Math.max(...opened.map((at) => opened.filter((one) => one >= at && one < at + minute).length));
        assert.ok(most <= newPerMinute, `${most} in a minute`);
      },
    ),
  );
});

test('a connection that was not opened costs none of the minute', () => {
  const pace = paceOf({ connections: 1, newPerMinute: 2 });
  pace.take(start);
  pace.giveBack(false);
  assert.equal(pace.openAt(start), start);
  pace.take(start);
  pace.giveBack(true);
  assert.ok(pace.openAt(start) > start);
});

test("Gmail's rule: ten minutes of silence, then one connection, and one more with each success", () => {
  const pace = paceOf({ connections: 5, silenceMs: 10 * minute, resume: 'one' });
  openAll(pace, start);
  assert.equal(pace.refused(0, 'profile', start), true);
  for (let n = 0; n < 5; n++) pace.giveBack(true);
  assert.equal(pace.openAt(start), start + 10 * minute);
  const after = start + 10 * minute;
  assert.equal(openAll(pace, after), 1);
  for (let allowed = 2; allowed <= 5; allowed++) {
    const at = after + allowed * 1_000;
    if (allowed > 2) assert.equal(pace.succeeded(allowed - 2, at), false, 'not each of them has done well');
    assert.equal(pace.succeeded(1, at), true);
    assert.equal(pace.allowed, allowed);
  }
  assert.equal(pace.succeeded(1, after + minute), false, 'it is where it was');
});

test('many successes that are told of together are one connection more, and lanes that tell at the same time one', () => {
  for (const connections of [5, Infinity]) {
    const pace = paceOf({ connections, silenceMs: 10 * minute, resume: 'one' });
    pace.refused(0, 'profile', start);
    const after = pace.closedUntil + 1_000;
    assert.equal(pace.succeeded(1_000, after), true);
    assert.equal(pace.allowed, 2);
    assert.equal(pace.succeeded(1_000, after), false);
    pace.refused(0, 'profile', after);
    assert.equal(pace.closedUntil - after, 20 * minute, 'one good moment is no recovery');
  }
});

test('new connections of a slowed lane come as much more slowly, and dials count as new connections', () => {
  const pace = paceOf({ connections: 10, newPerMinute: 20 });
  assert.equal(openAll(pace, start), 10);
  for (let n = 0; n < 10; n++) pace.giveBack(true);
  assert.equal(pace.dialAt(start), start + 6_000);
  pace.slow(0.1);
  assert.equal(pace.openAt(start), start + minute);
  pace.dial(start + minute);
  assert.equal(pace.openAt(start + minute), start + 2 * minute);
});

test('a refusal within a silence is its echo; one after it doubles the silence, up to two hours', () => {
  const pace = paceOf();
  assert.equal(pace.refused(0, 'profile', start), true);
  assert.equal(pace.refused(0, 'profile', start + 1), false);
  const silences: number[] = [];
  let now = start;
  for (let n = 0; n < 9; n++) {
    silences.push((pace.closedUntil - now) / minute);
    now = pace.closedUntil;
    pace.refused(0, 'profile', now);
  }
  assert.deepEqual(silences, [1, 2, 4, 8, 16, 32, 64, 120, 120]);
});

test('a longer silence that the reply asks for is kept', () => {
  const pace = paceOf();
  pace.refused(4 * 60 * minute, 'profile', start);
  assert.equal(pace.closedUntil, start + 4 * 60 * minute);
});

test('after a silence slow grows by one in a minute, half goes on with half', () => {
  const slow = paceOf({ connections: 10 });
  slow.refused(0, 'slow', start);
  const at = slow.closedUntil;
  assert.equal(slow.succeeded(100, at), false);
  assert.equal(slow.succeeded(1, at + minute), true);
  assert.equal(slow.allowed, 2);
  assert.equal(slow.succeeded(1, at + minute + 1), false);
  const half = paceOf({ connections: 10 });
  half.refused(0, 'half', start);
  assert.equal(half.allowed, 5);
});

test('whoever has recovered begins with a short silence again', () => {
  const pace = paceOf({ connections: 2, resume: 'one' });
  pace.refused(0, 'profile', start);
  pace.refused(0, 'profile', pace.closedUntil);
  const later = pace.closedUntil + 10 * minute;
  pace.succeeded(1, later);
  pace.refused(0, 'profile', later);
  assert.equal(pace.closedUntil - later, minute);
});

test('successes during a silence count for nothing', () => {
  const pace = paceOf({ resume: 'one' });
  pace.refused(0, 'profile', start);
  assert.equal(pace.succeeded(10, start + 1), false);
  assert.equal(pace.allowed, 1);
});

test('a host that takes no more connections than so many is left with these', () => {
  const pace = paceOf({ connections: 20 });
  pace.crowded(3, start);
  assert.equal(pace.allowed, 3);
  assert.equal(openAll(pace, start), 3);
  pace.crowded(0, start);
  assert.equal(pace.allowed, 1, 'one is always tried');
  assert.equal(pace.succeeded(5, start + minute), true);
});

test('without a limit of its own a provider is halved by what it has open', () => {
  const pace = paceOf({ connections: Infinity });
  for (let n = 0; n < 9; n++) pace.take(start);
  pace.refused(0, 'half', start);
  assert.equal(pace.allowed, 5);
});
