import type { Clock } from '../../src/lib/clock.ts';

/** A clock that stands until it is moved; nobody sleeps by it. */
export class HandClock implements Clock {
  #now: number;

  constructor(now = Date.UTC(2026, 0, 15)) {
    this.#now = now;
  }

  now(): number {
    return this.#now;
  }

  move(ms: number): void {
    this.#now += ms;
  }

  async sleep(ms: number): Promise<void> {
    this.move(ms);
  }
}
