import { type Clock, systemClock } from '../../src/lib/clock.ts';

/** A clock that runs so many times as fast as the real one: minutes of pacing pass in seconds, over real sockets. */
export class QuickClock implements Clock {
  readonly #began = systemClock.now();
  readonly #times: number;

  constructor(times: number) {
    this.#times = times;
  }

  now(): number {
    return this.#began + (systemClock.now() - this.#began) * this.#times;
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return systemClock.sleep(ms / this.#times, signal);
  }
}
