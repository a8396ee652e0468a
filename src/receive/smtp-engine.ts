import type { Socket } from 'node:net';
import { SMTPServer, type SMTPServerAddress, type SMTPServerOptions } from 'smtp-server';
import { SMTPConnection } from 'smtp-server/lib/smtp-connection.js';
import type { PathParameters } from '../mail/dsn-request.ts';
import { Longest } from './longest.ts';
import { ByNetwork, networkOf } from './network.ts';
import { proxyClient } from './proxy-client.ts';

const ownStatus = /^[245]\.\d{1,3}\.\d{1,3} /;

/** Enhanced codes (RFC 3463) of the refusals that the package words itself; to it 552 is a full mailbox, to us a message too large. */
const refusals: Readonly<Record<number, string>> = {
  421: '4.3.2',
  450: '4.2.0',
  451: '4.3.0',
  452: '4.5.3',
  454: '4.7.0',
  500: '5.5.2',
  501: '5.5.4',
  502: '5.5.1',
  503: '5.5.1',
  504: '5.5.4',
  530: '5.7.0',
  550: '5.7.0',
  552: '5.3.4',
  553: '5.1.3',
  555: '5.5.4',
};

/** The address of MAIL or RCPT; parameters as they came, while the package decodes them and passes over what it cannot decode. */
export interface Path extends SMTPServerAddress {
  readonly parameters?: PathParameters;
}

/**
 * The package's server, with five changes. A refusal has the enhanced code that its text begins with, or the one of our table: the package
 * would put one of its own before every text (550 is always 5.1.1 to it), or none. Parameters of MAIL and RCPT are kept as they came. The
 * PROXY protocol has its version 2 too, and no wrong header is passed on. And when there is no room for a new connection the one that has
 * said nothing for longest makes it; one address has but a part of the room.
 */
export class SmtpEngine extends SMTPServer {
  readonly #silent: Longest<SMTPConnection>;
  readonly #byNetwork = new ByNetwork<SMTPConnection>();
  readonly #mostFrom: (address: string) => number;

  /** `now`: milliseconds. `mostFrom`: connections at a time from an address or its network. */
  constructor(options: SMTPServerOptions, now: () => number, mostFrom: (address: string) => number) {
    super(options);
    this.#silent = new Longest(now);
    this.#mostFrom = mostFrom;
  }

  override connect(socket: Socket, socketOptions?: { readonly remoteAddress?: string }): void {
    const address = (socketOptions?.remoteAddress ?? socket.remoteAddress ?? '').replace(/^::ffff:/i, '');
    const network = networkOf(address);
    const held = this.#byNetwork.of(network);
    if (held.size >= this.#mostFrom(address) && !this.#makeRoom((one) => held.has(one))) return refuse(socket);
    if (this.connections.size >= (this.options.maxClients ?? Infinity)) this.#makeRoom(() => true);
    const connection = new SMTPConnection(this, socket, socketOptions);
    rewordReplies(connection);
    keepParameters(connection);
    this.#watch(connection, network);
    this.connections.add(connection);
    connection.on('error', (error: Error) => this.emit('error', error));
    connection.init();
  }

  override _handleProxy(socket: Socket, callback: Parameters<SMTPServer['_handleProxy']>[1]): void {
    if (!this._expectsProxyHeader(socket)) {
      super._handleProxy(socket, callback);
      return;
    }
    const from = socket.remoteAddress;
    void proxyClient(socket).then((client) => {
      if (client === 'wrong') {
        socket.destroy();
        this.emit('error', new Error(`no PROXY header from ${from}`));
        return callback(new Error('no PROXY header'));
      }
      const id = `${++this.#proxied}`;
      return callback(null, { id, ...(client && { remoteAddress: client.address, remotePort: client.port }) });
    });
  }
  #proxied = 0;

  #watch(connection: SMTPConnection, network: string): void {
    this.#silent.heard(connection);
    this.#byNetwork.add(network, connection);
    const command = connection._onCommand.bind(connection);
    connection._onCommand = (line, next) => {
      this.#silent.heard(connection);
      command(line, next);
    };
    const closed = connection._onClose.bind(connection);
    connection._onClose = () => {
      this.#silent.forget(connection);
      this.#byNetwork.remove(network, connection);
      closed();
    };
  }

