import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseAddress } from '../../src/mail/address.ts';
import { ezlm } from '../cli/test-door.ts';
import { listDomain, startStation, stationList } from '../helpers/daemon.ts';
import { letter } from '../helpers/letter.ts';
import { transact } from '../helpers/smtp-client.ts';
import { until } from '../helpers/until.ts';

const from = 'ann@people.example';
const to = `news@${listDomain}`;

test('whom a host has greylisted is tried at once when the operator says so, and nobody else', async (t) => {
  const station = await startStation(t);
  const put = { code: 450, text: '4.2.0 greylisted' };
  station.peer.refusals.set('bob@b.example', put).set('carol@c.example', { code: 452, text: '4.2.2 full' });
  const list = await stationList(station.daemon, 'news', { posting: 'everybody' });
  const cause = { id: 'm', tag: 'manual', at: Date.now() } as const;
  for (const member of ['bob@b.example', 'carol@c.example'])
    await list.store.add('subscriber', [parseAddress(member)!], cause);
  await transact(station.daemon.smtpPort, { from, to, message: letter(from, to, 'a') });
  const deferrals = (): number => station.logged.filter(({ event }) => event === 'delivery.deferred').length;
  await until('two deferrals', () => deferrals() === 2);
  station.peer.refusals.clear();
  // The daemon's own home, which has no ezlm.json yet.
  await ezlm(station.directory, ['init', '--domain', listDomain]);

  assert.match(
    (await ezlm(station.directory, ['queue', '--domain', 'b.example'])).output,
    /bob@b\.example 450 4\.2\.0/,
  );
  const waiting = async (): Promise<string> =>
    (await ezlm(station.directory, ['queue', '--kind', 'recipient'])).output.replaceAll(/^.* 1 | .*$/gm, '');
  assert.equal(
    await until('both on disk', async () => (await waiting()).length > 20 && waiting()),
    'bob@b.example\ncarol@c.example\n',
  );
  assert.match((await ezlm(station.directory, ['queue', 'retry', '--reply', 'greylist'])).talk, /^1 due now/);
  await station.peer.nth('bob@b.example', 1);
  await until('the other waits', async () => (await waiting()) === 'carol@c.example\n');
  assert.match((await ezlm(station.directory, ['queue', 'drop', '--domain', 'c.example'])).talk, /^1 dropped/);
  await until('the post has ended', async () => (await ezlm(station.directory, ['queue'])).output === '');
  assert.deepEqual(station.peer.of('carol@c.example'), []);
});
