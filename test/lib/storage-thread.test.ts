import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { callsOf, inlineStorage, type Storage } from '../../src/lib/storage.ts';
import { StorageThread } from '../../src/lib/storage-thread.ts';
import { StorageThreads } from '../../src/lib/storage-threads.ts';
import { StorageError } from '../../src/lib/storage-trouble.ts';
import { temporaryDirectory } from '../helpers/temporary.ts';
import { until } from '../helpers/until.ts';
import { engines } from '../helpers/word-engine.ts';

const enginesModule = new URL('../helpers/word-engine.ts', import.meta.url).href;

async function openIn<S extends Storage>(t: TestContext, storage: S): Promise<{ storage: S; file: string }> {
  const directory = await temporaryDirectory(t, () => storage.close());
  return { storage, file: join(directory, 'words.db') };
}

function wordsOf(storage: Storage, file: string) {
  return callsOf<(typeof engines)['words']>(storage, file, 'words');
}

test('calls are answered in the order they were made, over several files', async (t) => {
  const { storage, file } = await openIn(t, new StorageThread(enginesModule));
  const answered: number[] = [];
  const calls = Array.from({ length: 100 }, async (_, at) => {
    await wordsOf(storage, `${file}.${at % 3}`)('add', String(at));
    answered.push(at);
  });
  await Promise.all(calls);
  assert.deepEqual(
    answered,
    answered.toSorted((a, b) => a - b),
  );
  const words = await Promise.all([0, 1, 2].map((at) => wordsOf(storage, `${file}.${at}`)('words', undefined)));
  assert.deepEqual(
    words.map((some) => some.length),
    [34, 33, 33],
  );
});

test('a call that fails rejects with the kind of its trouble, its neighbours do not', async (t) => {
  const { storage, file } = await openIn(t, new StorageThread(enginesModule));
  const calls = wordsOf(storage, file);
  const results = await Promise.allSettled(['one', 'one', 'two'].map((word) => calls('add', word)));
  assert.deepEqual(
    results.map(({ status }) => status),
    ['fulfilled', 'rejected', 'fulfilled'],
  );
  const missing = wordsOf(storage, join(file, 'none', 'words.db'))('words', undefined);
  await assert.rejects(missing, (error) => error instanceof StorageError && error.kind === 'missing');
});

test('an argument that cannot cross to the thread rejects, and the thread goes on', async (t) => {
  const { storage, file } = await openIn(t, new StorageThread(enginesModule));
  await assert.rejects(
    storage.run(file, 'words', 'add', () => 'a function'),
    StorageError,
  );
  await wordsOf(storage, file)('add', 'one');
  assert.deepEqual(await wordsOf(storage, file)('words', undefined), ['one']);
});

test('when the thread dies, every call is rejected, those that wait and those to come', async (t) => {
  const { storage, file } = await openIn(t, new StorageThread(enginesModule));
  const calls = wordsOf(storage, file);
  // The answer may come or not: the thread ends a moment later.
  await calls('die', undefined).catch(() => undefined);
  const calling = async (): Promise<boolean> => {
    const error: unknown = await calls('words', undefined).then(
      () => undefined,
      (reason: unknown) => reason,
    );
    if (error === undefined) return false;
    assert.ok(error instanceof StorageError);
    return error.message === 'the end';
  };
  await until('the end of the thread', calling);
  await assert.rejects(calls('add', 'late'), /the end/);
  await storage.close();
});

test('engines that cannot be loaded reject every call', async (t) => {
  const { storage, file } = await openIn(t, new StorageThread(`${enginesModule}.none.ts`));
  await assert.rejects(wordsOf(storage, file)('words', undefined), StorageError);
});

test('a watched file tells of the commits of others, not of its own', async (t) => {
  const changed: string[] = [];
  const { storage, file } = await openIn(t, new StorageThread(enginesModule, (path) => changed.push(path)));
  const other = inlineStorage(engines);
  t.after(() => other.close());
  await wordsOf(storage, file)('add', 'mine');
  storage.watch(file, 'words');
  let at = 0;
  await until('the news', async () => {
    await wordsOf(other, file)('add', `theirs ${at++}`);
    return changed.length > 0;
  });
  assert.deepEqual(new Set(changed), new Set([file]));
});

test('a file that is closed can be moved away, and is made anew', async (t) => {
  for (const make of [() => inlineStorage(engines), () => new StorageThread(enginesModule)]) {
    const { storage, file } = await openIn(t, make());
    const calls = wordsOf(storage, file);
    await calls('add', 'one');
    await storage.close(file);
    assert.deepEqual(await calls('words', undefined), ['one']);
  }
});

test('each kind of database has its thread; one that is named nowhere runs on the first', async (t) => {
  const changed = new Set<string>();
  const threads = new StorageThreads(enginesModule, [['others'], ['words']], (path) => changed.add(path));
  const { storage, file } = await openIn(t, threads);
  await wordsOf(storage, file)('add', 'one');
  assert.deepEqual(await wordsOf(storage, file)('words', undefined), ['one']);
  await assert.rejects(storage.run(file, 'unnamed', 'words', undefined), /no engine unnamed/);
  await storage.close(file);
  assert.deepEqual(await wordsOf(storage, file)('words', undefined), ['one']);
});
