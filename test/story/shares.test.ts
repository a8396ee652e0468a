import { test, type TestContext } from 'node:test';
import assert from 'node:assert/strict';
import { parseAddress } from '../../src/mail/address.ts';
import { listDomain, type Station, startStation, stationList } from '../helpers/daemon.ts';
import { letter } from '../helpers/letter.ts';
import { type Peer, startPeer } from '../helpers/peer.ts';
import { transact } from '../helpers/smtp-client.ts';
import { until } from '../helpers/until.ts';

const zoe = 'zoe@b.example';

/** A daemon all of whose mail goes to one slow host, over few connections. */
async function startSlow(
  t: TestContext,
  replyMs: number,
  connections: number,
): Promise<{ station: Station; slow: Peer }> {
  const slow = await startPeer(replyMs);
  t.after(() => slow.close());
  const routes = { '*': `127.0.0.1:${slow.port}` };
  return { station: await startStation(t, { routes, routeConnections: connections }), slow };
}

async function listOf(station: Station, name: string, count: number): Promise<void> {
  const list = await stationList(station.daemon, name, { posting: 'everybody' });
  const people = Array.from({ length: count }, (_, n) => parseAddress(`${name}${n}@b.example`)!);
  await list.store.add('subscriber', people, { id: `made ${name}`, tag: 'manual', at: Date.now() });
}

async function send(station: Station, local: string): Promise<void> {
  const to = `${local}@${listDomain}`;
  const { end } = await transact(station.daemon.smtpPort, { from: zoe, to, message: letter(zoe, to, 'hello') });
  assert.match(end[0] ?? '', /^250 /);
}

test('the answer to a command goes before the bulk that waits for the same slow host', async (t) => {
  const { station, slow } = await startSlow(t, 200, 2);
  await listOf(station, 'news', 900);
  await send(station, 'news');
  await until('the host is known to be slow', () => slow.copies.length >= 40);
  const before = slow.copies.length;
  await send(station, 'news-help');
  await until('the answer', () => slow.of(zoe).length === 1);
  const bulk = slow.copies.findIndex(({ recipient }) => recipient === zoe) - before;
  assert.ok(bulk < 50, `${bulk} copies of the post went first`);
});

test('a small post has its share of a lane that a large one has filled', async (t) => {
  const { station, slow } = await startSlow(t, 100, 4);
  await listOf(station, 'large', 6_000);
  await listOf(station, 'small', 20);
  await send(station, 'large');
  await until('the lane is full', () => slow.copies.length >= 120);
  const before = slow.copies.length;
  await send(station, 'small');
  const ofSmall = (): number => slow.copies.filter(({ recipient }) => recipient.startsWith('small')).length;
  await until('the small post', () => ofSmall() === 20);
  const others = slow.copies.findLastIndex(({ recipient }) => recipient.startsWith('small')) - before - 19;
  assert.ok(others < 200, `${others} copies of the large one meanwhile`);
});

/** Copies in a millisecond, while `count` are taken from the next one on: what is slowed takes them in bursts. */
async function rateOver(slow: Peer, count: number): Promise<number> {
  const first = slow.copies.length + 1;
  await until('the next copy', () => slow.copies.length >= first);
  const began = Date.now();
  await until(`${count} copies more`, () => slow.copies.length >= first + count, 30_000);
  return count / (Date.now() - began);
}

for (const what of ['lane', 'list'] as const) {
  test(`a ${what} that is slowed to a fifth takes a fifth, though each transaction takes longer than a turn`, async (t) => {
    const { station, slow } = await startSlow(t, 400, 10);
    await listOf(station, 'news', 900);
    await send(station, 'news');
    await until('some copies', () => slow.copies.length >= 20);
    const full = await rateOver(slow, 40);
    const [lane] = await station.daemon.lanes.lanes();
    const name = what === 'lane' ? lane!.lane : `news@${listDomain}`;
    assert.ok(await station.daemon.lanes.setLane(name, { factor: 0.2 }));
    await rateOver(slow, 20);
    const ratio = (await rateOver(slow, 20)) / full;
    assert.ok(ratio > 0.1 && ratio < 0.4, `${ratio} of the full rate`);
    await station.daemon.lanes.setLane(name, { factor: 1 });
    assert.ok((await rateOver(slow, 40)) > full / 2, 'and goes on as before');
  });
}
