import assert from 'node:assert/strict';
import test from 'node:test';
import { systemClock } from '../../src/lib/clock.ts';
import { endAll, type Running } from '../../src/lib/running.ts';

function clockThat(ends: boolean, slept: number[] = []) {
  return {
    now: () => 0,
    sleep: async (ms: number, signal?: AbortSignal) => {
      slept.push(ms);
      if (!ends) await systemClock.sleep(60_000, signal);
    },
  };
}

test('work ends side by side, then the rest, the last that was started first', async () => {
  const ended: string[] = [];
  const step = (what: string): Running => ({ what, end: async () => void ended.push(what) });
  let letFirstEnd = (): void => {};
  const first = new Promise<void>((resolve) => {
    letFirstEnd = resolve;
  });
  const running: Running[] = [
    step('lock'),
    step('storage'),
    { what: 'delivery', isWork: true, end: () => first.then(() => void ended.push('delivery')) },
    {
      what: 'dispatch',
      isWork: true,
      end: async () => {
        ended.push('dispatch');
        letFirstEnd();
      },
    },
    step('timer'),
  ];
  assert.deepEqual(await endAll(running, 30_000, clockThat(false)), []);
  assert.deepEqual(ended, ['dispatch', 'delivery', 'timer', 'storage', 'lock']);
  assert.deepEqual(running, []);
});

test('work keeps the time that it is given, and what it had to cut off is named', async () => {
  const given: number[] = [];
  const running: Running[] = [
    { what: 'delivery', isWork: true, end: async (ms) => `${given.push(ms)} connection` },
    { what: 'dispatch', isWork: true, end: async () => undefined },
    { what: 'timer', end: async () => 'nothing that counts' },
  ];
  assert.deepEqual(await endAll(running, 500, clockThat(false)), ['delivery (1 connection)']);
  assert.deepEqual(given, [500]);
});

test('what does not end in time is named, and the rest ends all the same', async () => {
  const ended: string[] = [];
  const slept: number[] = [];
  const running: Running[] = [
    { what: 'storage', end: async () => void ended.push('storage') },
    { what: 'delivery', isWork: true, end: () => new Promise(() => {}) },
    { what: 'dispatch', isWork: true, end: async () => void ended.push('dispatch') },
  ];
  assert.deepEqual(await endAll(running, 500, clockThat(true, slept)), ['delivery']);
  assert.deepEqual(ended, ['dispatch', 'storage']);
  assert.deepEqual(slept, [3_500]);
});
