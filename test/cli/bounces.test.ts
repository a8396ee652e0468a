import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { engines } from '../../src/engines.ts';
import { initialSettings, openHome } from '../../src/home.ts';
import { systemClock } from '../../src/lib/clock.ts';
import { inlineStorage } from '../../src/lib/storage.ts';
import { bounceRulesOf } from '../../src/list/bounce-rules.ts';
import type { NewBounce } from '../../src/list/bounce-store.ts';
import { parseListName } from '../../src/list/name.ts';
import { parseAddress } from '../../src/mail/address.ts';
import { reportOf } from '../helpers/reports.ts';
import { ezlm, homeWithList, news } from './test-door.ts';

const at = Date.UTC(2026, 2, 1, 12);

/** Bounces of bob and carla. */
async function writeBounces(directory: string): Promise<void> {
  const parts = { directory, settings: initialSettings(), storage: inlineStorage(engines), clock: systemClock };
  const home = await openHome({ ...parts, log: () => {} });
  const { store } = home.lists.open(parseListName(news)!);
  const bob = { member: 1, address: 'Bob@example.net', number: 3, status: '5.1.1', permanent: true } as const;
  const addresses = ['Bob@example.net', 'carla@example.net'].map((text) => parseAddress(text)!);
  await store.add('subscriber', addresses, { id: 'add', tag: 'manual', at });
  const evidence = Buffer.from('Subject: failure\r\n\r\nnobody \u001b[31m here\r\n');
  const why = { reason: 'userunknown', grounds: 'address', text: '550 nobody \u001b[31m' } as const;
  const one: NewBounce = { ...bob, ...why, at, how: 'mail', host: 'mx', weight: 1, cause: 'a', evidence };
  const carla = { member: 2, address: 'carla@example.net', number: 0, status: '', permanent: false } as const;
  const full = { reason: 'mailboxfull', grounds: 'full', text: '552 full' } as const;
  const two: NewBounce = { ...carla, ...full, at: at + 1_000, how: 'refused', host: '', weight: 0, cause: 'b' };
  await store.recordBounces([one, two], bounceRulesOf(await home.lists.open(parseListName(news)!).settings()));
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
  assert.deepEqual(JSON.parse(one.output.split('\n')[1]!), {
    at: '2026-03-01T12:00:00Z',
    address: 'Bob@example.net',
    number: 3,
    how: 'mail',
    reason: 'userunknown',
    grounds: 'address',
    permanent: true,
    counted: true,
    status: '5.1.1',
    host: 'mx',
    text: '550 nobody \u001b[31m',
  });
  assert.match((await ezlm(home, ['bounces', news, '--limit', '1'])).output, /^2026-03-01T12:00:01Z [^\n]+\n$/);
});

test('members on the ladder are printed, and one is put right again', async (t) => {
  const home = await homeWithList(t);
  await writeBounces(home);
  const { output } = await ezlm(home, ['bounces', news, '--members']);
  assert.match(
    output,
    /^Bob@example\.net subscriber ok since 2026-03-01T12:00:00Z score [\d.]+ address next 2026-03-11T12:00:00Z\n$/,
  );
  const [standing] = (await ezlm(home, ['bounces', news, 'BOB@example.net', '--json'])).output.split('\n');
  assert.equal(JSON.parse(standing!).state, 'ok');
  const reset = ['bounces', news, 'bob@example.net', '--reset'];
  assert.match((await ezlm(home, [...reset, '--dry-run'])).talk, /nothing was changed/);
  assert.equal((await ezlm(home, reset)).talk, 'bob@example.net is well again\n');
  assert.equal((await ezlm(home, ['bounces', news, '--members'])).output, '');
  const again = await ezlm(home, reset);
  assert.equal(again.code, 66);
  assert.match((await ezlm(home, ['log', news])).output, / reset subscriber Bob@example\.net/);
});

test('the evidence is printed without its control characters, and as JSON whole', async (t) => {
  const home = await homeWithList(t);
  await writeBounces(home);
  const { output } = await ezlm(home, ['bounces', news, 'bob@example.net', '--evidence']);
  assert.match(output, /\n {4}Subject: failure\n {4}\n {4}nobody \\u001b\[31m here\n/);
  const lines = (await ezlm(home, ['bounces', news, 'bob@example.net', '--evidence', '--json'])).output.split('\n');
  assert.equal(JSON.parse(lines[1]!).evidence, 'Subject: failure\r\n\r\nnobody \u001b[31m here\r\n');
});

test('a mail is judged without a record of it', async (t) => {
  const home = await homeWithList(t);
  await writeFile(join(home, 'bounce.eml'), reportOf());
  const judged = await ezlm(home, ['bounces', news, '--test', 'bounce.eml']);
  assert.match(judged.output, /^bounce; it holds no signed address of this list/);
  assert.match(judged.output, /\nann@example\.net userunknown permanent 5\.1\.1 \(counts 1 of 1; a warning 10 days/);
  const json = await ezlm(home, ['bounces', news, '--test', 'bounce.eml', '--json']);
  assert.equal(JSON.parse(json.output).recipients[0].grounds, 'address');
  assert.equal((await ezlm(home, ['bounces', news, '--test', 'nowhere.eml'])).code, 66);
  assert.equal((await ezlm(home, ['bounces', news])).output, '');
});

test('mistakes are told with what to do', async (t) => {
  const home = await homeWithList(t);
  for (const words of [['bob'], ['--limit', '0'], ['--limit', 'x'], ['--reset']]) {
    const { code, talk } = await ezlm(home, ['bounces', news, ...words]);
    assert.equal(code, 64);
    assert.match(talk, /write it as/);
  }
});
