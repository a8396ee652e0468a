import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import type { TestContext } from 'node:test';

const types = { A: 1, CNAME: 5, MX: 15, TXT: 16, AAAA: 28, TLSA: 52 } as const;

/** What the name server says of one name and type. */
export interface Said {
  readonly records?: readonly Buffer[];
  /** RFC 1035 §4.1.1: 2 is SERVFAIL, 3 that there is no such name. */
  readonly rcode?: number;
  /** It was proved by DNSSEC (the AD bit). */
  readonly isSigned?: boolean;
  /** The answer is an alias: another name, whose own records follow. */
  readonly alias?: string;
  /** Over UDP only that the answer is too long for it. */
  readonly isLong?: boolean;
}

/** A name server that knows what a test tells it. */
export interface NameServer {
  /** `127.0.0.1:port` */
  readonly place: string;
  /** By `name TYPE`; what is not here has no such name, and the answer is signed when `isSigned` is. It may change. */
  readonly zone: Map<string, Said>;
  /** Questions so far, as `name TYPE`, with ` over TCP` where it was. */
  readonly asked: string[];
  /** Changes an answer before it leaves. */
  spoil: ((reply: Buffer) => Buffer[]) | undefined;
}

/** The fields of records, RFC 1035 §3.3 and RFC 6698 §2.1. */
export const rdata = {
  a: (address: string): Buffer => Buffer.from(address.split('.').map(Number)),
  mx: (preference: number, host: string): Buffer => Buffer.concat([u16(preference), nameOctets(host)]),
  txt: (...strings: string[]): Buffer =>
    Buffer.concat(strings.map((text) => Buffer.from(`${String.fromCharCode(text.length)}${text}`, 'latin1'))),
  tlsa: (usage: number, selector: number, matching: number, octets: Uint8Array): Buffer =>
    Buffer.concat([Buffer.from([usage, selector, matching]), octets]),
};

/** Starts one on UDP and TCP; it ends with the test. */
export async function startNameServer(t: TestContext, zone: Readonly<Record<string, Said>>): Promise<NameServer> {
  const tcp = createServer();
  tcp.listen(0, '127.0.0.1');
  await once(tcp, 'listening');
  const { port } = tcp.address() as AddressInfo;
  const udp = createSocket('udp4');
  udp.bind(port, '127.0.0.1');
  await once(udp, 'listening');
  const server: NameServer = {
    place: `127.0.0.1:${port}`,
    zone: new Map(Object.entries(zone)),
    asked: [],
    spoil: undefined,
  };
  udp.on('message', (query, { port: from }) => {
    const reply = replyTo(query, server, false);
    for (const one of server.spoil?.(reply) ?? [reply]) udp.send(one, from, '127.0.0.1');
  });
  tcp.on('connection', (socket) => {
    socket.on('error', () => socket.destroy());
    socket.on('data', (octets: Buffer) => {
      const reply = replyTo(octets.subarray(2), server, true);
      socket.end(Buffer.concat([u16(reply.length), reply]));
    });
  });
  t.after(() => {
    udp.close();
    tcp.close();
  });
  return server;
}

function replyTo(query: Buffer, { zone, asked }: NameServer, isTcp: boolean): Buffer {
  let end = 12;
  const labels: string[] = [];
  for (; query[end] !== 0; end += query[end]! + 1)
    labels.push(query.toString('latin1', end + 1, end + 1 + query[end]!));
  const type = query.readUInt16BE(end + 1);
  const typeName = Object.entries(types).find(([, number]) => number === type)?.[0] ?? String(type);
  const key = `${labels.join('.').toLowerCase()} ${typeName}`;
  asked.push(isTcp ? `${key} over TCP` : key);
  const said = zone.get(key) ?? {
    rcode: [...zone.keys()].some((one) => one.startsWith(`${key.split(' ')[0]} `)) ? 0 : 3,
  };
  const isCut = said.isLong === true && !isTcp;
  const answers = isCut ? [] : answersOf(key, said, zone);
  // QR, RD, RA; TC and AD as they are.
  const flags = 0x8180 | (isCut ? 0x0200 : 0) | (said.isSigned ? 0x0020 : 0) | (said.rcode ?? 0);
  const counts = [1, answers.length, 0, 0].map(u16);
  return Buffer.concat([query.subarray(0, 2), u16(flags), ...counts, query.subarray(12, end + 5), ...answers]);
}

function answersOf(key: string, { records = [], alias }: Said, zone: ReadonlyMap<string, Said>): Buffer[] {
  const [name, type] = key.split(' ') as [string, string];
  const own = records.map((octets) => record(name, types[type as keyof typeof types], octets));
  if (alias === undefined) return own;
  const target = `${alias} ${type}`;
  return [record(name, types.CNAME, nameOctets(alias)), ...answersOf(target, zone.get(target) ?? {}, zone)];
}

function record(name: string, type: number, octets: Buffer): Buffer {
  return Buffer.concat([nameOctets(name), u16(type), u16(1), Buffer.from([0, 0, 0, 60]), u16(octets.length), octets]);
}

function nameOctets(name: string): Buffer {
  const labels = name === '' ? [] : name.split('.');
  return Buffer.from(`${labels.map((label) => String.fromCharCode(label.length) + label).join('')}\0`, 'latin1');
}

function u16(value: number): Buffer {
  return Buffer.from([value >> 8, value & 255]);
}
