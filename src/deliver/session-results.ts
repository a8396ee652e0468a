import type { ReplyParser } from '../smtp/reply.ts';
import { demandsTls } from '../smtp/reply-signs.ts';
import type { AttemptResult, Delivery } from './delivery.ts';
import type { OpenSession } from './session-parts.ts';
import { onwardOf, type SessionPort, Taken, type Transaction } from './transaction.ts';

/** How a session broke off, for one of its transactions. */
interface Loss {
  readonly reason: string;
  /** As far as we know, the peer has the whole message. */
  readonly isSent: boolean;
  /** Its own reply makes no sense: what was heard before may have been meant for something else. */
  readonly isConfused: boolean;
  /** It was this one's turn; those behind it were not looked at. */
  readonly isFirst: boolean;
}

/** Tells the lane what became of the transactions of one session. */
export class SessionResults {
  readonly #session: OpenSession;
  /** What the result of a mail says about its further way. */
  readonly #onward: Pick<AttemptResult, 'onward'>;
  readonly #port: SessionPort;
  readonly #taken: Taken;
  /** A transaction has ended in turn. */
  #isProven = false;

  constructor(session: OpenSession, port: SessionPort, parser: ReplyParser) {
    this.#session = session;
    this.#onward = onwardOf(session);
    this.#port = port;
    this.#taken = new Taken(session.host, parser);
  }

  /** The reply that ended it: the first digit decides (RFC 5321 §4.2.1). */
  answered({ delivery, isSenderRefused }: Transaction, code: number, reply: string): void {
    // It speaks of what this session said before, not of this copy: another session does better.
    if (code === 503 && isSenderRefused && this.#isProven) return this.#port.giveBack(delivery);
    this.#isProven = true;
    if (code < 300) this.#settle(delivery, 'delivered', reply);
    else if (code < 500) this.#settle(delivery, 'deferred', reply);
    // The host wants TLS, which it does not offer or which failed with it: no recipient is to blame, and the next session may have it.
    else if (!this.#session.isSecure && demandsTls(reply))
      this.#settle(delivery, 'deferred', `454 4.7.5 no TLS (STARTTLS) with a host that demands it: ${reply}`);
    else this.#settle(delivery, 'failed', reply);
  }

  /** A copy was taken, in the words of the reply that is being read. */
  taken(delivery: Delivery): void {
    this.#isProven = true;
    this.#port.settle(delivery, this.#taken);
  }

  /** The peer was not asked: it cannot take this. */
  unsendable(delivery: Delivery, reply: string): void {
    this.#port.settle(delivery, { state: 'failed', host: this.#session.host, reply });
  }

  /** The peer shuts down in place of an answer. */
  shutDown({ delivery }: Transaction, reply: string): void {
    this.#port.settle(delivery, { state: 'deferred', host: this.#session.host, reply });
  }

  /** The session broke off. Between the last octet of a message and its reply nobody knows whether the peer has it (promise P2: uncertain). */
  lost(transaction: Transaction, { reason, isSent, isConfused, isFirst }: Loss): void {
    const { delivery, refusal, refusalCode } = transaction;
    const { host } = this.#session;
    if (isSent && refusal !== undefined && !isConfused) this.answered(transaction, refusalCode, refusal);
    else if (isSent) this.#port.settle(delivery, { state: 'uncertain', host, reply: reason });
    // A session that never ended a transaction says something about the host: nobody else is tried on it for nothing.
    else if (!isFirst || (this.#isProven && !isConfused)) this.#port.giveBack(delivery);
    else this.#port.settle(delivery, { state: 'deferred', host, reply: `connection lost: ${reason}` });
  }

  #settle(delivery: Delivery, state: AttemptResult['state'], reply: string): void {
    const result = { state, host: this.#session.host, reply } as const;
    this.#port.settle(delivery, delivery.job.kind === 'mail' ? { ...result, ...this.#onward } : result);
  }
}
