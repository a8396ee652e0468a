import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { initialSettings } from '../../src/home.ts';
import { systemClock } from '../../src/lib/clock.ts';
import { makeList } from '../../src/list/make.ts';
import { parseAddress } from '../../src/mail/address.ts';
import { type Daemon, startDaemon } from '../../src/main.ts';
import { type LoggedEvent, stationParts, stationSettings } from '../helpers/daemon.ts';
import { letter } from '../helpers/letter.ts';
import { startPeer } from '../helpers/peer.ts';
import { transact } from '../helpers/smtp-client.ts';
import { temporaryDirectory } from '../helpers/temporary.ts';
import { until } from '../helpers/until.ts';

const bob = 'bob@b.example';
const from = 'ann@people.example';

async function peerOf(t: TestContext) {
  const peer = await startPeer();
  t.after(() => peer.close());
  return peer;
}

async function mailTo(daemon: Daemon, recipient: string): Promise<void> {
  const { home } = daemon;
  const id = home.newId();
  const entry = { id, kind: 'mail', message: id, sender: from, recipient, list: '', cause: id, due: 0 } as const;
  await home.queue.accept([{ id, body: Buffer.from('Subject: s\r\n\r\ntext\r\n') }], [entry]);
  daemon.wake();
}

for (const workers of [0, 1]) {
  test(`with ${workers} delivery threads, what was read again holds for the next mail`, async (t) => {
    const [before, after] = [await peerOf(t), await peerOf(t)];
    let daemon: Daemon | undefined;
    const directory = join(await temporaryDirectory(t, async () => daemon?.stop()), 'home');
    const logged: LoggedEvent[] = [];
    const settings = stationSettings(before.port);
    const parts = stationParts(directory, settings, (event, fields) => void logged.push({ event, fields }));
    const started = await startDaemon({ ...parts, deliveryWorkers: workers });
    assert.ok(started.ok);
    daemon = started.value;
    await mailTo(daemon, bob);
    await before.nth(bob, 1);

    const changed = await daemon.reload({
      ...settings,
      domains: [...settings.domains, 'second.example'],
      routes: { '*': `127.0.0.1:${after.port}` },
      logLevel: 'debug',
      hostname: 'other.example',
    });
    assert.deepEqual(changed, { live: ['domains', 'routes', 'logLevel'], later: ['hostname'] });
    const known = logged.length;
    await mailTo(daemon, bob);
    await after.nth(bob, 1);

    const made = await makeList({
      lists: daemon.home.lists,
      address: 'new@second.example',
      settings: { posting: 'everybody' },
      clock: systemClock,
    });
    assert.ok(made.ok);
    const list = daemon.home.lists.open(made.value);
    await list.store.add('subscriber', [parseAddress(bob)!], { id: 'm', tag: 'manual', at: Date.now() });
    const to = 'new@second.example';
    await transact(daemon.smtpPort, { from, to, message: letter(from, to, 'a') });
    assert.match((await after.nth(bob, 2)).sender, /@second\.example$/);
    // At the level "info" no copy of a post is an event.
    const isDelivery = ({ event }: LoggedEvent): boolean => event === 'delivery.delivered';
    await until('events of both', () => logged.slice(known).filter((one) => isDelivery(one)).length === 2);
    assert.equal(before.copies.length, 1);
  });
}

test('limits that were read again hold for lanes that are known already', async (t) => {
  const peer = await startPeer(20);
  t.after(() => peer.close());
  let daemon: Daemon | undefined;
  const directory = join(await temporaryDirectory(t, async () => daemon?.stop()), 'home');
  const settings = initialSettings({ ...stationSettings(peer.port), routeConnections: 1 });
  const started = await startDaemon({ ...stationParts(directory, settings, () => {}), deliveryWorkers: 1 });
  assert.ok(started.ok);
  daemon = started.value;
  const { lanes } = daemon;
  for (let n = 0; n < 300; n++) await mailTo(daemon, `m${n}@b.example`);
  const connections = async (): Promise<number> => (await lanes.lanes())[0]?.connections ?? 0;
  await until('one connection', async () => (await connections()) === 1);
  await daemon.reload({ ...settings, routeConnections: 4 });
  await until('four connections', async () => (await connections()) === 4);
  await until('all of them', () => peer.copies.length === 300);
});
