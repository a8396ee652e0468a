import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { BounceRounds } from '../src/bounce-rounds.ts';
import type { Clock } from '../src/lib/clock.ts';
import type { List } from '../src/list/list.ts';

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;
const dayMs = 24 * hourMs;
const start = Date.UTC(2026, 2, 1);

/** A clock whose sleepers wake when the test moves it past their time, one after the other. */
class AlarmClock implements Clock {
  #now = start;
  readonly #sleepers: { readonly until: number; readonly wake: () => void }[] = [];

  now(): number {
    return this.#now;
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      if (signal?.aborted) return resolve();
      const sleeper = { until: this.#now + ms, wake: resolve };
      this.#sleepers.push(sleeper);
      signal?.addEventListener('abort', () => {
        this.#sleepers.splice(this.#sleepers.indexOf(sleeper), 1);
        resolve();
      });
    });
  }

  async move(ms: number): Promise<void> {
    const end = this.#now + ms;
    for (;;) {
      await settled();
      const [next] = this.#sleepers.filter(({ until }) => until <= end).toSorted((a, b) => a.until - b.until);
      if (!next) break;
      this.#now = Math.max(this.#now, next.until);
      this.#sleepers.splice(this.#sleepers.indexOf(next), 1);
      next.wake();
    }
    this.#now = end;
    await settled();
  }
}

async function settled(): Promise<void> {
  for (let n = 0; n < 5; n++) await turn();
}

interface Started {
  readonly rounds: BounceRounds;
  readonly clock: AlarmClock;
  /** What was looked at, `list minute`, and the logged events. */
  readonly looked: string[];
  readonly logged: string[];
  /** The next time of each list. */
  readonly next: Map<string, number | Error>;
}

function started(t: TestContext, lists: readonly string[], run?: (list: string) => Promise<void>): Started {
  const clock = new AlarmClock();
  const looked: string[] = [];
  const logged: string[] = [];
  const next: Started['next'] = new Map();
  const rounds = new BounceRounds({
    clock,
    log: (event, fields) => void logged.push([event, ...Object.values(fields)].join(' ')),
    all: () => lists.map((address) => ({ address })),
    open: (address) => (lists.includes(address) ? ({ name: { address } } as List) : undefined),
    run: async ({ name: { address } }) => {
      looked.push(`${address} ${Math.round((clock.now() - start) / minuteMs)}`);
      await run?.(address);
      const due = next.get(address);
      next.delete(address);
      if (due instanceof Error) throw due;
      return due;
    },
  });
  rounds.start();
  t.after(() => rounds.stop());
  return { rounds, clock, looked, logged, next };
}

test('a start looks at every list after a minute, and then once a day', async (t) => {
  const { clock, looked } = started(t, ['a', 'b']);
  await clock.move(minuteMs - 1);
  assert.deepEqual(looked, []);
  await clock.move(minuteMs);
  assert.deepEqual(looked, ['a 1', 'b 1']);
  await clock.move(dayMs - hourMs);
  assert.equal(looked.length, 2);
  await clock.move(2 * hourMs);
  assert.equal(looked.length, 4);
});

test('what is due now is looked at once; what is due later, in the hour after', async (t) => {
  const { clock, rounds, looked } = started(t, ['a', 'b']);
  await clock.move(2 * minuteMs);
  looked.length = 0;
  rounds.due('a', 0);
  rounds.due('b', clock.now());
  await settled();
  assert.deepEqual(looked, ['a 2', 'b 2']);
  rounds.due('a', clock.now() + 3 * hourMs);
  rounds.due('a', clock.now() + 5 * hourMs);
  await clock.move(2.5 * hourMs);
  assert.equal(looked.length, 2);
  await clock.move(1.6 * hourMs);
  assert.deepEqual(
    looked.slice(2).map((line) => line.split(' ')[0]),
    ['a'],
    'the earlier time holds, once',
  );
  await clock.move(3 * hourMs);
  assert.equal(looked.length, 3);
});

test('a list says when there is more to do', async (t) => {
  const { clock, next, looked } = started(t, ['a', 'b']);
  next.set('b', start + 4 * hourMs);
  await clock.move(3 * hourMs);
  assert.equal(looked.length, 2);
  await clock.move(2.1 * hourMs);
  assert.deepEqual(
    looked.slice(2).map((line) => line.split(' ')[0]),
    ['b'],
  );
});

test('a list that always has something due holds up neither the others nor the hour', async (t) => {
  const { clock, next, looked } = started(t, ['a', 'b'], async () => {
    next.set('a', 0);
  });
  await clock.move(5 * hourMs);
  assert.ok(looked.length <= 8, looked.join(', '));
  assert.ok(looked.some((line) => line.startsWith('b')));
});

test('trouble with one list is told, and tried again after an hour; the others go on', async (t) => {
  const { clock, next, looked, logged } = started(t, ['a', 'b']);
  next.set('a', new Error('disk full'));
  await clock.move(2 * minuteMs);
  assert.deepEqual(looked, ['a 1', 'b 1']);
  assert.deepEqual(logged, ['storage.trouble the bounces of a Error: disk full']);
  await clock.move(2 * hourMs);
  assert.deepEqual(
    looked.slice(2).map((line) => line.split(' ')[0]),
    ['a'],
  );
  assert.equal(logged.length, 1);
});

test('when the lists cannot be read, the next hour tries again', async (t) => {
  const clock = new AlarmClock();
  const logged: string[] = [];
  let walks = 0;
  const rounds = new BounceRounds({
    clock,
    log: (event) => void logged.push(event),
    all: () => {
      if (++walks === 1) throw new Error('too many open files');
      return [];
    },
    open: () => undefined,
    run: async () => undefined,
  });
  rounds.start();
  t.after(() => rounds.stop());
  await clock.move(2 * minuteMs);
  assert.deepEqual([walks, logged], [1, ['storage.trouble']]);
  await clock.move(2 * hourMs);
  assert.equal(walks, 2);
});

test('lists are looked after one at a time, also when all of them are due at once', async (t) => {
  let running = 0;
  let most = 0;
  const { clock, rounds, looked } = started(t, ['a', 'b', 'c'], async () => {
    most = Math.max(most, ++running);
    await turn();
    running--;
  });
  for (const list of ['a', 'b', 'c', 'a']) rounds.due(list, 0);
  await clock.move(2 * minuteMs);
  assert.equal(most, 1);
  assert.ok(looked.length >= 6);
});

test('a list that is gone is passed over', async (t) => {
  const { clock, rounds, looked, logged } = started(t, ['a']);
  rounds.due('gone', 0);
  rounds.due('__proto__', 0);
  await clock.move(2 * hourMs);
  assert.deepEqual([looked, logged], [['a 1'], []]);
});

test('a stop waits for what runs and begins nothing more', async (t) => {
  let finish = (): void => {};
  let ended = false;
  const { clock, rounds, looked } = started(t, ['a', 'b'], async () => {
    await new Promise<void>((resolve) => {
      finish = resolve;
    });
    ended = true;
  });
  await clock.move(minuteMs);
  assert.equal(looked.length, 1);
  rounds.due('b', 0);
  const stopped = rounds.stop().then(() => ended);
  await settled();
  finish();
  assert.equal(await stopped, true);
  rounds.due('b', 0);
  await settled();
  assert.equal(looked.length, 1);
});
