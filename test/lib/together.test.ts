import assert from 'node:assert/strict';
import test from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import type { Clock } from '../../src/lib/clock.ts';
import { Together } from '../../src/lib/together.ts';

interface Desk {
  readonly begun: string[];
  /** Asks to begin. */
  readonly ask: (...names: string[]) => Promise<void>;
  /** Time passes, and sleepers wake. */
  readonly pass: (ms: number) => Promise<void>;
}

function desk(): Desk {
  const begun: string[] = [];
  let sleeping: (() => void)[] = [];
  let now = 1_000;
  const clock: Clock = { now: () => now, sleep: () => new Promise((resolve) => sleeping.push(resolve)) };
  const together = new Together(clock);
  const ask = async (...names: string[]): Promise<void> => {
    for (const name of names) void together.run(async () => begun.push(name));
    await turn();
  };
  const pass = async (ms: number): Promise<void> => {
    now += ms;
    for (const wake of sleeping.splice(0)) wake();
    sleeping = [];
    await turn();
  };
  return { begun, ask, pass };
}

test('a lone call begins at once', async () => {
  const { begun, ask, pass } = desk();
  await ask('a');
  assert.deepEqual(begun, ['a']);
  await pass(3);
  await ask('b');
  assert.deepEqual(begun, ['a', 'b']);
});

test('calls that come soon after wait for others until nobody came for a while', async () => {
  const { begun, ask, pass } = desk();
  await ask('a');
  await ask('b', 'c');
  assert.deepEqual(begun, ['a']);
  await pass(3);
  assert.deepEqual(begun, ['a', 'b', 'c']);
});

test('while they come they wait for sixteen, or for 12 ms', async () => {
  const { begun, ask, pass } = desk();
  await ask('a');
  for (let ms = 0; ms < 12; ms++) {
    assert.deepEqual(begun, ['a'], `after ${ms} ms`);
    await ask(`b${ms}`);
    await pass(1);
  }
  assert.equal(begun.length, 13);
  for (let ms = 0; ms < 8; ms++) {
    await ask(`c${ms}`, `d${ms}`);
    assert.equal(begun.length, ms === 7 ? 29 : 13);
    await pass(1);
  }
});

test('eight that come at once wait no longer', async () => {
  const { begun, ask } = desk();
  await ask('a');
  const more = ['b', 'c', 'd', 'e', 'f', 'g', 'h'];
  await ask(...more);
  assert.deepEqual(begun, ['a']);
  await ask('i');
  assert.deepEqual(begun, ['a', ...more, 'i']);
});

test('a clock that is set back keeps nobody', async () => {
  const { begun, ask, pass } = desk();
  await ask('a');
  await ask('b');
  await pass(-1_000);
  assert.deepEqual(begun, ['a', 'b']);
});

test('those who begin do not wait for what runs', async () => {
  let now = 0;
  const together = new Together({ now: () => now, sleep: async () => {} });
  void together.run(() => new Promise(() => {}));
  now = 6;
  assert.equal(await together.run(async () => 'done'), 'done');
});

test('a call that fails is over for those after it', async () => {
  let now = 0;
  const together = new Together({ now: () => now, sleep: async (ms) => void (now += ms) });
  await assert.rejects(
    together.run(async () => Promise.reject(new Error('full'))),
    /full/,
  );
  assert.equal(await together.run(async () => 'done'), 'done');
});
