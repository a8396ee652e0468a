import type { Clock } from './clock.ts';

/** Calls that come sooner than so many milliseconds after the last that began wait for others, and no longer. */
const gatherMs = 6;
/** So many wait no longer. */
const gatherMost = 8;

/** Lets calls that share a cost begin together when they come thick; a lone one begins at once. */
export class Together {
  readonly #clock: Clock;
  #waiting: (() => void)[] = [];
  #last = -Infinity;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  async run<T>(call: () => Promise<T>): Promise<T> {
    if (Math.abs(this.#clock.now() - this.#last) < gatherMs) await this.#gathered();
    this.#last = this.#clock.now();
    return call();
  }

  #gathered(): Promise<void> {
    return new Promise((resolve) => {
      this.#waiting.push(resolve);
      if (this.#waiting.length >= gatherMost) this.#release();
      else if (this.#waiting.length === 1) void this.#releaseLater();
    });
  }

  async #releaseLater(): Promise<void> {
    const waiting = this.#waiting;
    await this.#clock.sleep(gatherMs);
    if (this.#waiting === waiting) this.#release();
  }

  #release(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const begin of waiting) begin();
  }
}