  // Whoever speaks keeps its place, so that clients who only hold connections open cannot keep others out.
  #makeRoom(isOne: (connection: SMTPConnection) => boolean): boolean {
    const longest = this.#silent.find((connection, ms) => {
      if (connection._handlerPending || !isOne(connection)) return false;
      return ms >= (connection._dataStream ? slowMessageMs : silentMs);
    });
    if (!longest) return false;
    this.#silent.forget(longest);
    longest.send(421, 'others are waiting, and you say nothing');
    longest.close();
    return true;
  }

  /**
   * Takes no new connections. Whoever is within the octets of a message may end it within `ms` and gets its reply; the others hear 421
   * at once. Resolves when all are gone, or when the time is over.
   */
  async end(ms: number): Promise<void> {
    this.options.closeTimeout = ms;
    // The package answers 421 to every further command, but leaves those alone who say nothing.
    const sweep = setInterval(() => this.#dismiss(), sweepMs);
    await new Promise<void>((resolve) => this.close(resolve));
    clearInterval(sweep);
    for (const connection of this.connections) connection._socket.destroy();
  }

  /** Takes over limits and a certificate for what comes from now on. */
  renew(options: SMTPServerOptions): void {
    this.updateSecureContext(options);
  }

  #dismiss(): void {
    for (const connection of this.connections) {
      if (connection._dataStream) continue;
      connection.send(421, 'the server is being stopped; try again later');
      connection.close();
      setTimeout(() => connection._socket.destroy(), hangUpMs).unref();
    }
  }
}

// In place of a greeting (RFC 5321 §3.1).
function refuse(socket: Socket): void {
  socket.on('error', () => {});
  socket.end('421 4.7.0 too many connections from your address\r\n');
  setTimeout(() => socket.destroy(), hangUpMs).unref();
}

function rewordReplies(connection: SMTPConnection): void {
  const send = togetherSend(connection);
  connection.send = (code, text, context) => {
    const isOwn = typeof text === 'string' && ownStatus.test(text);
    if (isOwn) send(code, text, false);
    else if (code >= 400) send(code, `${refusals[code] ?? `${Math.floor(code / 100)}.0.0`} ${String(text)}`, false);
    else send(code, text, context);
  };
}

// Replies to commands that came in one packet leave in one: a write costs 30 µs and wakes the client. What comes before a handshake, or is the
// last word, does not wait.
function togetherSend(connection: SMTPConnection): SMTPConnection['send'] {
  const send = connection.send.bind(connection);
  let corked: Socket | undefined;
  const flush = (): void => {
    corked?.uncork();
    corked = undefined;
  };
  return (code, text, context) => {
    if (code >= 400 || code === 220 || code === 221) flush();
    else if (!corked) {
      corked = connection._socket;
      corked.cork();
      setImmediate(flush);
    }
    send(code, text, context);
  };
}

function keepParameters(connection: SMTPConnection): void {
  const parse = connection._parseAddressCommand.bind(connection);
  connection._parseAddressCommand = (name, command) => {
    const parsed = parse(name, command);
    return parsed && parsed.args ? Object.assign(parsed, { parameters: parametersOf(String(command)) }) : parsed;
  };
}

function parametersOf(command: string): PathParameters {
  const words = command
    .slice(command.indexOf('>') + 1)
    .split(/\s+/)
    .filter((word) => word !== '');
  return new Map(
    words.map((word) => {
      const at = word.indexOf('=');
      return at < 0 ? [word.toUpperCase(), ''] : [word.slice(0, at).toUpperCase(), word.slice(at + 1)];
    }),
  );
}

/** A connection that has been silent for so long may be ended for a new one: longer than any round trip. */
const silentMs = 5_000;
/** The same for one that is sending a message: 10 minutes are what RFC 5321 §4.5.3.2.6 has the end of one wait for. */
const slowMessageMs = 600_000;
/** How often a stop looks who has ended its message. */
const sweepMs = 20;
/** Whoever was told to go and does not hang up is cut off after this. */
const hangUpMs = 1_000;

/** An error that the package answers with: its code, and a text that begins with the enhanced code. */
export class ReplyError extends Error {
  readonly responseCode: number;

  constructor(code: number, text: string) {
    super(text);
    this.responseCode = code;
  }
}

export type { SMTPServerOptions };
