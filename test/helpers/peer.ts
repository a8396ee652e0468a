import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { SMTPServer } from 'smtp-server';
import { until } from './until.ts';

/** One copy that the peer was sent. */
export interface PeerCopy {
  readonly sender: string;
  readonly recipient: string;
  readonly message: string;
}

/** A mail server for everybody's domain: keeps what it takes, and refuses whom it is told to. */
export interface Peer {
  readonly port: number;
  readonly copies: PeerCopy[];
  /** Recipients in lower case, and the reply that refuses them. */
  readonly refusals: Map<string, { code: number; text: string }>;
  /** What a recipient was sent so far. */
  of(recipient: string): PeerCopy[];
  /** The `count`th copy for a recipient, once it is there. */
  nth(recipient: string, count: number): Promise<PeerCopy>;
  /** Resolves when nobody is connected: what a dead client had sent has been taken. */
  isAlone(): Promise<unknown>;
  close(): Promise<void>;
}

/** Starts a peer on a free port of the loopback. It has a copy when the message has ended, and says so `replyMs` later. */
export async function startPeer(replyMs = 0): Promise<Peer> {
  const refusals = new Map<string, { code: number; text: string }>();
  const copies: PeerCopy[] = [];
  const server = new SMTPServer({
    disabledCommands: ['AUTH', 'STARTTLS'],
    disableReverseLookup: true,
    logger: false,
    closeTimeout: 100,
    onRcptTo: ({ address }, _session, done) => {
      const refusal = refusals.get(address.toLowerCase());
      done(refusal && Object.assign(new Error(refusal.text), { responseCode: refusal.code }));
    },
    onData: (stream, session, done) => {
      const chunks: Buffer[] = [];
      stream.on('data', (chunk: Buffer) => chunks.push(chunk));
      stream.once('end', () => {
        const { mailFrom, rcptTo } = session.envelope;
        const sender = mailFrom === false ? '' : mailFrom.address;
        const message = Buffer.concat(chunks).toString('latin1');
        for (const { address } of rcptTo) copies.push({ sender, recipient: address, message });
        if (replyMs === 0) done();
        else setTimeout(done, replyMs).unref();
      });
    },
  });
  // A daemon that is killed breaks off.
  server.on('error', () => {});
  server.listen(0, '127.0.0.1');
  await once(server.server, 'listening');
  const of = (recipient: string): PeerCopy[] => copies.filter((copy) => copy.recipient.toLowerCase() === recipient);
  return {
    port: (server.server.address() as AddressInfo).port,
    copies,
    refusals,
    of,
    nth: (recipient, count) => until(`mail ${count} for ${recipient}`, () => of(recipient)[count - 1]),
    isAlone: () => until('the end of all connections', () => server.connections.size === 0),
    close: () => new Promise((resolve) => server.close(() => resolve())),
  };
}
