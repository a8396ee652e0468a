import type { Socket } from 'node:net';
import { FlushRound } from '../lib/flush-round.ts';
import type { Capabilities } from '../smtp/capabilities.ts';
import { ReplyParser } from '../smtp/reply.ts';
import { isStray, isUnknownCommand } from '../smtp/reply-signs.ts';
import { formFor, putEnvelope, putMail, putRcpt, putWhole, whyNotSendable } from './commands.ts';
import type { Delivery } from './delivery.ts';
import { depthBehind, isLarge } from './depth.ts';
import { Outbox } from './outbox.ts';
import { SessionResults } from './session-results.ts';
import type { OpenSession, SessionTimeouts } from './session-parts.ts';
import { begun, type SessionPort, type Transaction } from './transaction.ts';

/** How long QUIT waits for its reply. */
const quitMs = 5_000;

/** Sends transactions over one open session, as many at a time as the peer allows, and tells each result (RFC 5321 §3.3). */
export class Transactions {
  readonly #socket: Socket;
  readonly #capabilities: Capabilities;
  readonly #port: SessionPort;
  readonly #parser: ReplyParser;
  readonly #results: SessionResults;
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
  /** The peer has taken a message by BDAT. */
  #hasChunked = false;
  /** The peer is still in an earlier transaction: another session does better. */
  #isStuck = false;
  #isQuitting = false;
  #isEnded = false;

