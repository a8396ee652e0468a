import type { AddressInfo } from 'node:net';
import type { ServerSettings } from '../config.ts';
import { FlushRound } from '../lib/flush-round.ts';
import { failed, type Failure, permanent, type Result, success, temporary } from '../mail/failure.ts';
import type { MessageRoom } from './collect.ts';
import { Door, type DoorParts } from './door.ts';
import { ReplyError, SmtpEngine, type SMTPServerOptions } from './smtp-engine.ts';

/** Where to listen, and for which protocol. */
export interface Listen {
  readonly host: string;
  /** 0: any free port. */
  readonly port: number;
  /** `submission` and, with TLS from the first octet, `submissions` take mail of users who log in (RFC 6409, RFC 8314 §3.3). */
  readonly protocol: 'smtp' | 'lmtp' | 'submission' | 'submissions';
}

export interface ReceiverParts extends DoorParts {
  /** For messages that are being received, of all receivers together. */
  readonly room: MessageRoom;
  /** Called when the replies of a turn of the event loop have left. */
  readonly onReplied?: () => void;
  readonly tls?: { readonly cert: Buffer; readonly key: Buffer };
}

export interface Receiver {
  readonly port: number;
  /** Takes over the limits of the settings, which have changed, and a certificate, which may be the same or none. */
  renew(tls: ReceiverParts['tls']): void;
  /** Takes no new connections and ends those that are idle; messages that are being sent have `ms` to end. */
  close(ms?: number): Promise<void>;
}

/** A connection that has no session yet and says nothing is closed (RFC 5321 §4.5.3.2.7: 5 minutes). */
const socketTimeoutMs = 300_000;
/** How long `close` waits for messages that are being sent. */
const closeTimeoutMs = 2_000;
const commandOctetsMost = 4_096;
/** Jokes of the package. */
const unusedCommands = ['WIZ', 'SHELL', 'KILL'];

/** Starts taking mail. A busy port or a forbidden one is a failure that says so. */
export async function startReceiver(listen: Listen, parts: ReceiverParts): Promise<Result<Receiver>> {
  if (isSubmission(listen) && !parts.tls)
    return failed(permanent('5.3.5', 'passwords are taken with TLS only: set tlsCertificate and tlsKey'));
  const door = new Door(isSubmission(listen) ? 'submission' : (listen.protocol as 'smtp' | 'lmtp'), parts);
  const server = new SmtpEngine(engineOptions(listen, parts, door), {
    now: () => parts.clock.now(),
    mostFrom: (address) => mostFrom(address, listen, parts.settings),
    leastSpeed: () => parts.settings.messageOctetsPerSecond,
    room: parts.room,
    round: new FlushRound(parts.onReplied),
    onMessage: (message, session) => door.message(message, session),
  });
  const problem = await listening(server, listen);
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

function isSubmission({ protocol }: Listen): boolean {
  return protocol === 'submission' || protocol === 'submissions';
}

function limits({ messageBytesMost, connectionsMost, recipientsMost }: ServerSettings): SMTPServerOptions {
  return { size: messageBytesMost, maxClients: connectionsMost, maxRecipients: recipientsMost };
}

// Our own machine and front ends speak for many.
function mostFrom(
  address: string,
  { protocol }: Listen,
  { connectionsPerAddress, proxyFrom, xclientFrom }: ServerSettings,
): number {
  const isOurs = /^(?:127\.|::1$)/.test(address) || proxyFrom.includes(address) || xclientFrom.includes(address);
  return isOurs || protocol === 'lmtp' ? Infinity : connectionsPerAddress;
}

// AUTH is switched on by session, where the session is one that may log in.
function disabled(tls: ReceiverParts['tls']): string[] {
  return [...unusedCommands, 'AUTH', ...(tls ? [] : ['STARTTLS'])];
}

function frontEnds({ proxyFrom, xclientFrom }: ServerSettings): SMTPServerOptions {
  return {
    ...(proxyFrom.length > 0 && { useProxy: [...proxyFrom] }),
    ...(xclientFrom.length > 0 && { useXClient: [...xclientFrom] }),
  };
}

function engineOptions(listen: Listen, parts: ReceiverParts, door: Door): SMTPServerOptions {
  const { settings, hostname, tls } = parts;
  return {
    name: hostname,
    banner: 'ezlm',
    lmtp: listen.protocol === 'lmtp',
    secure: listen.protocol === 'submissions',
    ...limits(settings),
    ...frontEnds(settings),
    maxCommandLength: commandOctetsMost,
    socketTimeout: socketTimeoutMs,
    disabledCommands: disabled(tls),
    disableReverseLookup: true,
    authOptional: true,
    hideENHANCEDSTATUSCODES: false,
    hideDSN: !parts.isDsnHonoured,
    hideREQUIRETLS: true,
    logger: false,
    ...tls,
    ...callbacks(listen, door),
  };
}

function callbacks(listen: Listen, door: Door): SMTPServerOptions {
  return {
    ...(isSubmission(listen) && {
      onSecure: (_socket, session, done) => {
        // Only now, and only here: no password ever goes over a plain connection.
        (session as { disabledCommands?: string[] }).disabledCommands = unusedCommands;
        done();
      },
    }),
    onAuth: ({ method, username = '', password = '', authzid }, session, done) => {
      // A front end's word is no password.
      if (method === 'XCLIENT') return done(null);
      // RFC 4616 §2: to act as somebody else is a right that nobody has here.
      if (authzid && authzid !== username) return done(new ReplyError(535, '5.7.8 nobody acts for another user here'));
      return void door.login(username, password ?? '', session).then(
        (user) => (user instanceof ReplyError ? done(user) : done(null, { user })),
        (error: unknown) => done(door.trouble(error)),
      );
    },
    onMailFrom: (path, session, done) => done(door.sender(path, session)),
    onRcptTo: (path, session, done) => done(door.recipient(path, session)),
  };
}

function listening(server: SmtpEngine, where: Listen): Promise<Failure | undefined> {
  return new Promise((resolve) => {
    const fail = (error: NodeJS.ErrnoException): void => resolve(listenFailure(error, where));
    server.once('error', fail);
    server.listen(where.port, where.host, () => {
      server.off('error', fail);
      resolve(undefined);
    });
  });
}

/** A host and a port as they are written in settings: an address of IPv6 in brackets. */
export function placeText(host: string, port: number): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}

function listenFailure(error: NodeJS.ErrnoException, { host, port }: Listen): Failure {
  const where = placeText(host, port);
  if (error.code === 'EADDRINUSE') return temporary('4.3.2', `port ${where} is taken by another program`, error.code);
  if (error.code === 'EACCES')
    return permanent('5.3.2', `port ${where} needs rights that this user has not; see CAP_NET_BIND_SERVICE`);
  return temporary('4.3.2', `cannot listen on ${where}: ${error.message}`);
}
