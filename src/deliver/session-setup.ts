import { connect, type Socket } from 'node:net';
import { type Capabilities, noCapabilities, parseCapabilities } from '../smtp/capabilities.ts';
import { ConnectionLost, Conversation, type SetupReply } from './conversation.ts';

/** Milliseconds; RFC 5321 §4.5.3.2 asks for minutes where a person may be waiting for nothing better. */
export interface SessionTimeouts {
  readonly connect: number;
  /** Greeting and each command before the message. */
  readonly command: number;
  /** The reply to the end of data. */
  readonly message: number;
}

export const defaultTimeouts: SessionTimeouts = Object.freeze({ connect: 30_000, command: 300_000, message: 600_000 });

/** How a connection is made; a test or a proxy gives its own. */
export type Dialer = (address: string, port: number, timeoutMs: number) => Promise<Socket>;

/** A session that is ready for transactions. */
export interface OpenSession {
  readonly socket: Socket;
  readonly capabilities: Capabilities;
  /** `name[address]`. */
  readonly host: string;
}

/** Why there is no session: what the host said, or that nothing could be reached. */
export interface SetupFailure {
  /** The host answered 4xx or 5xx; otherwise it could not be reached or spoke no SMTP. */
  readonly reply?: SetupReply;
  readonly text: string;
  readonly host: string;
}

export interface SetupParts {
  readonly dialer: Dialer;
  readonly timeouts: SessionTimeouts;
  /** The name we greet with. */
  readonly hostname: string;
}

/** Connects to one address of a host and greets it, under TLS when it offers that. */
export async function openSession(
  name: string,
  address: string,
  port: number,
  parts: SetupParts,
): Promise<OpenSession | SetupFailure> {
  const host = name === address ? `[${address}]` : `${name}[${address}]`;
  const secured = await tryOpen(name, address, port, host, parts, true);
  // RFC 7435: a handshake that fails is no reason to keep the mail; the next connection goes without.
  return 'tlsFailed' in secured ? tryOpen(name, address, port, host, parts, false) : secured;
}

/** Replies are short; what is longer comes in parts. */
const receivedOctets = 4_096;

export const netDialer: Dialer = (address, port, timeoutMs) =>
  new Promise((resolve, reject) => {
    // One buffer for all that is received: a buffer for each reply costs a fan-out 2 us a delivery (measured).
    const socket: Socket = connect({
      host: address,
      port,
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
    socket.setTimeout(timeoutMs, () => fail(new Error('connecting took too long')));
    socket.once('error', fail);
    socket.once('connect', () => {
      socket.off('error', fail);
      socket.setTimeout(0);
      socket.removeAllListeners('timeout');
      resolve(socket);
    });
  });

async function tryOpen(
  name: string,
  address: string,
  port: number,
  host: string,
  parts: SetupParts,
  mayTls: boolean,
): Promise<OpenSession | (SetupFailure & { tlsFailed?: true })> {
  let conversation: Conversation | undefined;
  let isHandshaking = false;
  try {
    conversation = new Conversation(await parts.dialer(address, port, parts.timeouts.connect), parts.timeouts.command);
    const greeting = await conversation.reply();
    if (greeting.code !== 220) return refused(conversation, host, greeting);
    let capabilities = await greet(conversation, parts.hostname);
    if (!('pipelining' in capabilities)) return refused(conversation, host, capabilities);
    if (mayTls && capabilities.startTls && (await conversation.ask('STARTTLS')).code === 220) {
      isHandshaking = true;
      await conversation.upgrade(name);
      isHandshaking = false;
      capabilities = await greet(conversation, parts.hostname);
      if (!('pipelining' in capabilities)) return refused(conversation, host, capabilities);
    }
    return { socket: conversation.release(), capabilities, host };
  } catch (error) {
    conversation?.destroy();
    const failure = { host, text: (error as Error).message };
    return isHandshaking && error instanceof ConnectionLost ? { ...failure, tlsFailed: true } : failure;
  }
}

// RFC 5321 §3.2: a host that refuses EHLO is asked with HELO.
async function greet(conversation: Conversation, hostname: string): Promise<Capabilities | SetupReply> {
  const extended = await conversation.ask(`EHLO ${hostname}`);
  if (extended.code === 250) return parseCapabilities(extended.text);
  if (extended.code < 500) return extended;
  const plain = await conversation.ask(`HELO ${hostname}`);
  return plain.code === 250 ? noCapabilities : plain;
}

function refused(conversation: Conversation, host: string, reply: SetupReply): SetupFailure {
  conversation.destroy();
  return { reply, text: reply.text, host };
}
