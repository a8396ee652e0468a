import { join } from 'node:path';
import { engines } from '../../src/engines.ts';
import { inlineStorage } from '../../src/lib/storage.ts';
import { StorageThread } from '../../src/lib/storage-thread.ts';
import { sqliteList } from '../../src/list/sqlite-list.ts';
import { MemoryList } from '../helpers/memory-list.ts';
import { temporaryDirectory } from '../helpers/temporary.ts';
import { listStoreConformance } from './conformance.ts';

listStoreConformance('SQLite', async (t) => {
  const storage = inlineStorage(engines);
  const directory = await temporaryDirectory(t, () => storage.close());
  return sqliteList(storage, join(directory, 'list.db'));
});

listStoreConformance('SQLite on a thread', async (t) => {
  const storage = new StorageThread(new URL('../../src/engines.ts', import.meta.url).href);
  const directory = await temporaryDirectory(t, () => storage.close());
  return sqliteList(storage, join(directory, 'list.db'));
});

listStoreConformance('memory', async () => new MemoryList());
