import type { Clock } from '../lib/clock.ts';

/** Results are committed together, at the latest after this (promise P2: none is older than this plus one commit). */
const flushMs = 50;
/** A commit starts with this many: fewer would cost more commits, more would let the gate close while some are on their way to the disk. */
const flushCount = 600;
/** Commits that wait for the disk at a time. */
const commitsMost = 3;
/** At most so many results await their commit, counting those that the transactions under way will bring. */
const uncommittedMost = 2_000;
const retryMs = 1_000;

export interface OutcomeBufferParts<Batch> {
  readonly clock: Clock;
  /** What was added since the last time. */
  readonly take: () => Batch;
  /** May reject (a full disk): the same batch is tried again, and nothing new begins meanwhile. */
  readonly commit: (batch: Batch) => Promise<void>;
  /** `hasRoom` may be true again. */
  readonly onRoom: () => void;
  /** Hears of each rejection. */
  readonly onTrouble: (error: unknown) => void;
}

/**
 * Says when results are committed, and whether more transactions may begin. Commits overlap: on a disk whose sync takes 10 ms one at a time
 * would bring 1,000 results in 14 to 20 ms (measured).
 */
export class OutcomeBuffer<Batch> {
  readonly #parts: OutcomeBufferParts<Batch>;
  #underWay = 0;
  #waiting = 0;
  /** Results on their way to the disk, and in how many commits. */
  #committing = 0;
  #commits = 0;
  #isTimed = false;
  /** Somebody has waited for as long as may be. */
  #isOverdue = false;
  #idle: (() => void)[] = [];

  constructor(parts: OutcomeBufferParts<Batch>) {
    this.#parts = parts;
  }

  get hasRoom(): boolean {
    return this.#underWay + this.#waiting + this.#committing < uncommittedMost;
  }

  /** A transaction begins: it will be `settled` or `returned`. */
  begun(): void {
    this.#underWay++;
  }

  /** A transaction ended without a result. */
  returned(): void {
    this.#underWay--;
  }

  /** A transaction's result was added to the open batch. */
  settled(): void {
    this.#underWay--;
    this.#waiting++;
    this.#flushSome();
  }

  /** Resolves when everything that was added is on disk, or the disk has refused it: then it is delivered again after the restart. */
  async drain(): Promise<void> {
    if (this.#waiting === 0 && this.#commits === 0) return;
    const drained = new Promise<void>((resolve) => this.#idle.push(resolve));
    this.#flushSome();
    await drained;
  }

  #flushSome(): void {
    if (this.#waiting === 0) return;
    const isDue = this.#waiting >= flushCount || this.#isOverdue || this.#idle.length > 0;
    if (isDue && this.#commits < commitsMost) void this.#commitAll();
    else if (!this.#isTimed) this.#startTimer();
  }

  #startTimer(): void {
    this.#isTimed = true;
    void this.#parts.clock.sleep(flushMs).then(() => {
      this.#isTimed = false;
      this.#isOverdue = this.#waiting > 0;
      this.#flushSome();
    });
  }

  async #commitAll(): Promise<void> {
    const batch = this.#parts.take();
    const count = this.#waiting;
    this.#waiting = 0;
    this.#isOverdue = false;
    this.#committing += count;
    this.#commits++;
    // At a stop nobody waits for a disk that refuses.
    while (!(await this.#tryCommit(batch)) && this.#idle.length === 0) await this.#parts.clock.sleep(retryMs);
    this.#committing -= count;
    this.#commits--;
    this.#parts.onRoom();
    this.#flushSome();
    if (this.#waiting === 0 && this.#commits === 0) for (const resolve of this.#idle.splice(0)) resolve();
  }

  async #tryCommit(batch: Batch): Promise<boolean> {
    try {
      await this.#parts.commit(batch);
      return true;
    } catch (error) {
      this.#parts.onTrouble(error);
      return false;
    }
  }
}
