/** A lane holds what it does in this time. */
const aheadSeconds = 10;
/** However slow it is: so much (a connection's worth). */
const leastWaiting = 20;
/** However fast it is. */
const mostWaiting = 5_000;
/** Before its speed is known: a chunk, and this many for each result. */
const firstWaiting = 1_000;
const perResult = 4;
/** What a lane may hold beyond that before it gives some back: chunks come as they are. */
const slack = 1_000;
const measuredEveryMs = 1_000;

/** How many results a lane brings, and so how much it should hold: what waits for a host that stands still must be in nobody's way. */
export class LaneSpeed {
  /** Undefined before the first measurement. */
  #perSecond: number | undefined;
  #results = 0;
  #since = 0;

  /** A result came. */
  result(): void {
    this.#results++;
  }

  /**
   * It is `now` this time, and somebody waits. A measurement takes a second; the speed falls by half at most with each, since hosts pause.
   */
  measure(now: number): void {
    if (this.#since === 0) this.#since = now;
    const elapsed = now - this.#since;
    if (elapsed < measuredEveryMs) return;
    const measured = (this.#results * 1_000) / elapsed;
    this.#perSecond = Math.max(measured, (this.#perSecond ?? 0) / 2);
    this.#since = now;
    this.#results = 0;
  }

  /** Nobody waits: the next measurement begins anew. */
  rest(): void {
    this.#since = 0;
    this.#results = 0;
  }

  /** Deliveries beyond which no more are taken in. */
  get most(): number {
    const wanted = this.#ahead ?? firstWaiting + this.#results * perResult;
    return Math.floor(Math.max(leastWaiting, Math.min(mostWaiting, wanted)));
  }

  /** How many of those who wait it should keep; undefined: all, also when more came than it takes in and it is soon done with them. */
  keep(waiting: number): number | undefined {
    return this.#ahead !== undefined && waiting > Math.max(this.most, this.#ahead) + slack ? this.most : undefined;
  }

  get #ahead(): number | undefined {
    return this.#perSecond === undefined ? undefined : this.#perSecond * aheadSeconds;
  }

  /** How many of those who wait it will not come to within a second. */
  slow(waiting: number): number {
    // Whole ones: what room is left becomes a limit in SQL, which takes no others.
    return Math.max(0, Math.floor(waiting - (this.#perSecond ?? Infinity)));
  }
}
