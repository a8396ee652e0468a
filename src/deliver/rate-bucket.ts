/** What may come at once after a pause: this share of a second's, at least one. With the rate itself, within 5 % of it in any second. */
const burstShare = 0.05;

/** How quickly transactions may begin. Pure: it is told what time it is. */
export class RateBucket {
  #perMs = Infinity;
  #most = 1;
  /** Transactions that may begin at `#countedAt`. */
  #ready = 1;
  #countedAt = 0;

  /** Nothing waits. */
  get isFree(): boolean {
    return this.#perMs === Infinity;
  }

  /** So many a second from now on; `Infinity`: as many as come. */
  set(perSecond: number, now: number): void {
    this.#refill(now);
    this.#perMs = perSecond / 1_000;
    this.#most = Math.max(1, perSecond * burstShare);
    this.#ready = Math.min(this.#ready, this.#most);
  }

  /** Milliseconds until a transaction may begin; 0: now. */
  waitMs(now: number): number {
    if (this.isFree) return 0;
    this.#refill(now);
    return this.#ready >= 1 ? 0 : Math.ceil((1 - this.#ready) / this.#perMs);
  }

  /** A transaction begins. */
  take(): void {
    if (!this.isFree) this.#ready--;
  }

  // A clock that goes back gives nothing.
  #refill(now: number): void {
    if (!this.isFree && this.#countedAt > 0)
      this.#ready = Math.min(this.#most, this.#ready + Math.max(0, now - this.#countedAt) * this.#perMs);
    this.#countedAt = now;
  }
}
