import type { Clock } from '../lib/clock.ts';
import type { Log } from '../log.ts';
import type { LaneTraffic } from './traffic-lane.ts';

/** An operator hears of the same fault of ours once in this time. */
const everyMs = 3_600_000;
const toldMost = 10_000;

/** Tells of replies that say that something of ours is wrong: waiting does not help. */
export class FaultAlarms {
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #told = new Map<string, number>();

  constructor(clock: Clock, log: Log) {
    this.#clock = clock;
    this.#log = log;
  }

  /** Tells, unless the same was told of the same provider within the hour. */
  tell({ identity, providerName }: LaneTraffic, rule: string, reply: string): void {
    const key = `${providerName || identity.lane} ${rule}`;
    const now = this.#clock.now();
    if (now - (this.#told.get(key) ?? -Infinity) < everyMs) return;
    if (this.#told.size >= toldMost) this.#told.clear();
    this.#told.set(key, now);
    this.#log('lane.alarm', { lane: identity.lane, provider: providerName, rule, reply });
  }
}
