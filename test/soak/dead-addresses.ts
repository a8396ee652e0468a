import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import type { Log } from '../../src/log.ts';
import { startDaemon, type Daemon } from '../../src/main.ts';
import type { List } from '../../src/list/list.ts';
import { parseAddress } from '../../src/mail/address.ts';
import { stationList, stationParts, stationSettings } from '../helpers/daemon.ts';
import { letter } from '../helpers/letter.ts';
import { ShiftedClock } from '../helpers/shifted-clock.ts';
import { transact } from '../helpers/smtp-client.ts';
import type { SoakPart } from './part.ts';
import { until } from './poll.ts';

const dayMs = 86_400_000;
const batch = 5_000;
const writer = 'writer@example.org';

/** What a member's host does. Of a hundred members five are dead and one each is of the other kinds that are refused. */
type Kind = 'well' | 'dead' | 'ill' | 'policy' | 'full';

const replies: Readonly<Record<Exclude<Kind, 'well'>, string>> = {
  dead: '550 5.1.1 nobody of that name',
  // Refused as dead in the first days, and well again before the warning.
  ill: '550 5.1.1 nobody of that name',
  policy: '550 5.7.1 your mail is not wanted here',
  full: '552 5.2.2 mailbox full',
};

function kindOf(index: number): Kind {
  const last = index % 100;
  return last < 5 ? 'dead' : ((['ill', 'policy', 'full'] as const)[last - 5] ?? 'well');
}

function addressOf(index: number): string {
  return `${kindOf(index)}-${index}@d${index % 97}.example`;
}

/** The hosts of all members: refuses by the first word of the address. */
async function startHosts(isRefused: (kind: Kind) => boolean): Promise<{ port: number; close: () => void }> {
  const sockets = new Set<Socket>();
  const server = createServer({ noDelay: true }, (socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    socket.on('error', () => socket.destroy());
    converse(socket, isRefused);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const close = (): void => {
    for (const socket of sockets) socket.destroy();
    server.close();
  };
  return { port: (server.address() as AddressInfo).port, close };
}

function converse(socket: Socket, isRefused: (kind: Kind) => boolean): void {
  let rest = '';
  let isData = false;
  let taken = 0;
  const replyTo = (line: string): string | undefined => {
    if (isData) {
      if (line !== '.') return undefined;
      isData = false;
      return '250 2.0.0 ok';
    }
    const word = line.slice(0, 4).toUpperCase();
    if (word === 'EHLO') return '250-hosts\r\n250 PIPELINING';
    if (word === 'MAIL') taken = 0;
    if (word === 'RCPT') {
      const kind = /<([a-z]+)-/.exec(line)?.[1] as Kind | undefined;
      if (kind !== undefined && kind !== 'well' && isRefused(kind)) return replies[kind];
      taken++;
    }
    if (word !== 'DATA') return '250 2.0.0 ok';
    isData = taken > 0;
    return isData ? '354 go on' : '503 5.5.1 nobody to send it to';
  };
  socket.write('220 hosts\r\n');
  socket.on('data', (octets) => {
    const lines = (rest + octets.toString('latin1')).split('\r\n');
    rest = lines.pop()!;
    const said = lines.flatMap((line) => replyTo(line) ?? []);
    if (said.length > 0) socket.write(`${said.join('\r\n')}\r\n`);
  });
}

/** A list with dead addresses, in simulated weeks: all of them go, by every step, and nobody else. */
export const deadAddresses: SoakPart = {
  name: 'dead-addresses',
  run: async ({ directory, isSmall, say, claim }) => {
    const n = isSmall ? 1_000 : 100_000;
    const clock = new ShiftedClock();
    let isIll = true;
    const hosts = await startHosts((kind) => kind !== 'ill' || isIll);
    const log: Log = () => {};
    const started = await startDaemon(stationParts(directory, stationSettings(hosts.port), log, clock));
    if (!started.ok) throw new Error(started.failure.text);
    const daemon = started.value;
    try {
      const list = await stationList(daemon, 'news', { posting: 'everybody' });
      await fill(list, n, clock.now());
      for (const [day, what] of weeks) {
        const began = Date.now();
        isIll = day < 7;
        clock.move((day - weeks[Math.max(0, weeks.findIndex(([at]) => at === day) - 1)]![0]) * dayMs);
        if (what === 'post') await post(daemon, list, day);
        else await daemon.lookAfterBounces();
        await quiet(daemon);
        say(`day ${day}: ${what}, ${await list.store.count('subscriber')} members, ${Date.now() - began} ms`);
      }
      await judge(list, n, claim);
    } finally {
      await daemon.stop();
      hosts.close();
    }
  },
};

/** A post each week, and the steps when they are due. */
const weeks: readonly (readonly [day: number, what: 'post' | 'steps'])[] = [
  [0, 'post'],
  [7, 'post'],
  [10.1, 'steps'],
  [14, 'post'],
  [20.5, 'steps'],
  [21, 'post'],
  [31, 'steps'],
];

async function fill(list: List, n: number, at: number): Promise<void> {
  for (let from = 0; from < n; from += batch) {
    const count = Math.min(batch, n - from);
    const addresses = Array.from({ length: count }, (_, index) => parseAddress(addressOf(from + index))!);
    await list.store.add('subscriber', addresses, { id: `fill ${from}`, tag: 'manual', at });
  }
}

async function post(daemon: Daemon, list: List, day: number): Promise<void> {
  const message = letter(writer, list.name.address, `words of day ${day}`);
  const { end } = await transact(daemon.smtpPort, { from: writer, to: list.name.address, message });
  if (!end[0]?.startsWith('250')) throw new Error(`a post was refused: ${end[0]}`);
}

// Reports of refused warnings are entries of their own, which the queue has when the warning is gone.
async function quiet(daemon: Daemon): Promise<void> {
  await until('an empty queue', 600_000, async () => {
    daemon.wake();
    const { ready, claimed, chunks } = await daemon.home.queue.counts();
    return ready + claimed + chunks === 0;
  });
}

async function judge(list: List, n: number, claim: (holds: boolean, what: string) => void): Promise<void> {
  const steps = new Map<string, string[]>();
  for await (const page of list.store.log())
    for (const { event, address } of page) {
      if (event.startsWith('+')) continue;
      steps.set(address, [...(steps.get(address) ?? []), event]);
    }
  const all = Array.from({ length: n }, (_, index) => ({ kind: kindOf(index), address: addressOf(index) }));
  const walk = (kind: Kind, wanted: string): void => {
    const some = all.filter((one) => one.kind === kind);
    const right = some.filter(({ address }) => (steps.get(address) ?? []).join(', ') === wanted).length;
    claim(right === some.length, `${kind}: ${right} of ${some.length} went through "${wanted}"`);
  };
  walk('dead', 'bounced, warned, warning returned, probed, -probe');
  walk('ill', 'bounced, warned, recovered');
  for (const kind of ['well', 'policy', 'full'] as const) walk(kind, '');
  const dead = all.filter(({ kind }) => kind === 'dead').length;
  const left = await list.store.count('subscriber');
  claim(left === n - dead, `${left} of ${n} members are left, ${dead} were dead`);
}
