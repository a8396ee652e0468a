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

test('a domain is paused before any mail went there: the others get theirs, and it gets its own when it is resumed', async (t) => {
  const station = await startStation(t);
  const { directory, peer } = station;
  await ezlm(directory, ['init', '--domain', listDomain]);
  const list = await stationList(station.daemon, 'news', { posting: 'everybody' });
  const cause = { id: 'm', tag: 'manual', at: Date.now() } as const;
  for (const member of ['bob@b.example', 'carol@c.example', 'dan@d.example'])
    await list.store.add('subscriber', [parseAddress(member)!], cause);
  const paused = await ezlm(directory, ['lane', 'pause', 'B.example']);
  assert.equal(paused.code, 0);
  assert.match(
    paused.talk,
    /^b\.example paused: no lane of this name has work now; mail to such a domain or host is held/,
  );
  assert.match((await ezlm(directory, ['lane'])).output, /^b\.example +paused/m);
  await transact(station.daemon.smtpPort, { from, to, message: letter(from, to, 'a') });
  await peer.nth('carol@c.example', 1);
  await peer.nth('dan@d.example', 1);
  const outcomes = async (): Promise<number> => {
    let count = 0;
    for await (const page of station.daemon.home.queue.trace(to, 1)) count += page.length;
    return count;
  };
  await until('the outcomes of the others', async () => (await outcomes()) === 2);
  assert.deepEqual(peer.of('bob@b.example'), []);
  assert.equal((await ezlm(directory, ['lane', 'resume', 'b.example'])).talk, 'b.example resumed\n');
  await peer.nth('bob@b.example', 1);
  await until('the end of the post', async () => (await ezlm(directory, ['queue'])).output === '');
  assert.equal(peer.copies.length, 3);
});
