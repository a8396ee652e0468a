import assert from 'node:assert/strict';
import test from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import type { Clock } from '../../src/lib/clock.ts';
import { Together } from '../../src/lib/together.ts';

interface Desk {
  readonly begun: string[];
  /** Asks to begin. */
  readonly ask: (name: string) => Promise<void>;
  /** Ends what runs. */
  readonly end: (name: string) => void;
  /** Time passes, and sleepers wake. */
  readonly pass: (ms: number) => Promise<void>;
}

function desk(): Desk {
  const begun: string[] = [];
  const running = new Map<string, () => void>();
  let sleeping: (() => void)[] = [];
  let now = 1_000;
  const clock: Clock = { now: () => now, sleep: () => new Promise((resolve) => sleeping.push(resolve)) };
  const together = new Together(clock);
  const call = (name: string) => (): Promise<void> => {
    begun.push(name);
    return new Promise((resolve) => running.set(name, resolve));
  };
  const pass = async (ms: number): Promise<void> => {
    now += ms;
    for (const wake of sleeping.splice(0)) wake();
    sleeping = [];
    await turn();
  };
  return { begun, ask: (name) => together.run(call(name)), end: (name) => running.get(name)?.(), pass };
}

test('a lone call begins at once, and so do those that come while it runs', async () => {
  const { begun, ask, end, pass } = desk();
  const calls = [ask('a'), ask('b')];
  assert.deepEqual(begun, ['a', 'b']);
  for (const name of begun) end(name);
  await Promise.all(calls);
  await pass(3);
  void ask('c');
  assert.deepEqual(begun, ['a', 'b', 'c']);
});

test('calls that come soon after wait for each other, for the time or until they are four', async () => {
  const { begun, ask, end, pass } = desk();
  const first = ask('a');
  end('a');
  await first;
  const later = [ask('b'), ask('c')];
  await turn();
  assert.deepEqual(begun, ['a']);
  await pass(3);
  assert.deepEqual(begun, ['a', 'b', 'c']);
  for (const name of ['b', 'c']) end(name);
  await Promise.all(later);
  for (const name of ['d', 'e', 'f']) void ask(name);
  await turn();
  assert.deepEqual(begun, ['a', 'b', 'c']);
  void ask('g');
  await turn();
  assert.deepEqual(begun, ['a', 'b', 'c', 'd', 'e', 'f', 'g']);
});

test('a call that fails is over for those after it', async () => {
  const together = new Together({ now: () => 0, sleep: async () => {} });
  await assert.rejects(
    together.run(async () => Promise.reject(new Error('full'))),
    /full/,
  );
  assert.equal(await together.run(async () => 'done'), 'done');
});
