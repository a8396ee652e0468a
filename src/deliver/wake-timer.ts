import type { Clock } from '../lib/clock.ts';

/** Calls once at the earliest of the times that it was given. */
export class WakeTimer {
  readonly #clock: Clock;
  readonly #onTime: () => void;
  #at = Infinity;
  #sleeping: AbortController | undefined;

  constructor(clock: Clock, onTime: () => void) {
    this.#clock = clock;
    this.#onTime = onTime;
  }

  /** Not later than this; `Infinity` is never. */
  set(at: number): void {
    if (at === Infinity || at >= this.#at) return;
    this.#sleeping?.abort();
    const sleeping = new AbortController();
    this.#sleeping = sleeping;
    this.#at = at;
    void this.#clock.sleep(Math.max(0, at - this.#clock.now()), sleeping.signal).then(() => {
      if (sleeping.signal.aborted) return;
      this.#at = Infinity;
      this.#onTime();
    });
  }

  stop(): void {
    this.#sleeping?.abort();
  }
}
