import type { Socket } from 'node:net';
import type { Capabilities } from '../smtp/capabilities.ts';
import { ReplyParser } from '../smtp/reply.ts';
import { formFor, octetsOf, putMail, putRcpt, whyNotSendable } from './commands.ts';
import type { AttemptResult, Delivery } from './delivery.ts';
import { FlushRound } from './flush-round.ts';
import { Outbox } from './outbox.ts';
import type { OpenSession, SessionTimeouts } from './session-setup.ts';
import { onwardOf, type SessionPort, Taken, type Transaction } from './transaction.ts';

/** How long QUIT waits for its reply. */
const quitMs = 5_000;
/** Transactions under way with CHUNKING: 8 to 16 take nearly all of the gain (measured). */
const depthMost = 16;
/** Octets under way with CHUNKING; a larger message travels alone. */
const octetsMost = 262_144;
/** What the commands and the header of a transaction add to its message, about. */
const commandOctets = 300;

/** Sends transactions over one open session, as many at a time as the peer allows, and tells each result (RFC 5321 §3.3). */
export class Transactions {
  readonly #socket: Socket;
  readonly #capabilities: Capabilities;
  readonly #host: string;
  /** What the result of a mail says about its further way. */
  readonly #onward: Pick<AttemptResult, 'onward'>;
  readonly #port: SessionPort;
  readonly #parser: ReplyParser;
  readonly #taken: Taken;
  readonly #timeouts: SessionTimeouts;
  readonly #outbox: Outbox;
  readonly #round: FlushRound;
  /** Under way, the oldest first: replies come in this order. */
  readonly #flight: Transaction[] = [];
  #timeout = 0;
  #needsReset = false;
  /** Each command waits for the reply before it. */
  readonly #isLockstep: boolean;
  /** Whole transactions leave together. */
  readonly #isChunking: boolean;
  /** A transaction has ended in turn; the peer has taken a message by BDAT. */
  #isProven = false;
  #hasChunked = false;
  #isQuitting = false;
  #isEnded = false;

  constructor(session: OpenSession, port: SessionPort, timeouts: SessionTimeouts, round = new FlushRound()) {
    this.#round = round;
    this.#socket = session.socket;
    this.#capabilities = session.capabilities;
    this.#host = session.host;
    this.#onward = onwardOf(session);
    this.#port = port;
    this.#timeouts = timeouts;
    this.#outbox = new Outbox(this.#socket);
    this.#isLockstep = !this.#capabilities.pipelining;
    this.#isChunking = this.#capabilities.chunking && this.#capabilities.pipelining;
    this.#parser = new ReplyParser((code) => this.#reply(code));
    this.#taken = new Taken(this.#host, this.#parser);
    this.#socket.on('data', (octets: Buffer) => this.#hear(octets));
    this.#socket.on('error', (error) => this.#lose(error.message));
    this.#socket.on('close', () => this.#lose('the peer closed the connection'));
    this.#socket.on('timeout', () => this.#lose('the peer did not answer in time'));
    this.#wait(timeouts.command);
  }

  get isIdle(): boolean {
    return this.#flight.length === 0 && !this.#isQuitting && !this.#isEnded;
  }

  /** Transactions that are under way. */
  get underWay(): number {
    return this.#flight.length;
  }

