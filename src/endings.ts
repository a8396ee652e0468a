import type { Clock } from './lib/clock.ts';
import type { Id } from './lib/ids.ts';
import type { Claimant, QueueStore } from './queue/store.ts';

/** How long an end waits for others, and for a commit of what comes in to go with. */
const gatherMs = 10;

/** Ends entries that nothing follows, many in one commit: nobody waits for it but who counts what is being worked on. */
export class Endings {
  readonly #queue: Pick<QueueStore, 'finishAll'>;
  readonly #claimant: Claimant;
  readonly #clock: Clock;
  #waiting: Id[] = [];
  #next = Promise.withResolvers<true>();
  #isSleeping = false;

  constructor(queue: Pick<QueueStore, 'finishAll'>, claimant: Claimant, clock: Clock) {
    this.#queue = queue;
    this.#claimant = claimant;
    this.#clock = clock;
  }

  /** Resolves when the end is on disk; true. */
  end(id: Id): Promise<true> {
    this.#waiting.push(id);
    if (!this.#isSleeping) void this.#flushLater();
    return this.#next.promise;
  }

  /** Ends those that wait, in the commit that the caller has just begun when there is one. */
  flush(): void {
    if (this.#waiting.length === 0) return;
    const [ids, { resolve, reject }] = [this.#waiting, this.#next];
    this.#waiting = [];
    this.#next = Promise.withResolvers<true>();
    this.#queue.finishAll(this.#claimant, ids).then(() => resolve(true), reject);
  }

  async #flushLater(): Promise<void> {
    this.#isSleeping = true;
    await this.#clock.sleep(gatherMs);
    this.#isSleeping = false;
    this.flush();
  }
}
