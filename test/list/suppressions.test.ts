import assert from 'node:assert/strict';
import { join } from 'node:path';
import test, { type TestContext } from 'node:test';
import { engines } from '../../src/engines.ts';
import { inlineStorage, type Storage } from '../../src/lib/storage.ts';
import { sqliteList } from '../../src/list/sqlite-list.ts';
import type { Suppressed } from '../../src/list/suppression-operations.ts';
import { sqliteSuppressions, type Suppressions, unsuppressed } from '../../src/list/suppressions.ts';
import { parseAddress } from '../../src/mail/address.ts';
import { temporaryDirectory } from '../helpers/temporary.ts';

const bob = { canonical: 'bob@example.net', address: 'Bob@example.net', why: 'complaint' };
const carla = { canonical: 'carla@example.net', address: 'carla@example.net', why: 'manual' };

async function opened(t: TestContext): Promise<{ storage: Storage; directory: string }> {
  const storage = inlineStorage(engines);
  return { storage, directory: await temporaryDirectory(t, () => storage.close()) };
}

async function everything(suppressions: Suppressions): Promise<Suppressed[]> {
  const all: Suppressed[] = [];
  for await (const page of suppressions.all()) all.push(...page);
  return all;
}

for (const engine of ['list', 'server'] as const) {
  const promise = (what: string, run: (suppressions: Suppressions, file: string) => Promise<void>): void => {
    test(`of a ${engine}: ${what}`, async (t) => {
      const { storage, directory } = await opened(t);
      const file = join(directory, `${engine}.db`);
      await run(sqliteSuppressions(storage, file, engine), file);
    });
  };

  promise('nobody is suppressed at first', async (none) => {
    assert.deepEqual(await none.among(['bob@example.net']), []);
    assert.deepEqual(await everything(none), []);
    assert.equal(await none.lift('bob@example.net'), false);
    assert.equal(await none.erase('bob@example.net'), false);
  });

  promise('an address is added once, with its first reason, and found by its canonical form', async (some) => {
    assert.equal(await some.add([bob, carla], 7), 2);
    assert.equal(await some.add([{ ...bob, why: 'manual' }], 8), 0);
    assert.deepEqual(await some.among(['ann@example.net', 'bob@example.net', 'carla@example.net']), [
      'bob@example.net',
      'carla@example.net',
    ]);
    assert.deepEqual(await some.among([]), []);
    const rows = (await everything(some)).map(({ address, why, at }) => [address, why, at]);
    assert.deepEqual(rows, [
      ['Bob@example.net', 'complaint', 7],
      ['carla@example.net', 'manual', 7],
    ]);
  });

  promise('who is lifted may get mail again, and can be suppressed anew', async (some) => {
    await some.add([bob, carla], 7);
    assert.equal(await some.lift('bob@example.net'), true);
    assert.equal(await some.lift('bob@example.net'), false);
    assert.deepEqual(await some.among(['bob@example.net', 'carla@example.net']), ['carla@example.net']);
    assert.equal(await some.add([bob], 9), 1);
  });

  promise('an erased address is gone from the rows and still recognised, added again or not', async (some) => {
    await some.add([bob, carla], 7);
    const before = await everything(some);
    assert.equal(await some.erase('bob@example.net'), true);
    const [erased, kept] = await everything(some);
    assert.deepEqual({ ...erased }, { ...before[0], address: '' });
    assert.deepEqual({ ...kept }, { ...before[1] });
    assert.deepEqual(await some.among(['bob@example.net']), ['bob@example.net']);
    assert.equal(await some.add([bob], 9), 0, 'nor does an import bring the address back');
    assert.equal((await everything(some))[0]!.address, '');
    assert.equal(await some.lift('bob@example.net'), true, 'their own wish does');
    assert.deepEqual(await some.among(['bob@example.net']), []);
  });

  promise('thousands come in pages, in the order in which they were added', async (some) => {
    const many = Array.from({ length: 2_500 }, (_, at) => `u${at}@example.net`);
    assert.equal(
      await some.add(
        many.map((text) => ({ canonical: text, address: text, why: 'manual' })),
        1,
      ),
      2_500,
    );
    assert.deepEqual(
      (await everything(some)).map(({ address }) => address),
      many,
    );
    assert.equal((await some.among(many)).length, 2_500);
  });

  promise('names of object prototypes and letters outside ASCII are plain text', async (some) => {
    for (const canonical of ['__proto__@example.net', 'jürgen@example.net', "o'brien@example.net"]) {
      assert.equal(await some.add([{ canonical, address: canonical, why: 'manual' }], 1), 1);
      assert.deepEqual(await some.among([canonical, 'constructor@example.net']), [canonical]);
    }
  });
}

test('the hash is keyed: two files know one address under two hashes, and none is the plain one', async (t) => {
  const { storage, directory } = await opened(t);
  const files = ['a.db', 'b.db'].map((name) => sqliteSuppressions(storage, join(directory, name), 'list'));
  for (const file of files) await file.add([bob], 1);
  const hashes = await Promise.all(files.map(async (file) => (await everything(file))[0]!.hash));
  assert.notEqual(hashes[0], hashes[1]);
  for (const hash of hashes) assert.match(hash, /^[0-9a-f]{32}$/);
});

test('a file keeps its key: who was suppressed is known after a start, also after the erasure', async (t) => {
  const { storage, directory } = await opened(t);
  const file = join(directory, 'list.db');
  const first = sqliteSuppressions(storage, file, 'list');
  await first.add([bob, carla], 1);
  await first.erase(bob.canonical);
  await storage.close();
  const again = inlineStorage(engines);
  t.after(() => again.close());
  const second = sqliteSuppressions(again, file, 'list');
  assert.deepEqual(await second.among([carla.canonical, bob.canonical]), [carla.canonical, bob.canonical]);
  assert.equal(await second.add([bob], 2), 0);
});

test("a list's suppressions stand beside its members and do not touch them", async (t) => {
  const { storage, directory } = await opened(t);
  const file = join(directory, 'list.db');
  const store = sqliteList(storage, file);
  await store.add('subscriber', [parseAddress(bob.address)!], { id: 'a', tag: '', at: 1 });
  await sqliteSuppressions(storage, file, 'list').add([bob], 1);
  assert.equal(await store.count('subscriber'), 1);
});

test('those who may get mail are on none of the suppression lists', async (t) => {
  const { storage, directory } = await opened(t);
  const list = sqliteSuppressions(storage, join(directory, 'list.db'), 'list');
  const server = sqliteSuppressions(storage, join(directory, 'server.db'), 'server');
  const all = ['ann@example.net', 'BOB@Example.net', 'carla@example.net'].map((text) => parseAddress(text)!);
  assert.deepEqual(await unsuppressed(all, list, server), all);
  assert.deepEqual(await unsuppressed([], list, server), []);
  await list.add([bob], 1);
  await server.add([carla], 1);
  assert.deepEqual(await unsuppressed(all, list, server), [all[0]]);
  assert.deepEqual(await unsuppressed(all, list), [all[0], all[2]]);
  assert.deepEqual(await unsuppressed(all), all);
});
