import type { Clock } from '../lib/clock.ts';

/** Results are committed together, at the latest after this (promise P2: none is older than this plus one commit). */
const flushMs = 50;
/** A commit starts with this many: fewer would cost more commits, more would let the gate close while one is written. */
const flushCount = 500;
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

/** Says when results are committed, one commit at a time, and whether more transactions may begin. */
export class OutcomeBuffer<Batch> {
  readonly #parts: OutcomeBufferParts<Batch>;
  #underWay = 0;
  #waiting = 0;
  #committing = 0;
  #isFlushing = false;
  #isTimed = false;
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
    if (++this.#waiting >= flushCount) void this.#flush();
    else if (!this.#isTimed) this.#startTimer();
  }

  /** Resolves when everything that was added is on disk, or the disk has refused it: then it is delivered again after the restart. */
  async drain(): Promise<void> {
    if (this.#waiting === 0 && this.#committing === 0) return;
    const drained = new Promise<void>((resolve) => this.#idle.push(resolve));
    void this.#flush();
    await drained;
  }

  #startTimer(): void {
    this.#isTimed = true;
    void this.#parts.clock.sleep(flushMs).then(() => {
      this.#isTimed = false;
      return this.#flush();
    });
  }

  async #flush(): Promise<void> {
    if (this.#isFlushing) return;
    this.#isFlushing = true;
    do await this.#commitAll();
    while (this.#waiting >= flushCount || (this.#waiting > 0 && this.#idle.length > 0));
    this.#isFlushing = false;
    if (this.#waiting > 0 && !this.#isTimed) this.#startTimer();
    for (const resolve of this.#idle.splice(0)) resolve();
  }

  async #commitAll(): Promise<void> {
    const batch = this.#parts.take();
    this.#committing = this.#waiting;
    this.#waiting = 0;
    // At a stop nobody waits for a disk that refuses.
    while (!(await this.#tryCommit(batch)) && this.#idle.length === 0) await this.#parts.clock.sleep(retryMs);
    this.#committing = 0;
    this.#parts.onRoom();
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
