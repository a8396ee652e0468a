import type { Clock } from '../lib/clock.ts';

/** One connection that the book of traffic has granted: how many transactions it is for, and how quickly they may begin. */
export class Lease {
  readonly #perMs: number;
  #left: number;
  /** Transactions that may begin at `#countedAt`. */
  #ready = 1;
  #countedAt = 0;

  /** `perSecond` may be `Infinity`. */
  constructor(messages: number, perSecond: number) {
    this.#left = messages;
    this.#perMs = perSecond / 1_000;
  }

  /** All of its transactions have begun. */
  get isSpent(): boolean {
    return this.#left <= 0;
  }

  /** Milliseconds until a transaction may begin; 0: now. */
  waitMs(clock: Clock): number {
    if (this.#perMs === Infinity) return 0;
    const at = clock.now();
    if (this.#countedAt > 0) this.#ready = Math.min(1, this.#ready + Math.max(0, at - this.#countedAt) * this.#perMs);
    this.#countedAt = at;
    return this.#ready >= 1 ? 0 : Math.ceil((1 - this.#ready) / this.#perMs);
  }

  /** A transaction begins. */
  begin(): void {
    this.#left--;
    if (this.#perMs !== Infinity) this.#ready--;
  }

  /** It did not: its delivery was given back. */
  undo(): void {
    this.#left++;
  }
}
