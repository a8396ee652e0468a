import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { type Clock, systemClock } from '../../src/lib/clock.ts';
import { type Daemon, startDaemon } from '../../src/main.ts';
import { type LoggedEvent, stationParts, stationSettings } from '../helpers/daemon.ts';
import { PassingClock } from '../helpers/passing-clock.ts';
import { temporaryDirectory } from '../helpers/temporary.ts';
import { until } from '../helpers/until.ts';

interface SlowHost {
  readonly port: number;
  /** How many messages wait for their 250. */
  readonly waiting: number;
  /** Whoever sent them has said goodbye. */
  readonly isLeft: boolean;
  answer(): void;
}

// A host that says nothing to the end of a message until it is told to.
async function slowHost(t: TestContext): Promise<SlowHost> {
  const answers: (() => void)[] = [];
  let isLeft = false;
  const server = createServer((socket) => {
    let isMessage = false;
    socket.on('error', () => {}).setEncoding('latin1');
    socket.on('data', (text: string) => {
      for (const line of text.split('\r\n').slice(0, -1)) {
        if (isMessage && line !== '.') continue;
        if (isMessage) answers.push(() => socket.write('250 2.0.0 taken\r\n'));
        else socket.write(line === 'DATA' ? '354 go on\r\n' : '250 ok\r\n');
        isMessage = line === 'DATA';
        isLeft = line === 'QUIT';
        if (isLeft) socket.end();
      }
    });
    socket.write('220 slow\r\n');
    t.after(() => socket.destroy());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => server.close());
  return {
    port: (server.address() as AddressInfo).port,
    get waiting() {
      return answers.length;
    },
    get isLeft() {
      return isLeft;
    },
    answer: () => {
      for (const answer of answers) answer();
    },
  };
}

interface Started {
  readonly host: SlowHost;
  readonly daemon: Daemon;
  readonly logged: LoggedEvent[];
}

// A daemon whose only mail is at the end of its DATA.
async function startWith(t: TestContext, stopSeconds: number, workers: number, clock: Clock): Promise<Started> {
  const directory = join(await temporaryDirectory(t), 'home');
  const host = await slowHost(t);
  const logged: LoggedEvent[] = [];
  const settings = stationSettings(host.port, { stopSeconds });
  const parts = stationParts(directory, settings, (event, fields) => void logged.push({ event, fields }), clock);
  const started = await startDaemon({ ...parts, deliveryWorkers: workers });
  assert.ok(started.ok);
  const { home } = started.value;
  const id = home.newId();
  const entry = { id, kind: 'mail', message: id, sender: '', recipient: 'bob@b.example', list: '', cause: id } as const;
  await home.queue.accept([{ id, body: Buffer.from('Subject: s\r\n\r\ntext\r\n') }], [{ ...entry, due: 0 }]);
  started.value.wake();
  await until('the end of the message', () => host.waiting === 1);
  return { host, daemon: started.value, logged };
}

function stops(logged: readonly LoggedEvent[]): [string, unknown][] {
  return logged
    .filter(({ event }) => event === 'daemon.stopped' || event === 'daemon.cut')
    .map(({ event, fields }) => [event, fields['what']]);
}

test('a stop waits for a slow host as long as stopSeconds says', async (t) => {
  const clock = new PassingClock();
  const { host, daemon, logged } = await startWith(t, 60, 0, clock);
  const stopped = daemon.stop();
  // The clock goes on by itself, too: a busy machine takes its time.
  await clock.pass(40_000);
  assert.deepEqual(stops(logged), []);
  host.answer();
  await stopped;
  assert.deepEqual(stops(logged), [['daemon.stopped', undefined]]);
  assert.equal(logged.filter(({ event }) => event === 'delivery.delivered').length, 1);
});

test('a transaction that is cut is said to be', async (t) => {
  const clock = new PassingClock();
  const { daemon, logged, host } = await startWith(t, 60, 0, clock);
  const stopped = daemon.stop();
  await clock.pass(60_000);
  await stopped;
  assert.deepEqual(stops(logged), [['daemon.cut', 'delivery (1 connection)']]);
  // Too late: nobody writes it down any more.
  host.answer();
  await until('a goodbye', () => host.isLeft);
  assert.ok(!logged.some(({ event }) => event === 'storage.trouble' || event === 'delivery.delivered'));
});

test('what a delivery thread has to cut off is said, too', async (t) => {
  const { daemon, logged } = await startWith(t, 1, 1, systemClock);
  await daemon.stop();
  assert.deepEqual(stops(logged), [['daemon.cut', 'delivery (1 connection)']]);
});
