import { connect, isIP, type Socket } from 'node:net';
import type { Clock } from '../lib/clock.ts';
import type { Capabilities } from '../smtp/capabilities.ts';
import { type HopPolicy, isStrict, openPolicy } from '../smtp/next-hop.ts';
import type { Log } from '../log.ts';
import type { Result } from '../mail/failure.ts';
import type { SetupReply } from './conversation.ts';
import type { Fault, HostFaults } from './host-faults.ts';
import { SetupAttempt, type SetupWay, wayWithout } from './setup-attempt.ts';

/** Milliseconds; RFC 5321 §4.5.3.2 asks for minutes where a person may be waiting for nothing better. */
export interface SessionTimeouts {
  readonly connect: number;
  /** Greeting and each command before the message. */
  readonly command: number;
  /** The reply to the end of data. */
  readonly message: number;
}

export const defaultTimeouts: SessionTimeouts = Object.freeze({ connect: 30_000, command: 300_000, message: 600_000 });

/** How a connection is made, to an address or to the path of a socket; a test or a proxy gives its own. */
export type Dialer = (address: string, port: number, timeoutMs: number, localAddress?: string) => Promise<Socket>;

/** A session that is ready for transactions. */
export interface OpenSession {
  readonly socket: Socket;
  readonly capabilities: Capabilities;
  /** It speaks LMTP: what it takes has arrived. */
  readonly isLast: boolean;
  /** It goes under TLS. */
  readonly isSecure: boolean;
  /** `name[address]`. */
  readonly host: string;
}

/** Why there is no session: what the host said, or that nothing could be reached. */
export interface SetupFailure {
  /** The host answered 4xx or 5xx; otherwise it could not be reached or spoke no SMTP. */
  readonly reply?: SetupReply;
  readonly text: string;
  readonly host: string;
  /** The reply is our own word: the host was ready, and what its route asks for (TLS, a login) failed. Class `our fault`. */
  readonly isOurs?: true;
  /** The host is this server itself. */
  readonly isLoop?: true;
  /** A host took the connection: it is there, whatever it does then. */
  readonly wasConnected?: true;
}

export interface SetupParts {
  readonly dialer: Dialer;
  readonly clock: Clock;
  readonly timeouts: SessionTimeouts;
  /** The name we greet with. */
  readonly hostname: string;
  /** How the host wants to be spoken to; without it: SMTP, under TLS when it offers that. */
  readonly policy?: HopPolicy;
  /** Our address that connections of its family come from; without it the system chooses. */
  readonly localAddress?: string;
  /** Reads a password by the name of its file; without it nothing logs in. */
  readonly secretOf?: (name: string) => Promise<Result<string>>;
  /** Authorities that certificates may be signed by, beside the usual ones, as PEM. */
  readonly authorities?: string;
  readonly log?: Log;
  /** What hosts are known to fail with; without it each call finds out anew. */
  readonly faults?: HostFaults;
}

/** The address of a host that is spoken to. */
export interface SetupPeer {
  readonly name: string;
  readonly address: string;
  readonly port: number;
  /** `name[address]`, for the log and for outcomes. */
  readonly host: string;
  readonly policy: HopPolicy;
}

/** Connects to one address of a host, greets it and, where its policy says so, goes on under TLS and logs in. */
export async function openSession(
  name: string,
  address: string,
  port: number,
  parts: SetupParts,
): Promise<OpenSession | SetupFailure> {
  const policy = parts.policy ?? openPolicy;
  const host = name === address ? `[${address}]` : `${name}[${address}]`;
  const peer = { name, address, port, host: address.startsWith('/') ? address : host, policy };
  let way = firstWay(peer, parts.faults);
  const failures: Fault[] = [];
  for (;;) {
    const attempt = new SetupAttempt(peer, parts, way);
    const opened = await attempt.run();
    // Less than everything has helped: it was not the host as a whole that failed.
    if ('socket' in opened) for (const fault of failures) parts.faults?.note(peer.host, fault);
    if ('socket' in opened) return opened;
    const fault = attempt.fault();
    if (!fault) return opened;
    failures.push(fault);
    way = wayWithout(fault, way);
  }
}

function firstWay({ host, policy }: SetupPeer, faults: HostFaults | undefined): SetupWay {
  const whole = { isExtended: true, mayTls: policy.tls !== 'none' };
  if (isStrict(policy) || !faults) return whole;
  if (faults.has(host, 'ehlo') && policy.protocol === 'smtp') return wayWithout('ehlo', whole);
  return faults.has(host, 'tls') ? wayWithout('tls', whole) : whole;
}

/** Replies are short; what is longer comes in parts. */
const receivedOctets = 4_096;

export const netDialer: Dialer = (address, port, timeoutMs, localAddress) =>
  new Promise((resolve, reject) => {
    // One buffer for all that is received: a buffer for each reply costs a fan-out 2 us a delivery (measured).
    const socket: Socket = connect({
      ...(address.startsWith('/') ? { path: address } : { host: address, port }),
      ...(localAddress !== undefined && isIP(localAddress) === isIP(address) ? { localAddress } : {}),
      noDelay: true,
      onread: {
        buffer: Buffer.alloc(receivedOctets),
        callback: (length, octets) => socket.emit('data', Buffer.from(octets.buffer, octets.byteOffset, length)),
      },
    });
    const fail = (error: Error): void => {
      socket.destroy();
      reject(error);
    };
    socket.setTimeout(timeoutMs, () =>
      fail(Object.assign(new Error('connecting took too long'), { code: 'ETIMEDOUT' })),
    );
    socket.once('error', fail);
    socket.once('connect', () => {
      socket.off('error', fail);
      socket.setTimeout(0);
      socket.removeAllListeners('timeout');
      resolve(socket);
    });
  });
