import type { AddressInfo, ListenOptions } from 'node:net';
import type { SMTPServerAddress, SMTPServerDataStream, SMTPServerSession } from 'smtp-server';
import type { ServerSettings } from '../config.ts';
import type { Clock } from '../lib/clock.ts';
import type { Id } from '../lib/ids.ts';
import type { Log } from '../log.ts';
import { canonicalOf } from '../mail/address.ts';
import { failed, type Failure, permanent, type Result, success, temporary } from '../mail/failure.ts';
import type { NewEntry, NewMessage } from '../queue/store.ts';
import type { Places, Route } from '../route.ts';
import { failureReply } from '../smtp/reply.ts';
import {
  plainAddress,
  recipientRefusal,
  recipientText,
  type Refusal,
  senderRefusal,
  withoutTwins,
} from './envelope.ts';
import { intake, type Judge, type Verdict } from './intake.ts';
import { ReplyError, SmtpEngine, type SMTPServerOptions } from './smtp-engine.ts';

/** Where to listen, and for which protocol. */
export interface Listen {
  readonly host: string;
  /** 0: any free port. */
  readonly port: number;
  readonly protocol: 'smtp' | 'lmtp';
}

export interface ReceiverParts {
  readonly settings: ServerSettings;
  readonly hostname: string;
  readonly tls?: { readonly cert: Buffer; readonly key: Buffer };
  readonly places: Places;
  /** Forms of addresses that are answered; the others are refused at RCPT. */
  readonly isOffered: (route: Route) => boolean;
  readonly judge: Judge;
  readonly accept: (messages: readonly NewMessage[], entries: readonly NewEntry[]) => Promise<void>;
  /** Something is in the queue. */
  readonly onAccepted: () => void;
  readonly clock: Clock;
  readonly log: Log;
  readonly newId: () => Id;
}

export interface Receiver {
  readonly port: number;
  /** Takes over the limits of the settings, which have changed, and a certificate, which may be the same or none. */
  renew(tls: ReceiverParts['tls']): void;
  /** Takes no new connections and ends those that are idle; messages that are being sent have `ms` to end. */
  close(ms?: number): Promise<void>;
}

/** A session, and what it talks to. */
interface Door {
  readonly session: SMTPServerSession;
  readonly parts: ReceiverParts;
  readonly protocol: Listen['protocol'];
  /** Refused senders and recipients of each session. */
  readonly refusals: WeakMap<SMTPServerSession, number>;
}

/** A session that says nothing is closed (RFC 5321 §4.5.3.2.7: 5 minutes). */
const socketTimeoutMs = 300_000;
/** How long `close` waits for messages that are being sent. */
const closeTimeoutMs = 2_000;
const commandOctetsMost = 4_096;
/** Refused senders and recipients of a session since its last message: a hundred and more are guesses. */
const refusalsMost = 100;
/** We know no users; the last three are jokes of the package. */
const unusedCommands = ['AUTH', 'WIZ', 'SHELL', 'KILL'];

/** Starts taking mail. A busy port or a forbidden one is a failure that says so. */
export async function startReceiver(listen: Listen, parts: ReceiverParts): Promise<Result<Receiver>> {
  const server = new SmtpEngine(engineOptions(listen, parts));
  const problem = await listening(server, { host: listen.host, port: listen.port });
  if (problem) return failed(problem);
  // A client that breaks off is none of our errors.
  server.on('error', (error) => parts.log('session.refused', { reason: error.message }));
  const { port } = server.server.address() as AddressInfo;
  return success({
    port,
    renew: (tls) => server.renew({ ...limits(parts.settings), ...tls, disabledCommands: disabled(tls) }),
    close: (ms = closeTimeoutMs) => server.end(ms),
  });
}

function limits({ messageBytesMost, connectionsMost, recipientsMost }: ServerSettings): SMTPServerOptions {
  return { size: messageBytesMost, maxClients: connectionsMost, maxRecipients: recipientsMost };
}

function disabled(tls: ReceiverParts['tls']): string[] {
  return [...unusedCommands, ...(tls ? [] : ['STARTTLS'])];
}

function engineOptions(listen: Listen, parts: ReceiverParts): SMTPServerOptions {
  const { settings, hostname, tls } = parts;
  const refusals = new WeakMap<SMTPServerSession, number>();
  const doorOf = (session: SMTPServerSession): Door => ({ session, parts, protocol: listen.protocol, refusals });
  return {
    name: hostname,
    banner: 'ezlm',
    lmtp: listen.protocol === 'lmtp',
    ...limits(settings),
    maxCommandLength: commandOctetsMost,
    socketTimeout: socketTimeoutMs,
    disabledCommands: disabled(tls),
    disableReverseLookup: true,
    authOptional: true,
    hideENHANCEDSTATUSCODES: false,
    hideDSN: true,
    hideREQUIRETLS: true,
    logger: false,
    ...tls,
    // Not at once: when a client has sent a whole second message behind the first without waiting for 354, the package (3.21.6) would
    // forget to go on after it.
    onMailFrom: (address, session, done) =>
      queueMicrotask(() => done(answered(senderRefusal(address, isUtf8(session)), address, doorOf(session)))),
    onRcptTo: (address, session, done) => {
      const door = doorOf(session);
      done(answered(refusedRecipient(address, door), address, door));
    },
    onData: (stream, session, done) => {
      void takeMessage(stream, doorOf(session)).then(
        (replies) => (listen.protocol === 'lmtp' ? done(null, replies) : done(...single(replies))),
        (error: unknown) => done(asReply(bugFailure(error, parts))),
      );
    },
  };
}

