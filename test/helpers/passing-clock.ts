import { setImmediate as turn } from 'node:timers/promises';
import { type Clock, systemClock } from '../../src/lib/clock.ts';

const stepMs = 10;

/** The real time, and as much more as the test has let pass, step by step: whoever sleeps meanwhile wakes up in time. */
export class PassingClock implements Clock {
  #shift = 0;
  readonly #sleepers = new Set<{ readonly at: number; readonly wake: AbortController }>();

  now(): number {
    return systemClock.now() + this.#shift;
  }

  async sleep(ms: number, signal?: AbortSignal): Promise<void> {
    const wake = new AbortController();
    const sleeper = { at: this.now() + ms, wake };
    this.#sleepers.add(sleeper);
    await systemClock.sleep(ms, signal ? AbortSignal.any([signal, wake.signal]) : wake.signal);
    this.#sleepers.delete(sleeper);
  }

  /** Lets time pass; everybody does what it is time for. */
  async pass(ms: number): Promise<void> {
    for (let passed = 0; passed < ms; passed += stepMs) {
      this.#shift += stepMs;
      for (const { at, wake } of this.#sleepers) if (at <= this.now()) wake.abort();
      await turn();
    }
  }
}
