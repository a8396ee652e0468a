import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { engines } from '../../src/engines.ts';
import { inlineStorage } from '../../src/lib/storage.ts';
import { type KeptSts, stsCache } from '../../src/list/sts-cache.ts';
import { temporaryDirectory } from '../helpers/temporary.ts';

function policy(domain: string, until: number, id = '1'): KeptSts {
  return { domain, id, text: 'version: STSv1', fetched: 1_000, until };
}

test('a policy is kept over a restart, the newest of a domain, and only those that hold longest', async (t) => {
  const storages = [inlineStorage(engines), inlineStorage(engines)];
  const directory = await temporaryDirectory(t, () => storages[1]!.close());
  const file = join(directory, 'server.db');
  const cache = stsCache(storages[0]!, file, 2);
  assert.equal(await cache.read('a.example'), undefined);
  await cache.keep(policy('a.example', 5_000));
  await cache.keep(policy('a.example', 6_000, '2'));
  await cache.keep(policy('b.example', 4_000));
  await cache.keep(policy('c.example', 9_000));
  await storages[0]!.close();
  const next = stsCache(storages[1]!, file, 2);
  assert.deepEqual({ ...(await next.read('a.example')) }, policy('a.example', 6_000, '2'));
  assert.equal(await next.read('b.example'), undefined, 'it would have ended first');
  await next.keep({ ...policy('d.example', 20_000), fetched: 7_000 });
  assert.equal(await next.read('a.example'), undefined, 'its time is over');
  assert.deepEqual({ ...(await next.read('c.example')) }, policy('c.example', 9_000));
});
