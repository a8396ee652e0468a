/** Work at full width that comes before a rest: transactions that travel together shall do so when they are slowed, too. */
const burstMs = 50;
/** However long a transaction took, its rest is no longer. */
const restMostMs = 600_000;
/** While something works a rest has no known end: it is looked at again after this. */
const lookMs = 1_000;

/**
 * Keeps what an operator slowed to a share of what it would do at full speed: sessions work in that share of their time and rest in the
 * other. So it holds whether a transaction takes a millisecond or a minute, and whatever the host does meanwhile. Pure: it is told the time.
 */
export class WorkShare {
  #share: number;
  /** Work that a rest has to make up for, in milliseconds of one session. */
  #owed = 0;
  #isResting = false;
  #countedAt = 0;
  /** Sessions that work, with the transactions that each has under way. */
  readonly #working = new Map<object, number>();

  /** `share` is between 0 and 1; at 0 nothing begins. */
  constructor(share: number) {
    this.#share = share;
  }

  /** So much of its time from now on. */
  set(share: number): void {
    this.#share = share;
  }

  /** Milliseconds until one of `sessions` may begin something; 0: now. */
  waitMs(now: number, sessions: number): number {
    const width = Math.max(1, sessions);
    this.#count(now, width);
    if (this.#share === 0) return lookMs;
    if (this.#owed === 0) this.#isResting = false;
    else if (this.#owed > burstMs * width) this.#isResting = true;
    if (!this.#isResting) return 0;
    const perMs = this.#share * width - this.#working.size;
    return perMs > 0 ? Math.ceil(this.#owed / perMs) : lookMs;
  }

  /** A session begins to work, or begins one transaction more. */
  begins(session: object, now: number, sessions: number): void {
    this.#count(now, Math.max(1, sessions));
    this.#working.set(session, (this.#working.get(session) ?? 0) + 1);
  }

  /** A transaction of it has ended. */
  ends(session: object, now: number, sessions: number): void {
    this.#count(now, Math.max(1, sessions));
    const left = (this.#working.get(session) ?? 0) - 1;
    if (left > 0) this.#working.set(session, left);
    else this.#working.delete(session);
  }

  #count(now: number, width: number): void {
    const elapsed = this.#countedAt === 0 ? 0 : Math.max(0, now - this.#countedAt);
    const owed = this.#owed + elapsed * (this.#working.size - this.#share * width);
    this.#owed = Math.max(0, Math.min(owed, restMostMs * this.#share * width));
    this.#countedAt = now;
  }
}
