import type { Octets } from '../lib/octets.ts';
import type { AttemptResult, Delivery } from './delivery.ts';
import type { OpenSession } from './session-parts.ts';

/**
 * Transactions over one open session, one recipient each.
 *
 * A transaction goes through its stages by the replies that come in order:
 *
 *   rset   the reply to a RSET that cleans up after what was before
 *   mail   the reply to MAIL
 *   rcpt   the reply to RCPT
 *   data   the reply to DATA: 354 starts the message, anything else ends the transaction (never with CHUNKING)
 *   end    the reply to the final dot, or to BDAT LAST: the only one that delivers
 *
 * In lockstep each command waits for the reply before it. With PIPELINING (RFC 2920) MAIL, RCPT and DATA leave in one write, and those of
 * the next transaction leave together with the message of this one. With CHUNKING (RFC 3030) too, whole transactions leave together, up to
 * `depthMost` at a time.
 */
type Stage = 'rset' | 'mail' | 'rcpt' | 'data' | 'end';

/** One recipient's turn in a session. */
export interface Transaction {
  readonly delivery: Delivery;
  stage: Stage;
  /** Not all of its message has left us, so that the peer cannot have taken it. Only looked at for large ones. */
  isLeaving: boolean;
  isSenderRefused: boolean;
  /** The first refusal of MAIL or RCPT; the transaction cannot deliver any more. */
  refusal: string | undefined;
  refusalCode: number;
}

/** A transaction whose first command is said. */
export function begun(delivery: Delivery, stage: Stage): Transaction {
  return { delivery, stage, isLeaving: false, isSenderRefused: false, refusal: undefined, refusalCode: 0 };
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
  /** The peer announces CHUNKING and cannot do it, or breaks off: sessions with it from now on go without. */
  cannotChunk(): void;
  /** The session has ended. `isTrouble`: by the peer, out of turn. */
  ended(isTrouble: boolean, reason: string): void;
}

/** That a copy was taken, in the words of the reply that is being read. One serves a whole session: it is good until `settle` returns. */
export class Taken implements AttemptResult {
  readonly state = 'delivered';
  readonly host: string;
  readonly octets: Octets;
  readonly #text: () => string;

  constructor(host: string, reply: Octets & { readonly text: () => string }) {
    this.host = host;
    this.octets = reply;
    this.#text = reply.text;
  }

  get reply(): string {
    return this.#text();
  }
}

/** What the result of a mail says about its further way, after this session (see `AttemptResult`). */
export function onwardOf({ capabilities, isLast }: OpenSession): Pick<AttemptResult, 'onward'> {
  if (capabilities.dsn) return { onward: 'tells' };
  return isLast ? { onward: 'arrived' } : {};
}
