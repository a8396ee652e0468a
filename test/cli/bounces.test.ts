import assert from 'node:assert/strict';
import { test } from 'node:test';
import { engines } from '../../src/engines.ts';
import { initialSettings, openHome } from '../../src/home.ts';
import { systemClock } from '../../src/lib/clock.ts';
import { inlineStorage } from '../../src/lib/storage.ts';
import { parseListName } from '../../src/list/name.ts';
import { ezlm, homeWithList, news } from './test-door.ts';

const at = Date.UTC(2026, 2, 1, 12);

/** Bounces of bob and carla. */
async function writeBounces(directory: string): Promise<void> {
  const parts = { directory, settings: initialSettings(), storage: inlineStorage(engines), clock: systemClock };
  const home = await openHome({ ...parts, log: () => {} });
  const { store } = home.lists.open(parseListName(news)!);
  const bob = { member: 1, address: 'Bob@example.net', number: 3, status: '5.1.1', permanent: true } as const;
  await store.recordBounce({
    ...bob,
    at,
    how: 'mail',
    reason: 'userunknown',
    text: '550 nobody \u001b[31m',
    cause: 'a',
  });
  const carla = { member: 2, address: 'carla@example.net', number: 0, status: '', permanent: false } as const;
  await store.recordBounce({
    ...carla,
    at: at + 1_000,
    how: 'refused',
    reason: 'mailboxfull',
    text: '552 full',
    cause: 'b',
  });
  await parts.storage.close();
}

test('bounces are printed with their reasons, the latest first, and for one address', async (t) => {
  const home = await homeWithList(t);
  assert.equal((await ezlm(home, ['bounces', news])).output, '');
  await writeBounces(home);
  assert.deepEqual((await ezlm(home, ['bounces', news])).output.trimEnd().split('\n'), [
    '2026-03-01T12:00:01Z carla@example.net - refused mailboxfull temporary 552 full',
    '2026-03-01T12:00:00Z Bob@example.net 3 mail userunknown permanent 550 nobody \\u001b[31m',
  ]);
  const one = await ezlm(home, ['bounces', news, 'bob@example.net', '--json']);
  assert.deepEqual(JSON.parse(one.output), {
    at: '2026-03-01T12:00:00Z',
    address: 'Bob@example.net',
    number: 3,
    how: 'mail',
    reason: 'userunknown',
    permanent: true,
    status: '5.1.1',
    text: '550 nobody \u001b[31m',
  });
  assert.match((await ezlm(home, ['bounces', news, '--limit', '1'])).output, /^2026-03-01T12:00:01Z [^\n]+\n$/);
});

test('mistakes are told with what to do', async (t) => {
  const home = await homeWithList(t);
  for (const words of [['bob'], ['--limit', '0'], ['--limit', 'x']]) {
    const { code, talk } = await ezlm(home, ['bounces', news, ...words]);
    assert.equal(code, 64);
    assert.match(talk, /write it as/);
  }
});
