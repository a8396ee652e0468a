import type { Socket } from 'node:net';
import { SMTPServer, type SMTPServerOptions } from 'smtp-server';
import { SMTPConnection } from 'smtp-server/lib/smtp-connection.js';

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

/**
 * The package's server, with one change: a refusal has the enhanced code that its text begins with, or the one of our table. The package
 * would put one of its own before every text (550 is always 5.1.1 to it), or none.
 */
export class SmtpEngine extends SMTPServer {
  override connect(socket: Socket, socketOptions?: object): void {
    const connection = new SMTPConnection(this, socket, socketOptions);
    const send = connection.send.bind(connection);
    connection.send = (code, text, context) => {
      const isOwn = typeof text === 'string' && ownStatus.test(text);
      if (isOwn) send(code, text, false);
      else if (code >= 400) send(code, `${refusals[code] ?? `${Math.floor(code / 100)}.0.0`} ${String(text)}`, false);
      else send(code, text, context);
    };
    this.connections.add(connection);
    connection.on('error', (error: Error) => this.emit('error', error));
    connection.init();
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
