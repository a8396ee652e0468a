import assert from 'node:assert/strict';
import { test } from 'node:test';
import { rest } from '../../src/lib/rest.ts';

test('nothing happens while the thread rests, and then it goes on', async () => {
  const happened: string[] = [];
  const timer = new Promise<void>((resolve) => {
    setTimeout(() => resolve(void happened.push('the timer')), 1);
  });
  rest(20);
  happened.push('the rest');
  await timer;
  assert.deepEqual(happened, ['the rest', 'the timer']);
});
