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
  await pass(6);
  await ask('b');
  assert.deepEqual(begun, ['a', 'b']);
});

test('calls that come soon after wait for each other, for the time or until they are eight', async () => {
  const { begun, ask, pass } = desk();
  await ask('a');
  await ask('b', 'c');
  assert.deepEqual(begun, ['a']);
  await pass(6);
  assert.deepEqual(begun, ['a', 'b', 'c']);
  const more = ['d', 'e', 'f', 'g', 'h', 'i', 'j'];
  await ask(...more);
  assert.deepEqual(begun, ['a', 'b', 'c']);
  await ask('k');
  assert.deepEqual(begun, ['a', 'b', 'c', ...more, 'k']);
});

test('those who begin do not wait for what runs', async () => {
  let now = 0;
  const together = new Together({ now: () => now, sleep: async () => {} });
  void together.run(() => new Promise(() => {}));
  now = 6;
  assert.equal(await together.run(async () => 'done'), 'done');
});

test('a call that fails is over for those after it', async () => {
  const together = new Together({ now: () => 0, sleep: async () => {} });
  await assert.rejects(
    together.run(async () => Promise.reject(new Error('full'))),
    /full/,
  );
  assert.equal(await together.run(async () => 'done'), 'done');
});
