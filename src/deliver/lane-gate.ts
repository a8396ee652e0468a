import type { Clock } from '../lib/clock.ts';
import type { AttemptResult } from './delivery.ts';
import { RateBucket } from './rate-bucket.ts';
import type { LaneState } from './traffic-messages.ts';

/** How a lane is shut: until when, what to say of those who wait, and whether the way there was an attempt for them. */
export interface Closing {
  readonly until: number;
  readonly result: AttemptResult;
  readonly wasTried: boolean;
}

/** A lane that is shut for long is looked at again after this: the operator may have opened it. */
const lookMostMs = 60_000;
const pausedLookMs = 5_000;
const open: LaneState = {
  dialect: '',
  mustTls: false,
  closedUntil: 0,
  closedBy: undefined,
  wasTried: false,
  paused: false,
  factor: 1,
  perSecond: Infinity,
  provider: '',
};
const paused = deferral('451 4.3.2 the lane is paused by the operator');
const leftAlone = deferral('451 4.4.5 the lane is left alone for a while');

/** What the book of traffic allows one lane at the moment: whether transactions may begin, and how many a second over all its sessions. */
export class LaneGate {
  readonly #clock: Clock;
  #state = open;
  readonly #bucket = new RateBucket();
  /** Nothing of the state holds anything back: the usual case costs a fan-out one look. */
  #isFree = true;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get dialect(): LaneState['dialect'] {
    return this.#state.dialect;
  }

  /** Empty while nothing is known. */
  get provider(): string {
    return this.#state.provider;
  }

  get mustTls(): boolean {
    return this.#state.mustTls;
  }

  /** Closed by a refusal, a host that does not answer, or the operator. */
  get isShut(): boolean {
    return !this.#isFree && (this.#state.paused || this.#clock.now() < this.#state.closedUntil);
  }

  /** How it is shut; undefined: it is not. */
  get closing(): Closing | undefined {
    if (!this.isShut) return undefined;
    const now = this.#clock.now();
    const { closedUntil, closedBy, wasTried } = this.#state;
    if (this.#state.paused) return { until: now + pausedLookMs, result: paused, wasTried: false };
    return { until: Math.min(closedUntil, now + lookMostMs), result: closedBy ?? leftAlone, wasTried };
  }

  /** The book says what holds now. */
  set(state: LaneState): void {
    const now = this.#clock.now();
    this.#state = state;
    this.#bucket.set(state.perSecond, now);
    this.#isFree = state.closedUntil <= now && !state.paused && this.#bucket.isFree;
  }

  /** Milliseconds until a transaction may begin; 0: now, `Infinity`: not before `set` or the end of a closing. */
  waitMs(): number {
    if (this.#isFree) return 0;
    if (this.isShut) return Infinity;
    this.#isFree = this.#bucket.isFree;
    return this.#bucket.waitMs(this.#clock.now());
  }

  /** One begins. */
  begin(): void {
    this.#bucket.take();
  }
}

function deferral(reply: string): AttemptResult {
  return Object.freeze({ state: 'deferred', host: '', reply });
}
