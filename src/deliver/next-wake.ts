import type { Clock } from '../lib/clock.ts';

/** One alarm at a time, the earliest of those that were asked for. */
export class NextWake {
  readonly #clock: Clock;
  readonly #onTime: () => void;
  #at = Infinity;
  #sleeping: AbortController | undefined;

  constructor(clock: Clock, onTime: () => void) {
    this.#clock = clock;
    this.#onTime = onTime;
  }

  set(at: number, now: number): void {
    if (at === Infinity || at >= this.#at) return;
    this.#sleeping?.abort();
    const sleeping = new AbortController();
    this.#sleeping = sleeping;
    this.#at = at;
    void this.#clock.sleep(at - now, sleeping.signal).then(() => {
      if (sleeping.signal.aborted) return;
      this.#at = Infinity;
      this.#onTime();
    });
  }

  stop(): void {
    this.#sleeping?.abort();
  }
}
