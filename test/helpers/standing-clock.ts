import { type Clock, systemClock } from '../../src/lib/clock.ts';

/** Sleeps are real, and no longer than this. */
const sleepMostMs = 20;

/** A clock that stands until it is moved, for what runs by itself: whoever sleeps by it wakes up soon and finds no time passed. */
export class StandingClock implements Clock {
  #now: number;

  constructor(now = Date.UTC(2026, 0, 15)) {
    this.#now = now;
  }

  now(): number {
    return this.#now;
  }

  /** It is this time now, unless it is later already. */
  moveTo(at: number): void {
    this.#now = Math.max(this.#now, at);
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return systemClock.sleep(Math.min(ms, sleepMostMs), signal);
  }
}
