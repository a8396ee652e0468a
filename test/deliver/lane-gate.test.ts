import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LaneGate } from '../../src/deliver/lane-gate.ts';
import type { LaneState } from '../../src/deliver/traffic-messages.ts';
import { HandClock } from '../helpers/hand-clock.ts';

const free: LaneState = {
  dialect: '',
  mustTls: false,
  closedUntil: 0,
  closedBy: undefined,
  wasTried: false,
  paused: false,
  factor: 1,
  perSecond: Infinity,
  provider: '',
};
const silence = { state: 'deferred', host: '', reply: '451 4.4.1 no answer' } as const;

function gateOf(state: Partial<LaneState>): { gate: LaneGate; clock: HandClock } {
  const clock = new HandClock();
  const gate = new LaneGate(clock);
  gate.set({ ...free, ...state });
  return { gate, clock };
}

test('a gate is open at first, and when the book says nothing else', () => {
  for (const gate of [new LaneGate(new HandClock()), gateOf({}).gate]) {
    assert.deepEqual([gate.isShut, gate.closing, gate.waitMs()], [false, undefined, 0]);
  }
});

test('a closing ends by itself; a long one is looked at every minute', () => {
  const start = new HandClock().now();
  const { gate, clock } = gateOf({ closedUntil: start + 90_000, closedBy: silence, wasTried: true });
  assert.deepEqual(gate.closing, { until: start + 60_000, result: silence, wasTried: true });
  assert.equal(gate.waitMs(), Infinity);
  clock.move(60_000);
  assert.equal(gate.closing?.until, start + 90_000);
  clock.move(30_000);
  assert.deepEqual([gate.isShut, gate.closing, gate.waitMs()], [false, undefined, 0]);
});

test('a pause lasts until it is lifted, whatever closed the lane before, and is nobody’s attempt', () => {
  const { gate, clock } = gateOf({ paused: true, closedUntil: 1, closedBy: silence, wasTried: true });
  clock.move(1_000_000_000);
  assert.equal(gate.isShut, true);
  assert.equal(gate.closing?.wasTried, false);
  assert.match(gate.closing.result.reply, /^451 4\.3\.2 .*paused/);
  gate.set(free);
  assert.deepEqual([gate.isShut, gate.waitMs()], [false, 0]);
});

test('so many transactions a second begin as the book says, whoever begins them', () => {
  const { gate, clock } = gateOf({ perSecond: 40 });
  const began: number[] = [];
  for (const start = clock.now(); clock.now() < start + 10_000;) {
    const wait = gate.waitMs();
    if (wait === 0) {
      gate.begin();
      began.push(clock.now());
    } else clock.move(wait);
  }
  assert.ok(Math.abs(began.length - 400) <= 20, `${began.length} in 10 seconds`);
  gate.set(free);
  assert.equal(gate.waitMs(), 0);
});
