import type { Clock } from '../lib/clock.ts';
import type { AttemptResult, Delivery } from './delivery.ts';

/** A result on its way to the disk. */
export interface Settled {
  readonly delivery: Delivery;
  readonly result: AttemptResult;
}

/** Results that are committed together (promise P2: none is older than this plus one commit). */
const flushMs = 50;
const flushCount = 1_000;
/** At most 2,000 results may wait for their commit; sessions that are under way add theirs after the gate has closed. */
const uncommittedMost = 2_000;
const retryMs = 1_000;

/** Collects results and commits them in groups, one commit at a time. */
export class OutcomeBuffer {
  readonly #clock: Clock;
  readonly #commit: (settled: readonly Settled[]) => Promise<void>;
  readonly #onRoom: () => void;
  readonly #onTrouble: (error: unknown) => void;
  readonly #gate: number;
  #waiting: Settled[] = [];
  #committing = 0;
  #isFlushing = false;
  #isTimed = false;
  #idle: (() => void)[] = [];

  /**
   * `commit` may reject (a full disk): the same results are tried again, and nothing new begins meanwhile; `onTrouble` hears of each
   * rejection. `underWay` is how many transactions can be open when the gate closes. `onRoom` tells that `hasRoom` may be true again.
   */
  constructor(
    clock: Clock,
    underWay: number,
    commit: (settled: readonly Settled[]) => Promise<void>,
    onRoom: () => void,
    onTrouble: (error: unknown) => void,
  ) {
    this.#clock = clock;
    this.#commit = commit;
    this.#onRoom = onRoom;
    this.#onTrouble = onTrouble;
    this.#gate = Math.max(flushCount, uncommittedMost - underWay);
  }

  get hasRoom(): boolean {
    return this.#waiting.length + this.#committing < this.#gate;
  }

  add(delivery: Delivery, result: AttemptResult): void {
    this.#waiting.push({ delivery, result });
    if (this.#waiting.length >= flushCount) void this.#flush();
    else if (!this.#isTimed) this.#startTimer();
  }

  /** Resolves when everything that was added is on disk, or the disk has refused it: then it is delivered again after the restart. */
  async drain(): Promise<void> {
    if (this.#waiting.length === 0 && this.#committing === 0) return;
    const drained = new Promise<void>((resolve) => this.#idle.push(resolve));
    void this.#flush();
    await drained;
  }

  #startTimer(): void {
    this.#isTimed = true;
    void this.#clock.sleep(flushMs).then(() => {
      this.#isTimed = false;
      return this.#flush();
    });
  }

  async #flush(): Promise<void> {
    if (this.#isFlushing) return;
    this.#isFlushing = true;
    while (this.#waiting.length > 0) {
      const settled = this.#waiting;
      this.#waiting = [];
      this.#committing = settled.length;
      // At a stop nobody waits for a disk that refuses.
      while (!(await this.#tryCommit(settled)) && this.#idle.length === 0) await this.#clock.sleep(retryMs);
      this.#committing = 0;
      this.#onRoom();
    }
    this.#isFlushing = false;
    for (const resolve of this.#idle.splice(0)) resolve();
  }

  async #tryCommit(settled: readonly Settled[]): Promise<boolean> {
    try {
      await this.#commit(settled);
      return true;
    } catch (error) {
      this.#onTrouble(error);
      return false;
    }
  }
}