  constructor(session: OpenSession, port: SessionPort, timeouts: SessionTimeouts, round = new FlushRound()) {
    this.#round = round;
    this.#socket = session.socket;
    this.#capabilities = session.capabilities;
    this.#port = port;
    this.#timeouts = timeouts;
    this.#outbox = new Outbox(this.#socket);
    this.#isLockstep = !this.#capabilities.pipelining;
    this.#isChunking = this.#capabilities.chunking && this.#capabilities.pipelining;
    this.#parser = new ReplyParser((code) => this.#reply(code));
    this.#results = new SessionResults(session, port, this.#parser);
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
    if ((mayQuit || this.#isStuck) && this.isIdle) this.#quit();
  }

  #hear(octets: Buffer): void {
    if (!this.#parser.feed(octets)) return this.#lose('the peer does not speak SMTP');
    if (this.#isEnded || this.#isQuitting) return;
    this.#fill();
    this.#round.add(this.#outbox);
    if (this.isIdle && this.#isStuck) this.#quit();
    else if (this.isIdle) this.#port.idle();
    else this.#wait(this.#flight[0]!.stage === 'end' ? this.#timeouts.message : this.#timeouts.command);
  }

  // With CHUNKING half of the depth is waited for, so that several transactions share a write.
  #fill(): void {
    if (this.#isStuck) return;
    if (!this.#isChunking) {
      if (this.#flight.length === 0) this.#begin();
    } else if (this.#flight.length <= this.#depth() >> 1) {
      while (this.#flight.length < this.#depth() && this.#begin());
    }
  }

  // A host that has not taken one message this way is not sent two: if it cannot do it, it reads a message as commands.
  #depth(): number {
    if (!this.#hasChunked) return 1;
    return depthBehind(this.#flight.at(-1)?.delivery);
  }

  // Takes the next delivery, if there is one, and says what may be said before its first reply.
  #begin(): boolean {
    const delivery = this.#nextSendable();
    if (!delivery) return false;
    // RFC 3030 §2: after a failed BDAT the state is unknown until RSET, and a transaction behind another does not know how that one ends.
    const isReset = this.#needsReset || (this.#isChunking && this.#flight.length > 0);
    this.#needsReset = false;
    const transaction = begun(delivery, isReset ? 'rset' : 'mail');
    this.#flight.push(transaction);
    if (isReset) this.#outbox.ascii('RSET\r\n');
    if (this.#isChunking) {
      putWhole(this.#outbox, delivery, this.#capabilities);
      if (isLarge(delivery)) this.#follow(transaction);
    } else if (!this.#isLockstep) putEnvelope(this.#outbox, delivery, this.#capabilities, 'DATA\r\n');
    else if (!isReset) putMail(this.#outbox, delivery, this.#capabilities);
    return true;
  }

  #nextSendable(): Delivery | undefined {
    for (let delivery = this.#port.next(); delivery; delivery = this.#port.next()) {
      const reason = whyNotSendable(delivery, this.#capabilities);
      if (reason === undefined) return delivery;
      this.#results.unsendable(delivery, reason);
    }
    return undefined;
  }

  #reply(code: number): void {
    if (this.#isEnded) return undefined;
    if (this.#isQuitting) return this.#close();
    if (code === 421) return this.#shutDown(this.#parser.text());
    const transaction = this.#flight[0];
    if (!transaction) return this.#lose(`a reply to nothing: ${this.#parser.text()}`);
    if (!this.#isChunking && !this.#outbox.isEmpty) return this.#loseEarly(transaction);
    switch (transaction.stage) {
      case 'rset':
        return this.#afterRset(transaction, code);
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

  // A host that does not reset would take one recipient's message for another's.
  #afterRset(transaction: Transaction, code: number): void {
    if (code >= 300) return this.#loseStray('RSET', false);
    transaction.stage = 'mail';
    if (this.#isLockstep) putMail(this.#outbox, transaction.delivery, this.#capabilities);
  }

  #afterMail(transaction: Transaction, code: number): void {
    if (isStray(code)) return this.#loseStray('MAIL');
    this.#noteRefusal(transaction, code);
    transaction.isSenderRefused = code >= 400;
    if (code === 503) this.#isStuck = true;
    transaction.stage = 'rcpt';
    if (!this.#isLockstep) return;
    if (transaction.refusal !== undefined) this.#refuse(transaction, false);
    else putRcpt(this.#outbox, transaction.delivery, this.#capabilities);
  }

  #afterRcpt(transaction: Transaction, code: number): void {
    if (isStray(code)) return this.#loseStray('RCPT');
    this.#noteRefusal(transaction, code);
    transaction.stage = this.#isChunking ? 'end' : 'data';
    if (!this.#isLockstep) return;
    if (transaction.refusal !== undefined) this.#refuse(transaction, true);
    else this.#outbox.text('DATA\r\n');
  }

  #afterData(transaction: Transaction, code: number): void {
    if (code === 354) return this.#sendMessage(transaction);
    if (code < 400) return this.#loseStray('DATA');
    this.#noteRefusal(transaction, code);
    this.#refuse(transaction, true);
  }

  // RFC 2920 §3.1: a 354 though every recipient was refused is answered with an empty message.
  #sendMessage(transaction: Transaction): void {
    // Whoever is in the transaction that it takes this for would get the empty message.
    if (transaction.isSenderRefused)
      return this.#loseStray('DATA after a refused MAIL', transaction.refusalCode !== 503);
    transaction.stage = 'end';
    const { delivery } = transaction;
    if (transaction.refusal !== undefined) this.#outbox.text('.\r\n');
    else this.#outbox.message(delivery.head, formFor(delivery, this.#capabilities).octets);
    if (isLarge(delivery)) this.#follow(transaction);
    else if (!this.#isLockstep) this.#begin();
  }

  #follow(transaction: Transaction): void {
    transaction.isLeaving = true;
    this.#outbox.tellWhenSent(() => (transaction.isLeaving = false));
  }

  #afterEnd(transaction: Transaction, code: number): void {
    if (isStray(code)) return this.#loseStray('the message');
    if (this.#isChunking && !this.#hasChunked && transaction.refusal === undefined && isUnknownCommand(code))
      return this.#cannotChunk();
    if (code < 300 && transaction.isSenderRefused) return this.#loseStray('BDAT after a refused MAIL');
    this.#flight.shift();
    // A 250 to BDAT though the recipient was refused delivered nothing to anybody we know of.
    if (transaction.refusal !== undefined)
      this.#results.answered(transaction, transaction.refusalCode, transaction.refusal);
    else if (code < 300 && transaction.delivery.envelope) this.#results.taken(transaction.delivery);
    else this.#results.answered(transaction, code, this.#parser.text());
    if (!this.#isChunking) return;
    if (code < 300) this.#hasChunked = true;
    else this.#needsReset = true;
  }

  #refuse(transaction: Transaction, needsReset: boolean): void {
    this.#flight.shift();
    this.#needsReset = needsReset;
    this.#results.answered(transaction, transaction.refusalCode, transaction.refusal ?? '');
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
    if (transaction) this.#results.shutDown(transaction, reply);
    this.#giveBackAll();
    this.#lose(reply);
  }

  #cannotChunk(): void {
    this.#port.cannotChunk();
    this.#giveBackAll();
    this.#lose(`the peer announces CHUNKING and does not know BDAT: ${this.#parser.text()}`);
  }

  #giveBackAll(): void {
    for (const { delivery } of this.#flight.splice(0)) this.#port.giveBack(delivery);
  }

  // 250 where 354 must stand, or the other way round: we and the peer count differently, and what comes next may be meant for something else.
  #loseStray(asked: string, isConfused = true): void {
    this.#lose(`${asked} was answered with ${this.#parser.text()}`, isConfused);
  }

  // What this would be the answer to lies in the outbox.
  #loseEarly(transaction: Transaction): void {
    const isMessage = transaction.stage === 'end';
    if (isMessage) transaction.stage = 'data';
    this.#lose(`a reply before its command: ${this.#parser.text()}`, isMessage);
  }

  #lose(reason: string, isConfused = false): void {
    if (this.#isEnded) return;
    this.#isEnded = true;
    this.#socket.destroy();
    const lost = this.#flight.splice(0);
    // Breaking off may be how it answers a BDAT that it does not know.
    if (this.#isChunking && (lost.length > 1 || (!this.#hasChunked && lost[0]?.stage === 'end')))
      this.#port.cannotChunk();
    for (const [at, transaction] of lost.entries()) {
      const isSent = (transaction.stage === 'end' || this.#isChunking) && !transaction.isLeaving;
      this.#results.lost(transaction, { reason, isSent, isConfused: isConfused && at === 0, isFirst: at === 0 });
    }
    this.#port.ended(!this.#isQuitting, reason);
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
