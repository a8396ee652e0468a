import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { ensureKeys } from '../../src/domain/signing-keys.ts';
import { parseAddress } from '../../src/mail/address.ts';
import { ezlm } from '../cli/test-door.ts';
import { listDomain, startStation, type Station, stationList } from '../helpers/daemon.ts';
import { letter } from '../helpers/letter.ts';
import { type Peer, startPeer } from '../helpers/peer.ts';
import { transact } from '../helpers/smtp-client.ts';
import { until } from '../helpers/until.ts';

const from = 'ann@people.example';
const to = `news@${listDomain}`;
/** Members of each domain, and how long the host thinks about each message. */
const members = 400;
const replyMs = 50;
/** Connections to one host, and copies that each has under way: one, and with PIPELINING the envelope of the next. */
const underWayMost = 20 * 2;

async function fanOut(t: TestContext, isStamped = false): Promise<{ station: Station; peer: Peer }> {
  const peer = await startPeer(replyMs);
  t.after(() => peer.close());
  const station = await startStation(t, { routes: { '*': `127.0.0.1:${peer.port}` } });
  await ezlm(station.directory, ['init', '--domain', listDomain]);
  const own = isStamped ? { unsubscribe: 'member' } : {};
  if (isStamped) await ensureKeys(join(station.directory, 'keys'), listDomain, 'rsa', Date.now());
  const list = await stationList(station.daemon, 'news', { posting: 'everybody', ...own });
  const addresses = ['a', 'b'].flatMap((name) =>
    Array.from({ length: members }, (_, n) => parseAddress(`m${n}@${name}.example`)!),
  );
  await list.store.add('subscriber', addresses, { id: 'm', tag: 'manual', at: Date.now() });
  await transact(station.daemon.smtpPort, { from, to, message: letter(from, to, 'a') });
  return { station, peer };
}

function sentTo(peer: Peer, domain: string): number {
  return peer.copies.filter(({ recipient }) => recipient.endsWith(`@${domain}`)).length;
}

async function nothingTaken({ directory }: Station, domain: string): Promise<boolean> {
  const { output } = await ezlm(directory, ['queue', '--state', 'untried', '--domain', domain, '--json']);
  return !output.includes('"taken":true');
}

// Each look reads the whole queue: ten a second are enough.
async function isEnded({ directory }: Station): Promise<boolean> {
  await sleep(100);
  return (await ezlm(directory, ['queue'])).output === '';
}

test('a lane that is paused gives back what it had not begun', async (t) => {
  const { station, peer } = await fanOut(t);
  await until('the first copies', () => peer.copies.length >= 50);
  const lane = `smtp://127.0.0.1:${peer.port}`;
  assert.equal((await ezlm(station.directory, ['lane', 'pause', lane])).code, 0);
  const before = peer.copies.length;
  await until('an empty lane', () => nothingTaken(station, 'a.example'));
  await peer.isAlone();
  const after = peer.copies.length;
  assert.ok(after - before <= underWayMost, `${after - before} copies after the pause`);
  assert.ok(after < 2 * members);
  assert.equal((await ezlm(station.directory, ['lane', 'resume', lane])).code, 0);
  await until('the end of the post', () => isEnded(station));
  assert.equal(new Set(peer.copies.map(({ recipient }) => recipient)).size, 2 * members);
  assert.equal(peer.copies.length, 2 * members);
});

for (const isStamped of [false, true]) {
  const kind = isStamped ? 'copies that are signed one by one' : 'copies';
  test(`a domain that is paused has ${kind} that were not begun given back, and the others of the lane go on`, async (t) => {
    const { station, peer } = await fanOut(t, isStamped);
    await until('the first copies', () => sentTo(peer, 'a.example') >= 50);
    assert.equal((await ezlm(station.directory, ['lane', 'pause', 'a.example'])).code, 0);
    const before = sentTo(peer, 'a.example');
    await until('the other domain', () => sentTo(peer, 'b.example') === members);
    await peer.isAlone();
    const after = sentTo(peer, 'a.example');
    assert.ok(after - before <= underWayMost, `${after - before} copies after the pause`);
    assert.ok(await nothingTaken(station, 'a.example'));
    assert.equal((await ezlm(station.directory, ['lane', 'resume', 'a.example'])).code, 0);
    await until('the end of the post', () => isEnded(station));
    assert.equal(new Set(peer.copies.map(({ recipient }) => recipient)).size, 2 * members);
    assert.equal(peer.copies.length, 2 * members);
  });
}

test('a domain that is dropped in the middle of a fan-out: each of its members is either sent a copy or has failed', async (t) => {
  const { station, peer } = await fanOut(t);
  await until('the first copies', () => sentTo(peer, 'a.example') >= 50);
  const ran = await ezlm(station.directory, ['queue', 'drop', '--domain', 'a.example', '--list', to, '--json']);
  const dropped = ran.output.split('\n').filter((line) => line.includes('"done":true')).length;
  assert.ok(dropped > 0, ran.talk);
  await until('the end of the post', () => isEnded(station));
  const failed = await ezlm(station.directory, ['trace', to, '1', '--state', 'failed', '--json']);
  const lost = failed.output.split('\n').filter((line) => line !== '');
  assert.equal(lost.length, dropped);
  const names = lost.map((line) => (JSON.parse(line) as { address: string }).address);
  assert.ok(names.every((name) => name.endsWith('@a.example')));
  const reached = peer.copies.map(({ recipient }) => recipient);
  assert.equal(new Set([...reached, ...names]).size, 2 * members);
  assert.equal(reached.length + names.length, 2 * members);
});