function refusedRecipient(address: SMTPServerAddress, door: Door): Refusal | undefined {
  const { session, parts } = door;
  const { domains } = parts.settings;
  const refusal = recipientRefusal(address, isUtf8(session), { ...parts, domains });
  if (refusal || door.protocol === 'smtp') return refusal;
  // The package folds a recipient that is named twice into one, and LMTP would then owe a reply (RFC 2033 §4.2).
  const name = canonicalOf(recipientText(address.address, domains));
  const isTwice = session.envelope.rcptTo.some((one) => canonicalOf(recipientText(one.address, domains)) === name);
  return isTwice ? { failure: temporary('4.5.3', 'named twice'), code: 452 } : undefined;
}

function isUtf8(session: SMTPServerSession): boolean {
  return session.envelope.smtpUtf8 ?? false;
}

function answered(refusal: Refusal | undefined, address: SMTPServerAddress, door: Door): Error | null {
  if (!refusal) return null;
  const { session, parts, refusals } = door;
  const count = (refusals.get(session) ?? 0) + 1;
  refusals.set(session, count);
  parts.log('session.refused', { peer: session.remoteAddress, what: address.address, reason: refusal.failure.text });
  // 421 ends the session.
  return count > refusalsMost
    ? asReply(temporary('4.7.0', 'too many refused addresses'), 421)
    : asReply(refusal.failure, refusal.code);
}

async function takeMessage(stream: SMTPServerDataStream, door: Door): Promise<(string | Error)[]> {
  const { session, parts, protocol } = door;
  const chunks = await collect(stream);
  const envelope = envelopeOf(door);
  if (chunks === 'broken off') {
    parts.log('session.refused', { peer: session.remoteAddress, reason: 'the connection ended within a message' });
    return [];
  }
  const most = parts.settings.messageBytesMost;
  const peer = { helo: session.hostNameAppearsAs || '', address: session.remoteAddress, protocol: traceWord(session) };
  const verdicts =
    chunks === 'too large'
      ? everyone(envelope.recipients, permanent('5.3.4', `the message has more than ${most} octets`))
      : await intake({ envelope, peer, chunks, isLmtp: protocol === 'lmtp' }, parts);
  if (verdicts.some((verdict) => 'id' in verdict)) door.refusals.delete(session);
  return verdicts.map((verdict) => ('id' in verdict ? `2.0.0 ok ${verdict.id}` : asReply(verdict.failure)));
}

function envelopeOf({ session, parts, protocol }: Door): { sender: string; recipients: readonly string[] } {
  const { mailFrom, rcptTo } = session.envelope;
  const recipients = rcptTo.map(({ address }) => recipientText(address, parts.settings.domains));
  return {
    sender: plainAddress((mailFrom && mailFrom.address) || ''),
    // LMTP owes a reply for each, and has refused the second of two.
    recipients: protocol === 'lmtp' ? recipients : withoutTwins(recipients),
  };
}

// RFC 6531 §4.3: UTF8SMTP, UTF8SMTPS, UTF8LMTP … for ESMTP, ESMTPS, LMTP.
function traceWord(session: SMTPServerSession): string {
  const word = session.transmissionType;
  return isUtf8(session) ? `UTF8${word.replace(/^E/, '')}` : word;
}

// What exceeds the limit is read to its end and thrown away: memory stays bounded, and the client gets its reply.
async function collect(stream: SMTPServerDataStream): Promise<Buffer[] | 'too large' | 'broken off'> {
  let chunks: Buffer[] | undefined = [];
  try {
    for await (const chunk of stream) {
      if (stream.sizeExceeded) chunks = undefined;
      chunks?.push(chunk as Buffer);
    }
  } catch {
    // Only the end of the connection ends the stream so.
    return 'broken off';
  }
  return stream.sizeExceeded || !chunks ? 'too large' : chunks;
}

function everyone(recipients: readonly string[], failure: Failure): Verdict[] {
  return recipients.map(() => ({ failure }));
}

// SMTP has one reply for all: the acceptance when there is one.
function single(replies: readonly (string | Error)[]): [Error | null, string?] {
  const accepted = replies.find((reply) => typeof reply === 'string');
  return accepted === undefined
    ? [(replies[0] as Error | undefined) ?? new ReplyError(554, '5.5.1 no recipients')]
    : [null, accepted];
}

function asReply(failure: Failure, code?: number): Error {
  const reply = failureReply(failure, code);
  return new ReplyError(reply.code, reply.text);
}

function bugFailure(error: unknown, parts: ReceiverParts): Failure {
  parts.log('storage.trouble', {
    doing: 'taking a message',
    cause: error instanceof Error ? error.message : String(error),
  });
  return temporary('4.3.0', 'local trouble; try again later');
}

function listening(server: SmtpEngine, where: ListenOptions): Promise<Failure | undefined> {
  return new Promise((resolve) => {
    const fail = (error: NodeJS.ErrnoException): void => resolve(listenFailure(error, where));
    server.once('error', fail);
    server.listen(where.port, where.host, () => {
      server.off('error', fail);
      resolve(undefined);
    });
  });
}

function listenFailure(error: NodeJS.ErrnoException, { host, port }: ListenOptions): Failure {
  const where = `${host}:${port}`;
  if (error.code === 'EADDRINUSE') return temporary('4.3.2', `port ${where} is taken by another program`, error.code);
  if (error.code === 'EACCES')
    return permanent('5.3.2', `port ${where} needs rights that this user has not; see CAP_NET_BIND_SERVICE`);
  return temporary('4.3.2', `cannot listen on ${where}: ${error.message}`);
}
