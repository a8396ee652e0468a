import { X509Certificate } from 'node:crypto';
import { isIP, type Socket } from 'node:net';
import { connect as connectTls, type DetailedPeerCertificate, rootCertificates, type TLSSocket } from 'node:tls';
import { ReplyParser } from '../smtp/reply.ts';

/** A reply in the setting up of a session. */
export interface SetupReply {
  readonly code: number;
  readonly text: string;
}

/** Why a conversation ended early. */
export class ConnectionLost extends Error {
  /** The peer closed it; otherwise it was too slow, or spoke no SMTP. */
  readonly byPeer: boolean;

  constructor(why: string, byPeer = false) {
    super(why.replace(/[\u0000-\u001f\u007f-\u009f]+/g, ' ').trim());
    this.byPeer = byPeer;
  }
}

/** How a conversation goes on under TLS. */
export interface Upgrade {
  /** Whom we want to talk to: sent as SNI, and what the certificate must name. */
  readonly host: string;
  /** False: any certificate will do; that protects against listening only (RFC 7435). */
  readonly isVerified: boolean;
  /** Authorities beside the usual ones, as PEM. */
  readonly authorities?: string;
}

/** What is known of the peer after the handshake. */
interface Upgraded {
  /** Why its certificate would not do where it is not verified. */
  readonly doubt: string | undefined;
  /** Its own certificate, and each one's issuer behind it as far as the peer has sent them. */
  readonly certificates: () => X509Certificate[];
}

/** Certificates in a chain that are looked at. */
const chainMost = 10;

/** How long a goodbye waits for the peer to close. */
const quitMs = 5_000;

/**
 * The setting up of a session, one question at a time: greeting, EHLO, STARTTLS. When the session stands, `release` hands the socket over to
 * the transactions.
 */
export class Conversation {
  #socket: Socket;
  #parser: ReplyParser;
  #replies: SetupReply[] = [];
  #waiting: { resolve: (reply: SetupReply) => void; reject: (error: ConnectionLost) => void } | undefined;
  #lost: ConnectionLost | undefined;
  readonly #timeoutMs: number;

  constructor(socket: Socket, timeoutMs: number) {
    this.#socket = socket;
    this.#timeoutMs = timeoutMs;
    this.#parser = this.#newParser();
    this.#listen();
  }

  /** The next reply; rejects with `ConnectionLost`. */
  reply(): Promise<SetupReply> {
    const ready = this.#replies.shift();
    if (ready) return Promise.resolve(ready);
    if (this.#lost) return Promise.reject(this.#lost);
    return new Promise((resolve, reject) => {
      this.#waiting = { resolve, reject };
    });
  }

  /** Writes a command and waits for its reply. */
  ask(command: string): Promise<SetupReply> {
    if (!this.#lost) this.#socket.write(`${command}\r\n`);
    return this.reply();
  }

  /**
   * Goes on under TLS. Whatever the peer sent before the handshake is dropped (RFC 3207 §4.2): an attacker may have put it there.
   */
  async upgrade({ host, isVerified, authorities }: Upgrade): Promise<Upgraded> {
    this.#detach();
    this.#replies = [];
    this.#parser = this.#newParser();
    const secure = connectTls({
      socket: this.#socket,
      host,
      rejectUnauthorized: isVerified,
      minVersion: 'TLSv1.2',
      ...(isIP(host) === 0 ? { servername: host } : {}),
      ...(authorities === undefined ? {} : { ca: [...rootCertificates, authorities] }),
    });
    this.#socket = secure;
    this.#listen();
    await new Promise<void>((resolve, reject) => {
      this.#waiting = { resolve: () => reject(new ConnectionLost('a reply before the TLS handshake')), reject };
      secure.once('secureConnect', () => {
        this.#waiting = undefined;
        resolve();
      });
    });
    const doubt = secure.authorized ? undefined : String(secure.authorizationError);
    return { doubt, certificates: () => certificatesOf(secure) };
  }

  /** Gives the socket away; nothing listens on it then. A reply that nobody waited for would be taken for the next one: it throws then. */
  release(): Socket {
    const [stray] = this.#replies;
    if (stray) throw new ConnectionLost(`a reply to nothing: ${stray.text}`);
    this.#detach();
    return this.#socket;
  }

  /** Says goodbye and closes; nobody waits for the answer. */
  quit(): void {
    this.#detach();
    const socket = this.#socket;
    socket
      .on('error', () => {})
      .on('data', () => {})
      .setTimeout(quitMs, () => socket.destroy());
    socket.end('QUIT\r\n');
  }

  destroy(): void {
    this.#detach();
    this.#socket.on('error', () => {});
    this.#socket.destroy();
  }

  #newParser(): ReplyParser {
    return new ReplyParser((code, text) => this.#take({ code, text: text() }));
  }

  #take(reply: SetupReply): void {
    const waiting = this.#waiting;
    this.#waiting = undefined;
    if (waiting) waiting.resolve(reply);
    else this.#replies.push(reply);
  }

  #listen(): void {
    this.#socket.setTimeout(this.#timeoutMs);
    this.#socket
      .on('data', this.#onData)
      .on('error', this.#onError)
      .on('close', this.#onClose)
      .on('timeout', this.#onTimeout);
  }

  #detach(): void {
    this.#socket
      .off('data', this.#onData)
      .off('error', this.#onError)
      .off('close', this.#onClose)
      .off('timeout', this.#onTimeout);
  }

  readonly #onData = (octets: Buffer): void => {
    if (!this.#parser.feed(octets)) this.#lose('the peer does not speak SMTP');
  };

  readonly #onError = (error: Error): void => this.#lose(error.message, true);
  readonly #onClose = (): void => this.#lose('the peer closed the connection', true);
  readonly #onTimeout = (): void => this.#lose('the peer did not answer in time');

  #lose(why: string, byPeer = false): void {
    this.#lost ??= new ConnectionLost(why, byPeer);
    this.#socket.destroy();
    const waiting = this.#waiting;
    this.#waiting = undefined;
    waiting?.reject(this.#lost);
  }
}

function certificatesOf(socket: TLSSocket): X509Certificate[] {
  const chain: X509Certificate[] = [];
  let next: DetailedPeerCertificate | undefined = socket.getPeerCertificate(true);
  while (next?.raw && chain.length < chainMost) {
    chain.push(new X509Certificate(next.raw));
    // One that has signed itself is its own issuer.
    next = next.issuerCertificate === next ? undefined : next.issuerCertificate;
  }
  return chain;
}
