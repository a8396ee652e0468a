import assert from 'node:assert/strict';
import test from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { FlushRound } from '../../src/lib/flush-round.ts';

test('what is added in a turn leaves at its end, in its order', async () => {
  const round = new FlushRound();
  const left: string[] = [];
  for (const name of ['a', 'b']) round.add({ flush: () => void left.push(name) });
  await Promise.resolve();
  assert.deepEqual(left, []);
  await turn();
  assert.deepEqual(left, ['a', 'b']);
});

test('what is added while others leave has a round of its own', async () => {
  const round = new FlushRound();
  const left: string[] = [];
  const late = { flush: () => void left.push('late') };
  round.add({
    flush: () => {
      left.push('first');
      round.add(late);
    },
  });
  await turn();
  assert.deepEqual(left, ['first']);
  await turn();
  assert.deepEqual(left, ['first', 'late']);
});

test('what is to follow a round follows it, once', async () => {
  const left: string[] = [];
  const round = new FlushRound(() => left.push('sent'));
  for (const name of ['a', 'b']) round.add({ flush: () => void left.push(name) });
  await turn();
  assert.deepEqual(left, ['a', 'b', 'sent']);
});
