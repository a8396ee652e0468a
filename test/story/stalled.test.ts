import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { test, type TestContext } from 'node:test';
import type { List } from '../../src/list/list.ts';
import { parseAddress } from '../../src/mail/address.ts';
import { listDomain, type Station, startStation, stationList } from '../helpers/daemon.ts';
import { letter } from '../helpers/letter.ts';
import { ezlm } from '../cli/test-door.ts';
import { type Peer, startPeer } from '../helpers/peer.ts';
import { startSink } from '../helpers/sink.ts';
import { transact } from '../helpers/smtp-client.ts';
import { until } from '../helpers/until.ts';

const ann = 'ann@people.example';

async function listOf(station: Station, name: string, people: readonly string[]): Promise<List> {
  const list = await stationList(station.daemon, name, { posting: 'everybody' });
  const addresses = people.map((one) => parseAddress(one)!);
  await list.store.add('subscriber', addresses, { id: `made ${name}`, tag: 'manual', at: Date.now() });
  return list;
}

async function post(station: Station, name: string): Promise<void> {
  const to = `${name}@${listDomain}`;
  const { end } = await transact(station.daemon.smtpPort, { from: ann, to, message: letter(ann, to, 'a post') });
  assert.match(end[0] ?? '', /^250 /);
}

function people(count: number, domain: string): string[] {
  return Array.from({ length: count }, (_, n) => `p${n}@${domain}`);
}

async function tally(list: List, station: Station): Promise<number> {
  let rows = 0;
  for await (const page of station.daemon.home.queue.trace(list.name.address, 1)) rows += page.length;
  return rows;
}

/** A host that takes connections and says nothing, until it is told to pass them on to `port`. */
async function startSilentHost(
  t: TestContext,
): Promise<{ port: number; wake: (port: number) => void; count: () => number }> {
  const sockets = new Set<Socket>();
  let awake: number | undefined;
  let count = 0;
  const server = createServer((socket) => {
    count++;
    sockets.add(socket.on('error', () => {}).on('close', () => sockets.delete(socket)));
    if (awake === undefined) return;
    const through = connect(awake, '127.0.0.1').on('error', () => socket.destroy());
    socket.pipe(through).pipe(socket);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  const wake = (port: number): void => {
    awake = port;
    for (const socket of sockets) socket.destroy();
  };
  return { port: (server.address() as AddressInfo).port, wake, count: () => count };
}

/** A station whose mail goes to a host that takes 20 ms for each message: an operator has a second to act in. */
async function startSlow(t: TestContext): Promise<{ station: Station; peer: Peer }> {
  const peer = await startPeer(20);
  t.after(() => peer.close());
  const station = await startStation(t, { routes: { '*': `127.0.0.1:${peer.port}` }, routeConnections: 10 });
  return { station, peer };
}

test('a host that takes connections and never answers delays nobody else, of its own list or of another', async (t) => {
  const silent = await startSilentHost(t);
  const sink = await startSink(['PIPELINING']);
  t.after(() => sink.close());
  const routes = { 'a.stalled.example': `127.0.0.1:${silent.port}`, '*': `127.0.0.1:${sink.port}` };
  const station = await startStation(t, { routes });
  const mixed = await listOf(station, 'mixed', [...people(24_000, 'a.stalled.example'), ...people(500, 'b.example')]);
  await listOf(station, 'other', people(500, 'c.example'));
  await post(station, 'mixed');
  await until('the silent host is asked', () => silent.count() > 0);
  await post(station, 'other');
  await until('everybody else is served', () => sink.taken.length === 1_000);
  await until('each has its outcome', async () => (await tally(mixed, station)) === 500);
  await until('what waits for it went back into the queue', async () => {
    const lanes = await station.daemon.lanes.lanes();
    const waiting = lanes.find(({ lane }) => lane.endsWith(`:${silent.port}`))?.waiting;
    return waiting !== undefined && waiting < 2_000;
  });
});

test('a paused lane writes no deferrals; when it is resumed each recipient gets one copy', async (t) => {
  const { station, peer } = await startSlow(t);
  const list = await listOf(station, 'news', [...people(300, 'b.example'), ...people(300, 'c.example')]);
  await post(station, 'news');
  await until('the first copy', () => peer.copies.length > 0);
  const [lane] = await station.daemon.lanes.lanes();
  assert.ok(await station.daemon.lanes.setLane(lane!.lane, { paused: true }));
  await until('nothing waits in the lane', async () => {
    const [now] = await station.daemon.lanes.lanes();
    return now?.waiting === 0 && (await tally(list, station)) === peer.copies.length;
  });
  assert.ok(peer.copies.length < 600, `${peer.copies.length} were sent before the pause`);
  assert.ok(await station.daemon.lanes.setLane(lane!.lane, { paused: false }));
  await until('the rest', () => peer.copies.length >= 600);
  assert.equal(new Set(peer.copies.map(({ recipient }) => recipient)).size, 600);
  assert.equal(peer.copies.length, 600);
  assert.deepEqual(
    station.logged.filter(({ event }) => event === 'delivery.deferred'),
    [],
  );
});

test('a paused list stays in the queue, and others go on', async (t) => {
  const { station, peer } = await startSlow(t);
  await listOf(station, 'news', people(2_000, 'b.example'));
  await listOf(station, 'other', people(20, 'c.example'));
  const address = `news@${listDomain}`;
  await post(station, 'news');
  await until('the list is known to be sent', () => station.daemon.lanes.setLane(address, { paused: true }));
  await post(station, 'other');
  const ofOther = (): number => peer.copies.filter(({ recipient }) => recipient.endsWith('@c.example')).length;
  await until('the other list is sent', () => ofOther() === 20);
  const before = peer.copies.length;
  assert.ok(before < 2_020, `${before} were sent`);
  await station.daemon.lanes.setLane(address, { paused: false });
  await until('the rest', () => peer.copies.length >= 2_020);
  assert.equal(peer.copies.length, 2_020);
});

for (const action of ['hold', 'drop'] as const) {
  test(`a post that an operator has to ${action} stops at once, and others go on`, async (t) => {
    const { station, peer } = await startSlow(t);
    const list = await listOf(station, 'news', people(600, 'b.example'));
    await listOf(station, 'other', people(20, 'c.example'));
    await post(station, 'news');
    await until('some copies', () => peer.copies.length >= 40);
    const [entry] = (await station.daemon.home.queue.entries({ kind: 'post' })[Symbol.asyncIterator]().next()).value!;
    await ezlm(station.directory, ['init', '--domain', listDomain]);
    const moved = await ezlm(station.directory, ['queue', action, entry.id]);
    assert.equal(moved.code, 0, moved.talk);
    await post(station, 'other');
    const ofOther = (): number => peer.copies.filter(({ recipient }) => recipient.endsWith('@c.example')).length;
    await until('the other list is sent', () => ofOther() === 20);
    await until('nothing waits in the lane', async () =>
      (await station.daemon.lanes.lanes()).every(({ waiting }) => waiting === 0),
    );
    const before = peer.copies.length;
    assert.ok(before < 600, `${before} were sent`);
    if (action === 'drop') return;
    await ezlm(station.directory, ['queue', 'release', entry.id]);
    await until('the rest', () => peer.copies.length >= 620);
    await until('their outcomes', async () => (await tally(list, station)) === 600);
    assert.equal(peer.copies.length, 620);
  });
}
