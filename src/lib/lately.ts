import type { Clock } from './clock.ts';

/** Tells whether something has happened often of late. */
export class Lately {
  readonly #clock: Clock;
  readonly #ms: number;
  /** When it happened the last few times, the oldest first. */
  readonly #times: number[];

  /** Often: so many times within so many milliseconds. */
  constructor(clock: Clock, times: number, ms: number) {
    this.#clock = clock;
    this.#ms = ms;
    this.#times = Array<number>(times).fill(-Infinity);
  }

  /** It happens now. */
  note(): void {
    this.#times.shift();
    this.#times.push(this.#clock.now());
  }

  get isMany(): boolean {
    // A clock that was set back makes a time to come of it.
    return Math.abs(this.#clock.now() - this.#times[0]!) < this.#ms;
  }
}
