import assert from 'node:assert/strict';
import { join } from 'node:path';
import test, { type TestContext } from 'node:test';
import { engines } from '../../src/engines.ts';
import { inlineStorage } from '../../src/lib/storage.ts';
import type { Allowance, Allowances } from '../../src/list/allowances.ts';
import { sqliteAllowances } from '../../src/list/sqlite-allowances.ts';
import { temporaryDirectory } from '../helpers/temporary.ts';

const dayMs = 86_400_000;
const bob = 'bob@example.net';

async function allowancesOf(t: TestContext, perAction = 1, perAddress = 3): Promise<Allowances> {
  const storage = inlineStorage(engines);
  const directory = await temporaryDirectory(t, () => storage.close());
  return sqliteAllowances(storage, join(directory, 'server.db'), { perAction, perAddress });
}

function about(action: string, cause: string, more: Partial<Allowance> = {}): Allowance {
  return { list: 'news@lists.example.org', action, address: bob, cause, ...more };
}

test('one mail per list, action and address goes in a day', async (t) => {
  const allowances = await allowancesOf(t);
  assert.equal(await allowances.take(about('subscribe', '1'), 0), true);
  assert.equal(await allowances.take(about('subscribe', '2'), 1), false);
  assert.equal(await allowances.take(about('help', '3'), 2), true);
  assert.equal(await allowances.take(about('subscribe', '4', { address: 'eve@example.net' }), 3), true);
  assert.equal(await allowances.take(about('subscribe', '5', { list: 'talk@lists.example.org' }), 4), true);
});

test('an address gets no more than its share of the whole server', async (t) => {
  const allowances = await allowancesOf(t);
  for (const n of [1, 2, 3])
    assert.equal(await allowances.take(about('subscribe', `${n}`, { list: `l${n}@x.example` }), n), true);
  assert.equal(await allowances.take(about('subscribe', '4', { list: 'l4@x.example' }), 4), false);
  assert.equal(await allowances.take(about('subscribe', '5', { address: 'eve@example.net' }), 5), true);
});

test('the same cause gets the same answer, whichever it was', async (t) => {
  const allowances = await allowancesOf(t);
  assert.equal(await allowances.take(about('subscribe', 'yes'), 0), true);
  assert.equal(await allowances.take(about('subscribe', 'no'), 1), false);
  assert.equal(await allowances.take(about('subscribe', 'yes'), 2), true);
  await allowances.answered('news@lists.example.org', 'subscribe', bob);
  assert.equal(await allowances.take(about('subscribe', 'no'), 3), false);
});

test('a refused mail does not count, however many are asked for', async (t) => {
  const allowances = await allowancesOf(t, 1, 2);
  await allowances.take(about('subscribe', 'first'), 0);
  for (let n = 0; n < 20; n++) assert.equal(await allowances.take(about('subscribe', `flood${n}`), n), false);
  assert.equal(await allowances.take(about('help', 'other'), 30), true);
});

test('after an answer the mails about it no longer count', async (t) => {
  const allowances = await allowancesOf(t, 1, 2);
  await allowances.take(about('subscribe', '1'), 0);
  await allowances.take(about('help', '2'), 0);
  await allowances.answered('news@lists.example.org', 'subscribe', bob);
  assert.equal(await allowances.take(about('help', '3'), 1), false);
  assert.equal(await allowances.take(about('subscribe', '4'), 2), true);
  assert.equal(await allowances.take(about('info', '5'), 3), false, 'help and the new request are open');
});

test('after 24 hours a mail no longer counts', async (t) => {
  const allowances = await allowancesOf(t);
  assert.equal(await allowances.take(about('subscribe', '1'), 0), true);
  assert.equal(await allowances.take(about('subscribe', '2'), dayMs - 1), false);
  assert.equal(await allowances.take(about('subscribe', '3'), dayMs), true);
  assert.equal(await allowances.take(about('subscribe', '4'), dayMs + 1), false);
});
