import { after } from 'node:test';
import { engines } from '../../src/engines.ts';
import { inlineStorage, type Storage } from '../../src/lib/storage.ts';
import { StorageThread } from '../../src/lib/storage-thread.ts';
import { openSqliteQueue } from '../../src/queue/sqlite-queue.ts';
import { HandClock } from '../helpers/hand-clock.ts';
import { MemoryQueue } from '../helpers/memory-queue.ts';
import { temporaryDirectory } from '../helpers/temporary.ts';
import { queueStoreConformance } from './conformance.ts';
import type { OpenQueue } from './opening.ts';

const enginesModule = new URL('../../src/engines.ts', import.meta.url).href;

function sqlite(storageOf: () => Storage, isShared: boolean): OpenQueue {
  return async (t) => {
    const storage = storageOf();
    const directory = await temporaryDirectory(t, () => (isShared ? Promise.resolve() : storage.close()));
    const clock = new HandClock();
    return { queue: await openSqliteQueue({ storage, directory, clock }), clock };
  };
}

queueStoreConformance(
  'SQLite',
  sqlite(() => inlineStorage(engines), false),
);

// One thread for all: starting it takes longer than a test.
const thread = new StorageThread(enginesModule);
after(() => thread.close());
queueStoreConformance(
  'SQLite on a thread',
  sqlite(() => thread, true),
);

queueStoreConformance('memory', async () => {
  const clock = new HandClock();
  return { queue: new MemoryQueue(clock), clock };
});
