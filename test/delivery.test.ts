import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Daemon, startDaemon } from '../src/main.ts';
import type { ServerSettings } from '../src/config.ts';
import type { NewEntry } from '../src/queue/store.ts';
import { stationParts, stationSettings } from './helpers/daemon.ts';
import { startNameServer } from './helpers/name-server.ts';
import { until } from './helpers/until.ts';

interface Counter {
  readonly port: number;
  readonly taken: string[];
  most: number;
}

/** A host that answers everything, after a moment, and counts who is connected. */
async function startCounter(t: TestContext): Promise<Counter> {
  let open = 0;
  const taken: string[] = [];
  const server = createServer((socket) => {
    counter.most = Math.max(counter.most, ++open);
    socket.on('close', () => open--).on('error', () => {});
    let isMessage = false;
    socket.setEncoding('latin1').on('data', (text: string) => {
      for (const line of text.split('\r\n').slice(0, -1)) {
        if (isMessage && line !== '.') continue;
        const recipient = /^RCPT TO:<(.*)>/.exec(line)?.[1];
        if (recipient !== undefined) taken.push(recipient);
        isMessage = line === 'DATA';
        void sleep(5).then(() =>
          socket.write(isDone(line) ? '221 bye\r\n' : line === 'DATA' ? '354 go on\r\n' : '250 ok\r\n'),
        );
      }
    });
    socket.write('220 counter\r\n');
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => server.close());
  const counter = { port: (server.address() as AddressInfo).port, taken, most: 0 };
  return counter;
}

function isDone(line: string): boolean {
  return line === 'QUIT';
}

async function startWith(
  t: TestContext,
  workers: number,
  port: number,
  given: Partial<ServerSettings> = {},
): Promise<Daemon> {
  const directory = await mkdtemp(join(tmpdir(), 'ezlm-delivery-'));
  const settings = stationSettings(port, { routeConnections: 5, deliveryWorkers: workers, ...given });
  const started = await startDaemon({ ...stationParts(directory, settings, () => {}), deliveryWorkers: workers });
  assert.ok(started.ok);
  t.after(async () => {
    await started.value.stop();
    await rm(directory, { recursive: true, force: true });
  });
  return started.value;
}

for (const workers of [0, 4]) {
  test(`${workers} threads share the connections of a lane: 5 are 5`, async (t) => {
    const counter = await startCounter(t);
    const daemon = await startWith(t, workers, counter.port);
    const { home } = daemon;
    const message = home.newId();
    const body = Buffer.from('Subject: s\r\n\r\ntext\r\n');
    const recipients = Array.from({ length: 300 }, (_, index) => `user${index}@d${index % 40}.example`);
    const entries = recipients.map((recipient): NewEntry => {
      return {
        id: home.newId(),
        kind: 'mail',
        message,
        sender: 'o@h.example',
        recipient,
        list: '',
        cause: recipient,
        due: 0,
      };
    });
    await home.queue.accept([{ id: message, body }], entries);
    daemon.wake();
    await until('every recipient is asked for', () => counter.taken.length >= recipients.length);
    await until('the queue is empty', async () => {
      const { ready, claimed } = await home.queue.counts();
      return ready + claimed === 0;
    });
    assert.deepEqual(counter.taken.toSorted(), recipients.toSorted());
    assert.ok(counter.most > 1 && counter.most <= 5, `${counter.most} connections at a time`);
  });
}

for (const mtaSts of [true, false]) {
  test(`a delivery thread asks the name server that checks DNSSEC, mtaSts ${mtaSts}`, async (t) => {
    const server = await startNameServer(t, {});
    const daemon = await startWith(t, 1, 1, { routes: {}, dnssecResolver: server.place, mtaSts });
    const { home } = daemon;
    const [id, message] = [home.newId(), home.newId()];
    const recipient = 'bob@d.example';
    const entry = { id, kind: 'mail', message, sender: '', recipient, list: '', cause: id, due: 0 } as const;
    await home.queue.accept([{ id: message, body: Buffer.from('Subject: s\r\n\r\n') }], [entry]);
    daemon.wake();
    await until('the domain is not found', async () => (await home.queue.entry(id)) === undefined);
    assert.deepEqual(server.asked.toSorted(), [...(mtaSts ? ['_mta-sts.d.example TXT'] : []), 'd.example MX']);
  });
}