  /** Begins transactions when it can; quits when there is nothing to do and `mayQuit`. */
  resume(mayQuit: boolean): void {
    if (this.#isQuitting || this.#isEnded) return;
    this.#fill();
    this.#outbox.flush();
    if (mayQuit && this.isIdle) this.#quit();
  }

  #hear(octets: Buffer): void {
    if (!this.#parser.feed(octets)) return this.#lose('the peer does not speak SMTP');
    if (this.#isEnded || this.#isQuitting) return;
    this.#fill();
    this.#round.add(this.#outbox);
    if (this.isIdle) this.#port.idle();
    else this.#wait(this.#flight[0]!.stage === 'end' ? this.#timeouts.message : this.#timeouts.command);
  }

  // With CHUNKING half of the depth is waited for, so that several transactions share a write.
  #fill(): void {
    if (!this.#isChunking) {
      if (this.#flight.length === 0) this.#begin();
    } else if (this.#flight.length <= this.#depth() >> 1) {
      while (this.#flight.length < this.#depth() && this.#begin());
    }
  }

  // A host that has not taken one message this way is not sent two: if it cannot do it, it reads a message as commands.
  #depth(): number {
    if (!this.#hasChunked) return 1;
    const { length } = this.#flight;
    if (length === 0) return depthMost;
    const one = this.#flight[length - 1]!.delivery.load.message.size + commandOctets;
    return Math.max(1, Math.min(depthMost, Math.floor(octetsMost / one)));
  }

  // Takes the next delivery, if there is one, and says what may be said before its first reply.
  #begin(): boolean {
    const delivery = this.#nextSendable();
    if (!delivery) return false;
    // RFC 3030 §2: after a failed BDAT the state is unknown until RSET, and a transaction behind another does not know how that one ends.
    const isReset = this.#needsReset || (this.#isChunking && this.#flight.length > 0);
    this.#needsReset = false;
    this.#flight.push({ delivery, stage: isReset ? 'rset' : 'mail', refusal: undefined, refusalCode: 0 });
    if (isReset) this.#outbox.ascii('RSET\r\n');
    if (this.#isChunking) this.#sendWhole(delivery);
    else if (!this.#isLockstep) this.#sendEnvelope(delivery, 'DATA\r\n');
    else if (!isReset) putMail(this.#outbox, delivery, this.#capabilities);
    return true;
  }

  #sendEnvelope(delivery: Delivery, next: string): void {
    putMail(this.#outbox, delivery, this.#capabilities);
    putRcpt(this.#outbox, delivery, this.#capabilities);
    this.#outbox.ascii(next);
  }

  #sendWhole(delivery: Delivery): void {
    const { raw } = formFor(delivery, this.#capabilities);
    this.#sendEnvelope(delivery, 'BDAT ');
    this.#outbox.number(octetsOf(delivery, raw.length));
    this.#outbox.ascii(' LAST\r\n');
    this.#outbox.message(delivery.head, raw);
  }

  #nextSendable(): Delivery | undefined {
    for (let delivery = this.#port.next(); delivery; delivery = this.#port.next()) {
      const reason = whyNotSendable(delivery, this.#capabilities);
      if (reason === undefined) return delivery;
      this.#port.settle(delivery, { state: 'failed', host: this.#host, reply: reason });
    }
    return undefined;
  }

  #reply(code: number): void {
    if (this.#isEnded) return undefined;
    if (this.#isQuitting) return this.#close();
    if (code === 421) return this.#shutDown(this.#parser.text());
    const transaction = this.#flight[0];
    if (!transaction) return this.#lose(`a reply to nothing: ${this.#parser.text()}`);
    switch (transaction.stage) {
      case 'rset':
        transaction.stage = 'mail';
        if (this.#isLockstep) putMail(this.#outbox, transaction.delivery, this.#capabilities);
        return undefined;
      case 'mail':
        return this.#afterMail(transaction, code);
      case 'rcpt':
        return this.#afterRcpt(transaction, code);
      case 'data':
        return this.#afterData(transaction, code);
      case 'end':
        return this.#afterEnd(transaction, code);
    }
  }

  #afterMail(transaction: Transaction, code: number): void {
    this.#noteRefusal(transaction, code);
    transaction.stage = 'rcpt';
    if (!this.#isLockstep) return;
    if (transaction.refusal !== undefined) this.#refuse(transaction, false);
    else putRcpt(this.#outbox, transaction.delivery, this.#capabilities);
  }

  #afterRcpt(transaction: Transaction, code: number): void {
    this.#noteRefusal(transaction, code);
    transaction.stage = this.#isChunking ? 'end' : 'data';
    if (!this.#isLockstep) return;
    if (transaction.refusal !== undefined) this.#refuse(transaction, true);
    else this.#outbox.text('DATA\r\n');
  }

  #afterData(transaction: Transaction, code: number): void {
    if (code === 354) return this.#sendMessage(transaction);
    this.#noteRefusal(transaction, code < 400 ? 500 : code);
    this.#refuse(transaction, true);
  }

  // RFC 2920 §3.1: a 354 though every recipient was refused is answered with an empty message.
  #sendMessage(transaction: Transaction): void {
    transaction.stage = 'end';
    const { delivery } = transaction;
    if (transaction.refusal === undefined)
      this.#outbox.message(delivery.head, formFor(delivery, this.#capabilities).octets);
    else this.#outbox.text('.\r\n');
    if (!this.#isLockstep) this.#begin();
  }

  #afterEnd(transaction: Transaction, code: number): void {
    if (this.#isChunking && !this.#hasChunked && transaction.refusal === undefined && isUnknown(code))
      return this.#cannotChunk();
    this.#flight.shift();
    // A 250 to BDAT though the recipient was refused delivered nothing to anybody we know of.
    if (transaction.refusal !== undefined) this.#settle(transaction, transaction.refusalCode, transaction.refusal);
    else if (code < 300 && transaction.delivery.envelope) this.#settleTaken(transaction.delivery);
    else this.#settle(transaction, code, this.#parser.text());
    if (!this.#isChunking) return;
    if (code < 300) this.#hasChunked = true;
    else this.#needsReset = true;
  }

  #refuse(transaction: Transaction, needsReset: boolean): void {
    this.#flight.shift();
    this.#needsReset = needsReset;
    this.#settle(transaction, transaction.refusalCode, transaction.refusal ?? '');
  }

  // The first digit decides (RFC 5321 §4.2.1).
  #settle(transaction: Transaction, code: number, reply: string): void {
    this.#isProven = true;
    const state = code < 300 ? 'delivered' : code < 500 ? 'deferred' : 'failed';
    const { delivery } = transaction;
    const result = { state, host: this.#host, reply } as const;
    this.#port.settle(delivery, delivery.job.kind === 'mail' ? { ...result, ...this.#onward } : result);
  }

  #settleTaken(delivery: Delivery): void {
    this.#isProven = true;
    this.#port.settle(delivery, this.#taken);
  }

  #noteRefusal(transaction: Transaction, code: number): void {
    if (code < 300 || transaction.refusal !== undefined) return;
    transaction.refusal = this.#parser.text();
    transaction.refusalCode = code;
  }

  // A timer is set only when the time to wait changes, which in a fan-out is never.
  #wait(timeoutMs: number): void {
    if (this.#timeout === timeoutMs) return;
    this.#timeout = timeoutMs;
    this.#socket.setTimeout(timeoutMs);
  }

  // RFC 5321 §3.8: 421 may come at any time; the transaction it answers is tried again later, those behind it were not looked at.
  #shutDown(reply: string): void {
    const transaction = this.#flight.shift();
    if (transaction) this.#port.settle(transaction.delivery, { state: 'deferred', host: this.#host, reply });
    for (const { delivery } of this.#flight.splice(0)) this.#port.giveBack(delivery);
    this.#lose(reply);
  }

  #cannotChunk(): void {
    this.#port.cannotChunk();
    for (const { delivery } of this.#flight.splice(0)) this.#port.giveBack(delivery);
    this.#lose(`the peer announces CHUNKING and does not know BDAT: ${this.#parser.text()}`);
  }

  // Between the last octet of a message and its reply nobody knows whether the peer has it (promise P2: uncertain).
  #lose(reason: string): void {
    if (this.#isEnded) return;
    this.#isEnded = true;
    this.#socket.destroy();
    const lost = this.#flight.splice(0);
    if (this.#isChunking && lost.length > 1) this.#port.cannotChunk();
    for (const transaction of lost) this.#loseOne(transaction, reason);
    this.#port.ended(!this.#isQuitting, reason);
  }

  #loseOne(transaction: Transaction, reason: string): void {
    const { delivery, stage, refusal } = transaction;
    const isSent = stage === 'end' || this.#isChunking;
    if (isSent && refusal !== undefined) this.#settle(transaction, transaction.refusalCode, refusal);
    else if (isSent) this.#port.settle(delivery, { state: 'uncertain', host: this.#host, reply: reason });
    // A session that never ended a transaction says something about the host: nobody else is tried on it for nothing.
    else if (this.#isProven) this.#port.giveBack(delivery);
    else this.#port.settle(delivery, { state: 'deferred', host: this.#host, reply: `connection lost: ${reason}` });
  }

  #quit(): void {
    this.#isQuitting = true;
    this.#wait(quitMs);
    this.#outbox.text('QUIT\r\n');
    this.#outbox.flush();
  }

  #close(): void {
    this.#socket.end();
    this.#lose('done');
  }
}

// Replies of a host that does not know a command (RFC 5321 §4.2.4, §4.3.2).
function isUnknown(code: number): boolean {
  return code >= 500 && code <= 504;
}
