import assert from 'node:assert/strict';
import test from 'node:test';
import type { Storage } from '../../src/lib/storage.ts';
import { timedStorage } from '../../src/lib/timed-storage.ts';

test('every call is told with its kind and its time, a failed one too, and its result is untouched', async () => {
  let time = 100;
  const slow: Storage = {
    run: async (_file, engine, operation) => {
      time += 7;
      if (operation === 'fail') throw new Error('no');
      return `${engine} ${operation}`;
    },
    close: async (file) => assert.equal(file, 'a.db'),
  };
  const told: [string, number][] = [];
  const timed = timedStorage(
    slow,
    () => time,
    (engine, ms) => told.push([engine, ms]),
  );
  assert.equal(await timed.run('a.db', 'queue', 'counts', undefined), 'queue counts');
  await assert.rejects(timed.run('a.db', 'list', 'fail', undefined), /no/);
  await timed.close('a.db');
  assert.deepEqual(told, [
    ['queue', 7],
    ['list', 7],
  ]);
});
