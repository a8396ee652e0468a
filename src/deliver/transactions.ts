import type { Socket } from 'node:net';
import type { Capabilities } from '../smtp/capabilities.ts';
import { ReplyParser } from '../smtp/reply.ts';
import type { AttemptResult, Delivery } from './delivery.ts';
import type { OpenSession, SessionTimeouts } from './session-setup.ts';

/**
 * Transactions over one open session, one recipient each.
 *
 * A transaction goes through its stages by the replies that come in order:
 *
 *   rset   the reply to a RSET that cleans up after the transaction before
 *   mail   the reply to MAIL
 *   rcpt   the reply to RCPT
 *   data   the reply to DATA: 354 starts the message, anything else ends the transaction
 *   end    the reply to the final dot: the only one that delivers
 *
 * With PIPELINING (RFC 2920) MAIL, RCPT and DATA leave in one write, and those of the next transaction leave together with the message of
 * this one; else each waits for the reply before it. So at most two transactions are open: one in `end`, one before it.
 */
type Stage = 'rset' | 'mail' | 'rcpt' | 'data' | 'end';

interface Transaction {
  readonly delivery: Delivery;
  stage: Stage;
  /** The first refusal of MAIL or RCPT; the transaction cannot deliver any more. */
  refusal: string | undefined;
  refusalCode: number;
}

/** What a session asks of and tells to its lane. */
export interface SessionPort {
  /** The next delivery for this session; undefined: nothing now (`resume` tells of more). */
  next(): Delivery | undefined;
  settle(delivery: Delivery, result: AttemptResult): void;
  /** A delivery whose transaction had not begun to count: another session may take it. */
  giveBack(delivery: Delivery): void;
  /** Nothing is under way: the lane decides whether the session is kept (`resume`). */
  idle(): void;
  /** The session has ended. `isTrouble`: by the peer, out of turn. */
  ended(isTrouble: boolean, reason: string): void;
}

/** How long QUIT waits for its reply. */
const quitMs = 5_000;

/** Sends transactions over one open session, as many at a time as the peer allows, and tells each result (RFC 5321 §3.3, RFC 2920). */
export class Transactions {
  readonly #socket: Socket;
  readonly #capabilities: Capabilities;
  readonly #host: string;
  readonly #port: SessionPort;
  readonly #parser: ReplyParser;
  readonly #timeouts: SessionTimeouts;
  /** Waits for the reply to its final dot. */
  #ending: Transaction | undefined;
  /** Waits for a reply before that. */
  #opening: Transaction | undefined;
  #needsReset = false;
  /** A transaction has ended in turn. */
  #isProven = false;
  #isQuitting = false;
  #isEnded = false;

