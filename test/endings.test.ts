import assert from 'node:assert/strict';
import test from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { Endings } from '../src/endings.ts';
import type { Clock } from '../src/lib/clock.ts';
import type { Id } from '../src/lib/ids.ts';

const claimant = { owner: 'daemon', leaseMs: 1_000 };
const [a, b, c] = ['a', 'b', 'c'] as Id[] as [Id, Id, Id];

interface Desk {
  readonly endings: Endings;
  readonly commits: (readonly Id[])[];
  /** Ends the sleep. */
  readonly pass: () => void;
  trouble: Error | undefined;
}

function desk(): Desk {
  const commits: (readonly Id[])[] = [];
  const sleeping: (() => void)[] = [];
  const clock: Clock = { now: () => 0, sleep: () => new Promise((resolve) => sleeping.push(resolve)) };
  const finishAll = async (_: unknown, ids: readonly Id[]): Promise<void> => {
    await turn();
    if (made.trouble) throw made.trouble;
    commits.push(ids);
  };
  const pass = (): void => sleeping.splice(0).forEach((wake) => wake());
  const made: Desk = { endings: new Endings({ finishAll }, claimant, clock), commits, pass, trouble: undefined };
  return made;
}

test('ends wait for each other, and are one commit', async () => {
  const { endings, commits, pass } = desk();
  const ends = [endings.end(a), endings.end(b)];
  await turn();
  assert.deepEqual(commits, []);
  pass();
  assert.deepEqual(await Promise.all(ends), [true, true]);
  assert.deepEqual(commits, [[a, b]]);
});

test('a commit that leaves before takes them with it, and the next ones wait anew', async () => {
  const { endings, commits, pass } = desk();
  const first = endings.end(a);
  endings.flush();
  const next = [endings.end(b), endings.end(c)];
  await first;
  assert.deepEqual(commits, [[a]]);
  pass();
  await Promise.all(next);
  endings.flush();
  assert.deepEqual(commits, [[a], [b, c]]);
});

test('whoever waits for a commit that fails hears of it, the others do not', async () => {
  const made = desk();
  const { endings, commits, pass } = made;
  made.trouble = new Error('full');
  const failing = endings.end(a);
  endings.flush();
  await assert.rejects(failing, /full/);
  made.trouble = undefined;
  const next = endings.end(b);
  pass();
  assert.equal(await next, true);
  assert.deepEqual(commits, [[b]]);
});
