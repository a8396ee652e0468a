import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { connect, isIP } from 'node:net';
import { type DnsReply, dnsQuery, readDnsReply } from './dns-message.ts';

/** Where a name server is, and how long it is waited for. */
export interface DnsServer {
  readonly address: string;
  readonly port: number;
  /** Milliseconds for each try. */
  readonly timeoutMs: number;
  readonly tries: number;
  /** A whole number below the limit that nobody can foresee. */
  readonly random: (limit: number) => number;
}

/**
 * Asks one question over UDP, from a port of its own, and over TCP when the answer does not fit (RFC 7766). Only an answer from there, to
 * this question under this id, is one (RFC 5452); a text says why there is none.
 */
export async function askDns(name: string, type: number, server: DnsServer): Promise<DnsReply | string> {
  const id = server.random(65_536);
  const query = dnsQuery(id, name, type);
  if (!query) return `"${name}" is no name that can be asked for`;
  const isAnswer = (reply: DnsReply | undefined): reply is DnsReply =>
    reply?.id === id && reply.name === name.toLowerCase() && reply.type === type;
  let why = 'nobody was asked';
  for (let left = server.tries; left > 0; left--) {
    const signal = AbortSignal.timeout(server.timeoutMs);
    try {
      const short = await overUdp(query, server, isAnswer, signal);
      if (!short.isCut) return short;
      const whole = readDnsReply(await overTcp(query, server, signal));
      if (isAnswer(whole)) return whole;
      why = 'the answer over TCP is none';
    } catch (error) {
      why = signal.aborted ? 'there was no answer in time' : (error as Error).message;
    }
  }
  return why;
}

async function overUdp(
  query: Buffer,
  { address, port }: DnsServer,
  isAnswer: (reply: DnsReply | undefined) => reply is DnsReply,
  signal: AbortSignal,
): Promise<DnsReply> {
  const socket = createSocket(isIP(address) === 6 ? 'udp6' : 'udp4');
  try {
    const answered = new Promise<DnsReply>((resolve, reject) => {
      socket.on('error', reject);
      signal.addEventListener('abort', reject);
      socket.on('message', (message) => {
        const reply = readDnsReply(message);
        if (isAnswer(reply)) resolve(reply);
      });
      // The kernel passes over what others send to a connected socket.
      socket.connect(port, address, () => socket.send(query));
    });
    return await answered;
  } finally {
    socket.close();
  }
}

async function overTcp(query: Buffer, { address, port }: DnsServer, signal: AbortSignal): Promise<Buffer> {
  const socket = connect({ host: address, port, signal });
  try {
    await once(socket, 'connect', { signal });
    socket.write(Buffer.concat([Buffer.from([query.length >> 8, query.length & 255]), query]));
    let heard = Buffer.alloc(0);
    for await (const octets of socket as AsyncIterable<Buffer>) {
      heard = Buffer.concat([heard, octets]);
      if (heard.length >= 2 && heard.length >= 2 + heard.readUInt16BE(0))
        return heard.subarray(2, 2 + heard.readUInt16BE(0));
    }
    throw new Error('the answer over TCP ended too early');
  } finally {
    socket.destroy();
  }
}