  constructor(session: OpenSession, port: SessionPort, timeouts: SessionTimeouts) {
    this.#socket = session.socket;
    this.#capabilities = session.capabilities;
    this.#host = session.host;
    this.#port = port;
    this.#timeouts = timeouts;
    this.#parser = new ReplyParser((code, text) => this.#reply(code, text));
    this.#socket.on('data', (octets: Buffer) => {
      if (!this.#parser.feed(octets)) this.#lose('the peer does not speak SMTP');
    });
    this.#socket.on('error', (error) => this.#lose(error.message));
    this.#socket.on('close', () => this.#lose('the peer closed the connection'));
    this.#socket.on('timeout', () => this.#lose('the peer did not answer in time'));
    this.#socket.setTimeout(timeouts.command);
  }

  get isIdle(): boolean {
    return !this.#ending && !this.#opening && !this.#isQuitting && !this.#isEnded;
  }

  /** Begins transactions when it is idle; quits when there is nothing to do and `mayQuit`. */
  resume(mayQuit: boolean): void {
    if (!this.isIdle) return;
    this.#open();
    if (mayQuit && this.isIdle) this.#quit();
  }

  // Takes the next delivery, if there is one, and writes what may be written before its first reply.
  #open(): void {
    const delivery = this.#opening ? undefined : this.#nextSendable();
    if (!delivery) return;
    this.#opening = { delivery, stage: this.#needsReset ? 'rset' : 'mail', refusal: undefined, refusalCode: 0 };
    const reset = this.#needsReset ? 'RSET\r\n' : '';
    this.#needsReset = false;
    if (this.#capabilities.pipelining)
      this.#socket.write(`${reset}${this.#mail(delivery)}RCPT TO:<${delivery.recipient}>\r\nDATA\r\n`);
    else this.#socket.write(reset === '' ? this.#mail(delivery) : reset);
  }

  #nextSendable(): Delivery | undefined {
    for (let delivery = this.#port.next(); delivery; delivery = this.#port.next()) {
      const reason = this.#whyNot(delivery);
      if (reason === undefined) return delivery;
      this.#port.settle(delivery, { state: 'failed', host: this.#host, reply: reason });
    }
    return undefined;
  }

  #whyNot({ load, recipient, sender }: Delivery): string | undefined {
    const { size, utf8 } = this.#capabilities;
    // RFC 1870 §6.1: a message that is too large for the peer is not offered to it.
    if (size > 0 && load.message.size > size)
      return `552 5.3.4 the message has ${load.message.size} octets, the host takes ${size}`;
    if (!utf8 && needsUtf8(recipient, sender, load))
      return '553 5.6.7 the host does not take international addresses or headers (SMTPUTF8)';
    return undefined;
  }

  #mail({ sender, recipient, load }: Delivery): string {
    const { eightBit, utf8, hasSize } = this.#capabilities;
    const size = hasSize ? ` SIZE=${load.message.size}` : '';
    const body = eightBit && load.message.hasEightBit ? ' BODY=8BITMIME' : '';
    return `MAIL FROM:<${sender}>${size}${body}${utf8 && needsUtf8(recipient, sender, load) ? ' SMTPUTF8' : ''}\r\n`;
  }

  // Replies come in the order of the commands: the older transaction first.
  #reply(code: number, text: () => string): void {
    if (this.#isQuitting) return this.#close();
    if (code === 421) return this.#shutDown(text());
    if (this.#ending) return this.#ended(this.#ending, code, text);
    const transaction = this.#opening;
    if (!transaction) return this.#lose(`a reply to nothing: ${text()}`);
    switch (transaction.stage) {
      case 'rset':
        transaction.stage = 'mail';
        return this.#goOn(this.#mail(transaction.delivery));
      case 'mail':
        return this.#afterMail(transaction, code, text);
      case 'rcpt':
        return this.#afterRcpt(transaction, code, text);
      case 'data':
        return this.#afterData(transaction, code, text);
      case 'end':
        return undefined;
    }
  }

  #afterMail(transaction: Transaction, code: number, text: () => string): void {
    this.#noteRefusal(transaction, code, text);
    transaction.stage = 'rcpt';
    if (this.#capabilities.pipelining) return;
    if (transaction.refusal !== undefined) this.#refuse(transaction, false);
    else this.#goOn(`RCPT TO:<${transaction.delivery.recipient}>\r\n`);
  }

  #afterRcpt(transaction: Transaction, code: number, text: () => string): void {
    this.#noteRefusal(transaction, code, text);
    transaction.stage = 'data';
    if (this.#capabilities.pipelining) return;
    if (transaction.refusal !== undefined) this.#refuse(transaction, true);
    else this.#goOn('DATA\r\n');
  }

  #afterData(transaction: Transaction, code: number, text: () => string): void {
    if (code === 354) return this.#sendMessage(transaction);
    this.#noteRefusal(transaction, code < 400 ? 500 : code, text);
    this.#refuse(transaction, true);
  }

  // RFC 2920 §3.1: a 354 though every recipient was refused is answered with an empty message.
  #sendMessage(transaction: Transaction): void {
    transaction.stage = 'end';
    this.#ending = transaction;
    this.#opening = undefined;
    this.#socket.setTimeout(this.#timeouts.message);
    this.#socket.cork();
    if (transaction.refusal === undefined) this.#socket.write(transaction.delivery.load.message.octets);
    else this.#socket.write('.\r\n');
    if (this.#capabilities.pipelining) this.#open();
    this.#socket.uncork();
  }

  #ended(transaction: Transaction, code: number, text: () => string): void {
    this.#ending = undefined;
    this.#socket.setTimeout(this.#timeouts.command);
    if (transaction.refusal !== undefined) this.#settle(transaction, transaction.refusalCode, transaction.refusal);
    else this.#settle(transaction, code, text());
    this.#nextOrRest();
  }

  #refuse(transaction: Transaction, needsReset: boolean): void {
    this.#opening = undefined;
    this.#needsReset = needsReset;
    this.#settle(transaction, transaction.refusalCode, transaction.refusal ?? '');
    this.#nextOrRest();
  }

  #nextOrRest(): void {
    if (this.#opening || this.#isEnded) return;
    this.#open();
    if (this.isIdle) this.#port.idle();
  }

  // The first digit decides (RFC 5321 §4.2.1).
  #settle(transaction: Transaction, code: number, reply: string): void {
    this.#isProven = true;
    const state = code < 300 ? 'delivered' : code < 500 ? 'deferred' : 'failed';
    this.#port.settle(transaction.delivery, { state, host: this.#host, reply });
  }

  #noteRefusal(transaction: Transaction, code: number, text: () => string): void {
    if (code < 300 || transaction.refusal !== undefined) return;
    transaction.refusal = text();
    transaction.refusalCode = code;
  }

  #goOn(commands: string): void {
    if (!this.#capabilities.pipelining) this.#socket.write(commands);
  }

  // RFC 5321 §3.8: 421 may come at any time; the transaction it answers is tried again later.
  #shutDown(reply: string): void {
    const transaction = this.#ending ?? this.#opening;
    if (this.#ending) this.#ending = undefined;
    else this.#opening = undefined;
    if (transaction) this.#port.settle(transaction.delivery, { state: 'deferred', host: this.#host, reply });
    this.#lose(reply);
  }

  // Between the final dot and its reply nobody knows whether the peer has the message (promise P2: uncertain).
  #lose(reason: string): void {
    if (this.#isEnded) return;
    this.#isEnded = true;
    this.#socket.destroy();
    const { ending, opening } = { ending: this.#ending, opening: this.#opening };
    this.#ending = undefined;
    this.#opening = undefined;
    if (ending?.refusal !== undefined) this.#settle(ending, ending.refusalCode, ending.refusal);
    else if (ending) this.#port.settle(ending.delivery, { state: 'uncertain', host: this.#host, reply: reason });
    // A session that never ended a transaction says something about the host: nobody else is tried on it for nothing.
    if (opening && this.#isProven) this.#port.giveBack(opening.delivery);
    else if (opening)
      this.#port.settle(opening.delivery, { state: 'deferred', host: this.#host, reply: `connection lost: ${reason}` });
    this.#port.ended(!this.#isQuitting, reason);
  }

  #quit(): void {
    this.#isQuitting = true;
    this.#socket.setTimeout(quitMs);
    this.#socket.write('QUIT\r\n');
  }

  #close(): void {
    this.#socket.end();
    this.#lose('done');
  }
}

// RFC 6531 §3.4, RFC 6532. A message whose header holds raw octets above ASCII is such a message too.
function needsUtf8(recipient: string, sender: string, load: Delivery['load']): boolean {
  return load.message.hasUtf8Header || !isAscii(recipient) || !isAscii(sender);
}

function isAscii(text: string): boolean {
  for (let at = 0; at < text.length; at++) if (text.charCodeAt(at) > 127) return false;
  return true;
}
