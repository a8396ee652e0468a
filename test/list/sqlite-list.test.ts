import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { engines } from '../../src/engines.ts';
import { inlineStorage } from '../../src/lib/storage.ts';
import { StorageThread } from '../../src/lib/storage-thread.ts';
import { sqliteList } from '../../src/list/sqlite-list.ts';
import type { ListStore } from '../../src/list/store.ts';
import { MemoryList } from '../helpers/memory-list.ts';
import { temporaryDirectory } from '../helpers/temporary.ts';
import { bounceStoreConformance } from './bounce-conformance.ts';
import { listStoreConformance } from './conformance.ts';

async function openInline(t: TestContext): Promise<ListStore> {
  const storage = inlineStorage(engines);
  const directory = await temporaryDirectory(t, () => storage.close());
  return sqliteList(storage, join(directory, 'list.db'));
}

listStoreConformance('SQLite', openInline);
bounceStoreConformance('SQLite', openInline);

listStoreConformance('SQLite on a thread', async (t) => {
  const storage = new StorageThread(new URL('../../src/engines.ts', import.meta.url).href);
  const directory = await temporaryDirectory(t, () => storage.close());
  return sqliteList(storage, join(directory, 'list.db'));
});

listStoreConformance('memory', async () => new MemoryList());
bounceStoreConformance('memory', async () => new MemoryList());
