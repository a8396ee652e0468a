import type { AddressInfo, ListenOptions } from 'node:net';
import type { SMTPServerAddress, SMTPServerDataStream, SMTPServerSession } from 'smtp-server';
import type { ServerSettings } from '../config.ts';
import type { Clock } from '../lib/clock.ts';
import type { Id } from '../lib/ids.ts';
import type { Log } from '../log.ts';
import { parseAddress } from '../mail/address.ts';
import { failed, type Failure, permanent, type Result, success, temporary } from '../mail/failure.ts';
import type { NewEntry, NewMessage } from '../queue/store.ts';
import { type Places, type Route, routeText } from '../route.ts';
import { failureReply } from '../smtp/reply.ts';
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
  /** Takes no new connections and ends those that are idle; resolves when all are closed. */
  close(): Promise<void>;
}

/** A session that says nothing is closed (RFC 5321 §4.5.3.2.7: 5 minutes). */
const socketTimeoutMs = 300_000;
/** How long `close` waits for running transactions. */
const closeTimeoutMs = 2_000;
const commandOctetsMost = 4_096;
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
  return success({ port, close: () => new Promise((resolve) => server.close(() => resolve())) });
}

function engineOptions(listen: Listen, parts: ReceiverParts): SMTPServerOptions {
  const { settings, hostname, tls } = parts;
  return {
    name: hostname,
    banner: 'ezlm',
    lmtp: listen.protocol === 'lmtp',
    size: settings.messageBytesMost,
    maxClients: settings.connectionsMost,
    maxRecipients: settings.recipientsMost,
    maxCommandLength: commandOctetsMost,
    socketTimeout: socketTimeoutMs,
    closeTimeout: closeTimeoutMs,
    disabledCommands: [...unusedCommands, ...(tls ? [] : ['STARTTLS'])],
    disableReverseLookup: true,
    authOptional: true,
    hideENHANCEDSTATUSCODES: false,
    hideDSN: true,
    hideREQUIRETLS: true,
    logger: false,
    ...tls,
    // Not at once: when a client has sent a whole second message behind the first without waiting for 354, the package (3.21.6) would
    // forget to go on after it.
    onMailFrom: (address, session, done) => queueMicrotask(() => done(refusedSender(address, session, parts))),
    onRcptTo: (address, session, done) => done(refusedRecipient(address, session, listen, parts)),
    onData: (stream, session, done) => {
      void takeMessage(stream, session, listen, parts).then(
        (replies) => (listen.protocol === 'lmtp' ? done(null, replies) : done(...single(replies))),
        (error: unknown) => done(asReply(bugFailure(error, parts))),
      );
    },
  };
}

function refusedSender(address: SMTPServerAddress, session: SMTPServerSession, parts: ReceiverParts): Error | null {
  if (address.address === '' || parseAddress(address.address)) return null;
  return refuse(permanent('5.1.7', 'the sender is not a mail address'), 553, session, parts, address.address);
}

function refusedRecipient(
  address: SMTPServerAddress,
  session: SMTPServerSession,
  listen: Listen,
  parts: ReceiverParts,
): Error | null {
  const route = routeText(address.address, parts.places);
  const failure = recipientFailure(route, parts);
  if (failure) return refuse(failure, 550, session, parts, address.address);
  const { rcptTo } = session.envelope;
  // The package folds a recipient that is named twice into one, and LMTP would then owe a reply (RFC 2033 §4.2).
  const isTwice =
    listen.protocol === 'lmtp' && rcptTo.some((one) => one.address.toLowerCase() === address.address.toLowerCase());
  return isTwice ? refuse(temporary('4.5.3', 'named twice'), 452, session, parts, address.address) : null;
}

function recipientFailure(route: Route, parts: ReceiverParts): Failure | undefined {
  if (route.kind === 'foreign') return permanent('5.7.1', 'mail for that domain is not taken here: no relaying');
  if (route.kind === 'unknown') return permanent('5.1.1', 'there is no such address here');
  return parts.isOffered(route) ? undefined : permanent('5.1.1', 'not offered by this list');
}

function refuse(failure: Failure, code: number, session: SMTPServerSession, parts: ReceiverParts, what: string): Error {
  parts.log('session.refused', { peer: session.remoteAddress, what, reason: failure.text });
  return asReply(failure, code);
}

async function takeMessage(
  stream: SMTPServerDataStream,
  session: SMTPServerSession,
  listen: Listen,
  parts: ReceiverParts,
): Promise<(string | Error)[]> {
  const chunks = await collect(stream);
  const most = parts.settings.messageBytesMost;
  const envelope = {
    sender: (session.envelope.mailFrom && session.envelope.mailFrom.address) || '',
    recipients: session.envelope.rcptTo.map((recipient) => recipient.address),
  };
  const peer = {
    helo: session.hostNameAppearsAs || '',
    address: session.remoteAddress,
    protocol: session.transmissionType,
  };
  const verdicts = chunks
    ? await intake({ envelope, peer, chunks, isLmtp: listen.protocol === 'lmtp' }, parts)
    : everyone(envelope.recipients, permanent('5.3.4', `the message has more than ${most} octets`));
  return verdicts.map((verdict) => ('id' in verdict ? `2.0.0 ok ${verdict.id}` : asReply(verdict.failure)));
}

// What exceeds the limit is read to its end and thrown away: memory stays bounded, and the client gets its reply.
async function collect(stream: SMTPServerDataStream): Promise<Buffer[] | undefined> {
  let chunks: Buffer[] | undefined = [];
  for await (const chunk of stream) {
    if (stream.sizeExceeded) chunks = undefined;
    chunks?.push(chunk as Buffer);
  }
  return stream.sizeExceeded ? undefined : chunks;
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
