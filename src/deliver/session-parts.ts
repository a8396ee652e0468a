import type { Socket } from 'node:net';
import type { Clock } from '../lib/clock.ts';
import type { Log } from '../log.ts';
import type { Result } from '../mail/failure.ts';
import type { Capabilities } from '../smtp/capabilities.ts';
import type { HopPolicy } from '../smtp/next-hop.ts';
import type { SetupReply } from './conversation.ts';
import type { HostFaults } from './host-faults.ts';

/** Milliseconds; RFC 5321 §4.5.3.2 asks for minutes where a person may be waiting for nothing better. */
export interface SessionTimeouts {
  readonly connect: number;
  /** Greeting and each command before the message. */
  readonly command: number;
  /** The reply to the end of data. */
  readonly message: number;
}

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
