import type { Clock } from './lib/clock.ts';
import type { List } from './list/list.ts';
import type { Log } from './log.ts';

export interface BounceRoundsParts {
  readonly clock: Clock;
  readonly log: Log;
  /** All lists. */
  readonly all: () => Iterable<{ readonly address: string }>;
  readonly open: (address: string) => List | undefined;
  /** Does what is due for a list; gives when the next thing is. */
  readonly run: (list: List) => Promise<number | undefined>;
}

const hourMs = 3_600_000;
const dayMs = 24 * hourMs;
/** A start has better things to do first. */
const firstWalkMs = 60_000;
/** Between two lists of a walk: the storage has other work. */
const betweenMs = 20;

/**
 * When which list's bounces are looked after: at once when something is due, each hour when something has become due, and once a day every
 * list (what an earlier run or a command has left).
 */
export class BounceRounds {
  readonly #parts: BounceRoundsParts;
  readonly #stopping = new AbortController();
  readonly #due = new Map<string, number>();
  #last: Promise<void> = Promise.resolve();
  #loop: Promise<void> | undefined;
  #walked = -Infinity;

  constructor(parts: BounceRoundsParts) {
    this.#parts = parts;
  }

  start(): void {
    this.#loop = this.#run();
  }

  /** Something of this list is due at that time. */
  due(list: string, at: number): void {
    this.#due.set(list, Math.min(at, this.#due.get(list) ?? Infinity));
    if (at <= this.#parts.clock.now()) void this.#look(list);
  }

  /** Looks after every list now. */
  async walk(): Promise<void> {
    this.#walked = this.#parts.clock.now();
    for (const { address } of this.#parts.all()) {
      if (this.#stopping.signal.aborted) return;
      await this.#look(address);
      await this.#parts.clock.sleep(betweenMs, this.#stopping.signal);
    }
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#loop;
    await this.#last;
  }

  async #run(): Promise<void> {
    const { clock } = this.#parts;
    const { signal } = this.#stopping;
    await clock.sleep(firstWalkMs, signal);
    while (!signal.aborted) {
      if (clock.now() - this.#walked >= dayMs) await this.#walkOrTell();
      else await this.#lookAtDue();
      await clock.sleep(hourMs, signal);
    }
  }

  // Each list once: what is due again by then waits for the next hour.
  async #lookAtDue(): Promise<void> {
    const now = this.#parts.clock.now();
    const due = [...this.#due].filter(([, at]) => at <= now);
    for (const [list] of due) await this.#look(list);
  }

  async #walkOrTell(): Promise<void> {
    try {
      await this.walk();
    } catch (error) {
      this.#walked = -Infinity;
      this.#parts.log('storage.trouble', { doing: 'looking for lists with bounces', cause: String(error) });
    }
  }

  // One list at a time, in the order in which they were asked for.
  #look(list: string): Promise<void> {
    this.#last = this.#last.then(() => this.#try(list));
    return this.#last;
  }

  async #try(address: string): Promise<void> {
    if (this.#stopping.signal.aborted) return;
    this.#due.delete(address);
    const { open, run, log } = this.#parts;
    try {
      const list = open(address);
      const next = list && (await run(list));
      if (next !== undefined) this.#due.set(address, next);
    } catch (error) {
      log('storage.trouble', { doing: `the bounces of ${address}`, cause: String(error) });
      this.#due.set(address, this.#parts.clock.now() + hourMs);
    }
  }
}
