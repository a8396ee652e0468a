import { setTimeout as sleep } from 'node:timers/promises';
import { createTransport } from 'nodemailer';
import { owner } from '../bench/home.ts';
import { transact } from '../helpers/smtp-client.ts';
import type { Sent } from './ledger.ts';

/** How long a client waits for an answer before it takes it for silence. */
const answerMs = 6_000;

/** A message, and who has to get it. */
export interface Letter {
  readonly to: string;
  readonly subject: string;
  readonly text: string;
  readonly readers: readonly string[];
}

/** A message of about so many octets. */
export function letter(to: string, subject: string, octets: number, readers: readonly string[]): Letter {
  const header = `From: ${owner}\r\nTo: ${to}\r\nSubject: ${subject}\r\nMessage-ID: <${subject}@example.org>\r\n\r\n`;
  const lines = Math.max(1, Math.ceil((octets - header.length) / 72));
  return { to, subject, readers, text: header + `${'x'.repeat(70)}\r\n`.repeat(lines) };
}

/** Sends one message over a connection of its own. */
export async function send(port: number, { to, subject, text, readers }: Letter): Promise<Sent> {
  const answered = transact(port, { from: owner, to, message: text }).then(
    ({ recipients, end }) => end[0] ?? recipients[0] ?? 'no reply',
    (error: unknown) => `silence: ${String(error)}`,
  );
  const reply = await Promise.race([answered, sleep(answerMs, 'silence: nothing came in time', { ref: false })]);
  return { subject, readers, answer: answerOf(reply), reply };
}

/** A connection that is kept for many messages. */
export class Connection {
  readonly #transport;

  constructor(port: number) {
    const timeouts = { connectionTimeout: answerMs, greetingTimeout: answerMs, socketTimeout: answerMs };
    const pool = { pool: true, maxConnections: 1, maxMessages: Infinity, maxRequeues: 0 } as const;
    this.#transport = createTransport({ host: '127.0.0.1', port, ignoreTLS: true, ...pool, ...timeouts });
  }

  async send({ to, subject, text, readers }: Letter): Promise<Sent> {
    const envelope = { from: owner, to: [to] };
    const reply = await this.#transport.sendMail({ envelope, raw: text }).then(
      ({ response }) => response,
      (error: Error & { response?: string }) => error.response ?? `silence: ${error.message}`,
    );
    return { subject, readers, answer: answerOf(reply), reply };
  }

  close(): void {
    this.#transport.close();
  }
}

function answerOf(reply: string): Sent['answer'] {
  if (reply.startsWith('2')) return 'accepted';
  return /^[45]\d\d/.test(reply) ? 'refused' : 'silence';
}
