import type { Socket } from 'node:net';
import { SMTPServer, type SMTPServerOptions } from 'smtp-server';
import type { Collecting } from './collect.ts';
import type { Connection, ConnectionParts } from './connection.ts';
import { Longest } from './longest.ts';
import { ByNetwork, networkOf } from './network.ts';
import { Pace } from './pace.ts';
import { proxyClient } from './proxy-client.ts';
import { SharedReads } from './shared-reads.ts';
import { StrictConnection } from './strict-connection.ts';

/** A connection that has been silent for so long may be ended for a new one: longer than any round trip. */
const silentMs = 5_000;
/** A command must be whole after this, the first one too, and what stands before it: a header of a front end, a handshake (RFC 5321 §4.5.3.2.7). */
const commandMs = 300_000;
/** How often clients are looked at who may be too slow. */
const lookMs = 1_000;
/** How often a stop looks who has ended its message. */
const sweepMs = 20;
/** Whoever was told to go and does not hang up is cut off after this. */
const hangUpMs = 1_000;

/** What a server needs. */
export interface EngineParts extends ConnectionParts {
  /** Milliseconds. */
  readonly now: () => number;
  /** Connections at a time from an address or its network. */
  readonly mostFrom: (address: string) => number;
  /** The least speed of a message, in octets per second. */
  readonly leastSpeed: () => number;
}

/**
 * The package's server, with four changes. Its sessions are ours (`Connection`). The PROXY protocol has its version 2 too, and no wrong
 * header is passed on. And when there is no room for a new connection the one that has said nothing for longest makes it; one address has
 * but a part of the room. And who is too slow has to go: a single look at all of them each second, so that octets cost nothing and no client
 * has a timer.
 */
export class SmtpEngine extends SMTPServer {
  readonly #parts: EngineParts;
  readonly #silent: Longest<Connection>;
  readonly #byNetwork = new ByNetwork<Connection>();
  readonly #pace: Pace;
  /** When sockets were accepted that have no session yet. */
  readonly #accepted = new WeakMap<Socket, number>();
  readonly #reads = new SharedReads();
  #looking: NodeJS.Timeout | undefined;

  constructor(options: SMTPServerOptions, parts: EngineParts) {
    super({ ...options, pauseOnConnect: true });
    this.#parts = parts;
    this.#silent = new Longest(parts.now);
    this.#pace = new Pace(parts.leastSpeed);
    this.server.once('listening', () => (this.#looking = setInterval(() => this.#look(), lookMs).unref()));
  }

  override connect(socket: Socket, socketOptions?: { readonly remoteAddress?: string }): void {
    const address = (socketOptions?.remoteAddress ?? socket.remoteAddress ?? '').replace(/^::ffff:/i, '');
    const network = networkOf(address);
    const held = this.#byNetwork.of(network);
    if (held.size >= this.#parts.mostFrom(address) && !this.#makeRoom((one) => held.has(one))) return refuse(socket);
    if (this.connections.size >= (this.options.maxClients ?? Infinity)) this.#makeRoom(() => true);
    // What has had a header of a front end or a handshake has been read.
    const upmost = this.options.secure || this._expectsProxyHeader(socket) ? socket : this.#reads.takeOver(socket);
    const connection: Connection = new StrictConnection(this, upmost, socketOptions, this.#parts, {
      heard: () => this.#silent.heard(connection),
      closed: () => this.#forget(connection, network),
    });
    this.#silent.heard(connection);
    this.#byNetwork.add(network, connection);
    this.connections.add(connection);
    connection.on('error', (error: Error) => this.emit('error', error));
    connection.init();
  }

  override _acceptSocket(socket: Socket, isHandshakeAhead: boolean): ReturnType<SMTPServer['_acceptSocket']> {
    this.#accepted.set(socket, this.#parts.now());
    return super._acceptSocket(socket, isHandshakeAhead);
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

  #forget(connection: Connection, network: string): void {
    this.#silent.forget(connection);
    this.#byNetwork.remove(network, connection);
  }

  // Whoever waits for us is not silent.
  #look(): void {
    const now = this.#parts.now();
    for (const [connection, silent] of this.#silent.all()) {
      const message = connection.incoming;
      if (message && this.#pace.isTooSlow(message, now)) this.#endMessage(connection, message);
      else if (connection.isInMessage || connection._handlerPending) this.#silent.heard(connection);
      else if (silent >= commandMs) this.#endSlow(connection, 'no whole command for 5 minutes');
    }
    for (const [socket, upmost] of this._pendingSockets)
      if (now - (this.#accepted.get(socket) ?? now) >= commandMs) upmost.destroy();
  }

  // What is above the limit has no time of its own: a message without end comes to this, too, and would come again after a 421.
  #endMessage(connection: Connection, { trouble }: Collecting): void {
    if (trouble === 'too large') this.#endSlow(connection, 'the message is too large', 552, '5.3.4');
    else this.#endSlow(connection, 'the message comes too slowly');
  }

  #endSlow(connection: Connection, why: string, code = 421, status = '4.4.2'): void {
    this.#silent.forget(connection);
    this.emit('error', new Error(`${connection.remoteAddress}: ${why}`));
    connection.send(code, `${status} ${why}`);
    connection.close();
  }

  // Whoever speaks keeps its place, so that clients who only hold connections open cannot keep others out.
  #makeRoom(isOne: (connection: Connection) => boolean): boolean {
    const longest = this.#silent.find((connection, ms) => {
      // Within a message its pace counts.
      if (connection._handlerPending || connection.isInMessage || !isOne(connection)) return false;
      return ms >= silentMs;
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
    clearInterval(this.#looking);
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
  // Read, so that its end is seen.
  socket.on('error', () => {}).resume();
  socket.end('421 4.7.0 too many connections from your address\r\n');
  setTimeout(() => socket.destroy(), hangUpMs).unref();
}

/** An error that the package answers with: its code, and a text that begins with the enhanced code. */
export class ReplyError extends Error {
  readonly responseCode: number;
  /** Nothing of this client is read after the reply. */
  readonly endsSession: boolean;

  constructor(code: number, text: string, endsSession = false) {
    super(text);
    this.responseCode = code;
    this.endsSession = endsSession;
  }
}

export type { SMTPServerOptions };
