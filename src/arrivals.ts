import type { Id } from './lib/ids.ts';
import type { Claimant, Entry, NewEntry, NewMessage, QueueStore } from './queue/store.ts';
import type { Route } from './route.ts';

/** Entries that are claimed as they come in, those that are being worked on included; what comes beyond them waits for a claim. */
const directMost = 256;
/** Of those so many begin in one turn of the event loop, so that sessions are not kept waiting. */
const beginMost = 8;

export interface ArrivalParts {
  readonly queue: Pick<QueueStore, 'acceptClaimed'>;
  readonly claimant: Claimant;
  /** Called when an accept has just begun: what is called with it shares its sync. */
  readonly onCommit: () => void;
  /** How many more may be worked on now. */
  readonly room: () => number;
  readonly begin: (entry: Entry, route: Route | undefined) => void;
}

/** What is claimed as it comes in, and worked off from memory, without a way through the database. */
export class Arrivals {
  readonly #parts: ArrivalParts;
  readonly #waiting: { readonly entry: Entry; readonly route: Route | undefined }[] = [];
  /** Whose commit is on its way. */
  #coming = 0;
  #isBeginning = false;

  constructor(parts: ArrivalParts) {
    this.#parts = parts;
  }

  /** Entries that wait for their turn. */
  get waiting(): number {
    return this.#waiting.length;
  }

  /** True when so many more may be accepted while `running` are worked on. */
  hasRoom(entries: number, running: number): boolean {
    return this.#coming + this.#waiting.length + running + entries <= directMost;
  }

  /** Resolves when it is on disk; `routes`: where entries lead, as it was found when they were named. */
  async accept(
    messages: readonly NewMessage[],
    entries: readonly NewEntry[],
    routes: ReadonlyMap<Id, Route>,
  ): Promise<void> {
    const { queue, claimant, onCommit } = this.#parts;
    this.#coming += entries.length;
    try {
      const accepted = queue.acceptClaimed(claimant, messages, entries);
      onCommit();
      for (const entry of await accepted) this.#waiting.push({ entry, route: routes.get(entry.id) });
      this.beginSome();
    } finally {
      this.#coming -= entries.length;
    }
  }

  /** Begins what there is room for, in a later turn: first the replies leave, then comes what they promise. */
  beginSome(): void {
    if (this.#isBeginning || this.#waiting.length === 0) return;
    this.#isBeginning = true;
    setImmediate(() => {
      this.#isBeginning = false;
      const room = Math.min(beginMost, this.#parts.room());
      for (const { entry, route } of this.#waiting.splice(0, Math.max(0, room))) this.#parts.begin(entry, route);
      if (room === beginMost) this.beginSome();
    });
  }
}
