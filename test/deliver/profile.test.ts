import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { test, type TestContext } from 'node:test';
import { SMTPServer } from 'smtp-server';
import type { CarrierPort, ChunkJob, Delivery, Load } from '../../src/deliver/delivery.ts';
import { readProviders } from '../../src/deliver/providers.ts';
import { SingleRun } from '../../src/deliver/runs.ts';
import type { Dialer } from '../../src/deliver/session-parts.ts';
import { defaultTimeouts, netDialer } from '../../src/deliver/session-setup.ts';
import { SmtpCarrier } from '../../src/deliver/smtp-carrier.ts';
import { Traffic } from '../../src/deliver/traffic.ts';
import { trafficHere } from '../../src/deliver/traffic-port.ts';
import type { Clock } from '../../src/lib/clock.ts';
import type { Id } from '../../src/lib/ids.ts';
import { wireMessage } from '../../src/smtp/data.ts';
import { QuickClock } from '../helpers/quick-clock.ts';
import { until } from '../helpers/until.ts';

const minute = 60_000;
const profile = { connections: 4, messagesPerConnection: 20, newPerMinute: 30, perSecond: 8 } as const;
const text = `[{ "name": "strict", "hosts": [".strict.example"], ${JSON.stringify(profile).slice(1)}]`;

/** A receiver that counts what its profile forbids. */
async function startStrict(t: TestContext) {
  const messages = new Map<string, number>();
  const seen = { taken: 0, tooMany: 0, tooLong: 0 };
  const server = new SMTPServer({
    disabledCommands: ['AUTH', 'STARTTLS'],
    disableReverseLookup: true,
    logger: false,
    closeTimeout: 100,
    onConnect: (_session, done) => {
      if (server.connections.size > profile.connections) seen.tooMany++;
      done();
    },
    onData: (stream, { id }, done) => {
      messages.set(id, (messages.get(id) ?? 0) + 1);
      if (messages.get(id)! > profile.messagesPerConnection) seen.tooLong++;
      stream
        .on('data', () => {})
        .once('end', () => {
          seen.taken++;
          done();
        });
    },
  });
  server.on('error', () => {});
  server.listen(0, '127.0.0.1');
  await once(server.server, 'listening');
  t.after(() => new Promise<void>((resolve) => server.close(() => resolve())));
  return { port: (server.server.address() as AddressInfo).port, seen };
}

/** A deliverer's carrier; who knows its host by two addresses, the first of which is nobody's. */
function carrierOf(traffic: Traffic, clock: Clock, dialer: Dialer): SmtpCarrier {
  const port: CarrierPort = {
    mayBegin: () => true,
    begun: () => {},
    returned: () => {},
    settle: (_delivery, { state, reply }) => assert.equal(state, 'delivered', reply),
    putBack: (_run, _until, reply) => assert.fail(reply),
    opened: () => {},
  };
  const parts = {
    traffic: trafficHere(traffic),
    resolver: {
      mx: async () => ({ kind: 'found', records: [{ host: 'mx.strict.example', preference: 1 }] }) as const,
      addresses: async () => ({ kind: 'found', records: ['127.0.0.2', '127.0.0.1'] }) as const,
      texts: async () => ({ kind: 'none' }) as const,
    },
    clock,
    log: () => {},
    routes: new Map(),
    ownHosts: [],
    sourceAddresses: [],
    random: () => 0,
    dialer,
    timeouts: defaultTimeouts,
    hostname: 'lists.example.org',
  };
  return new SmtpCarrier(parts, port);
}

const load: Load = { message: wireMessage(Buffer.from('Subject: s\r\n\r\n')), birth: 0 };
const job: ChunkJob = {
  kind: 'chunk',
  chunk: 1,
  post: 'p' as Id,
  list: 'l@h.example',
  owed: 1_000,
  back: 0,
  backUntil: 0,
};

function runTo(recipient: string): SingleRun {
  const delivery: Delivery = { load, sender: 's@h.example', recipient, isAscii: true, member: 0, position: 0, job };
  return new SingleRun(delivery);
}

test('a receiver that enforces its profile sees nothing that it forbids, from two deliverers and with two dials a connection', async (t) => {
  const clock = new QuickClock(20);
  const strict = await startStrict(t);
  const { providers, problems } = readProviders(text);
  assert.deepEqual(problems, []);
  const log = (): void => {};
  const limits = { laneConnections: 5, routeConnections: 20, connectionsOut: 200 };
  const traffic = new Traffic({ clock, log, random: () => 0, providers, ...limits });
  const dials: number[] = [];
  const dialer: Dialer = (address, _port, timeoutMs) => {
    dials.push(clock.now());
    return netDialer(address, strict.port, timeoutMs);
  };
  const carriers = [carrierOf(traffic, clock, dialer), carrierOf(traffic, clock, dialer)];
  const began = clock.now();
  for (let n = 0; n < 500; n++) carriers[n % 2]!.carry('d.example', runTo(`p${n}@d.example`), false);
  await until('all copies', () => strict.seen.taken === 500, 30_000);
  const seconds = (clock.now() - began) / 1_000;
  for (const carrier of carriers) await carrier.stop(30_000);
  traffic.stop();
  assert.deepEqual(strict.seen, { taken: 500, tooMany: 0, tooLong: 0 });
  const most = Math.max(...dials.map((at) => dials.filter((one) => one >= at && one < at + minute).length));
  assert.ok(most <= profile.newPerMinute, `${most} new connections in a minute`);
  assert.ok(500 <= profile.perSecond * 1.05 * seconds + 2, `${500 / seconds} a second`);
});
