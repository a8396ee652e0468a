import { type Clock, systemClock } from '../../src/lib/clock.ts';

/** The real time, and as much more as the test has moved it: weeks pass at once, and what sleeps for a moment sleeps for a moment. */
export class ShiftedClock implements Clock {
  #shift = 0;

  now(): number {
    return systemClock.now() + this.#shift;
  }

  move(ms: number): void {
    this.#shift += ms;
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return systemClock.sleep(ms, signal);
  }
}
