import type { Socket } from 'node:net';
import { SMTPServer, type SMTPServerOptions } from 'smtp-server';
import { SMTPConnection } from 'smtp-server/lib/smtp-connection.js';

const ownStatus = /^[245]\.\d{1,3}\.\d{1,3} /;

/**
 * The package's server, with one change: it puts an enhanced status code of its own choice before every text (550 is always 5.1.1 to it); a
 * text that begins with its own code keeps that.
 */
export class SmtpEngine extends SMTPServer {
  override connect(socket: Socket, socketOptions?: object): void {
    const connection = new SMTPConnection(this, socket, socketOptions);
    const send = connection.send.bind(connection);
    connection.send = (code, text, context) => {
      send(code, text, typeof text === 'string' && ownStatus.test(text) ? false : context);
    };
    this.connections.add(connection);
    connection.on('error', (error: Error) => this.emit('error', error));
    connection.init();
  }
}

/** An error that the package answers with: its code, and a text that begins with the enhanced code. */
export class ReplyError extends Error {
  readonly responseCode: number;

  constructor(code: number, text: string) {
    super(text);
    this.responseCode = code;
  }
}

export type { SMTPServerOptions };
