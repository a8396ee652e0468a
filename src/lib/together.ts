import type { Clock } from './clock.ts';

/** A call that comes sooner than so many milliseconds after the last that began waits for others, and this long is looked for them. */
const lookMs = 3;
/** Nobody came for so long: then those who wait wait no longer. */
const quietMs = 2;
const gatherMs = 12;
const gatherMost = 16;
/** So many that came within one look wait no longer either: senders that are so quick wait for their replies. */
const quickMost = 8;

/** Lets calls that share a cost begin together when they come thick; a lone one begins at once. */
export class Together {
  readonly #clock: Clock;
  #waiting: (() => void)[] = [];
  /** When the first and the latest of those who wait came. */
  #first = 0;
  #latest = 0;
  #begun = -Infinity;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  async run<T>(call: () => Promise<T>): Promise<T> {
    if (Math.abs(this.#clock.now() - this.#begun) < lookMs || this.#waiting.length > 0) await this.#gathered();
    this.#begun = this.#clock.now();
    return call();
  }

  #gathered(): Promise<void> {
    return new Promise((resolve) => {
      const count = this.#waiting.push(resolve);
      this.#latest = this.#clock.now();
      if (count === 1) {
        this.#first = this.#latest;
        void this.#look();
      }
      const isQuick = count >= quickMost && this.#latest - this.#first < lookMs;
      if (isQuick || count >= gatherMost) this.#release();
    });
  }

  async #look(): Promise<void> {
    const waiting = this.#waiting;
    while (this.#waiting === waiting) {
      await this.#clock.sleep(lookMs);
      const now = this.#clock.now();
      // A clock that was set back must not keep anybody.
      const isOver = now - this.#latest >= quietMs || now - this.#first >= gatherMs || now < this.#first;
      if (isOver && this.#waiting === waiting) this.#release();
    }
  }

  #release(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const begin of waiting) begin();
  }
}
