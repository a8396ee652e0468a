import type { Id } from '../lib/ids.ts';
import type { Side } from './journal.ts';
import type { Work } from './journal-record.ts';
import type { NewMessage } from './store.ts';

/** Octets of the messages that a journal's entries have, all together; beyond them entries come into the database at once. Half a file. */
const octetsMost = 2_097_152;
/** A larger message does, too: its octets would be written twice when it stays. */
const messageOctetsMost = 65_536;

/** An entry that only the journal has. */
export interface JournalEntry {
  readonly id: Id;
  /** It alone, with its message. */
  readonly work: Work;
  readonly side: Side;
  /** It is on its way into the database. */
  moving?: Promise<unknown>;
  /** It is worked off, and nothing follows: whether its end is found after a crash or the entry itself is the same. */
  isEnding: boolean;
}

/** The entries that only the journal has, and their messages, in memory. */
export class JournalWorks {
  readonly #entries = new Map<Id, JournalEntry>();
  /** Messages, and how many entries of each are left. */
  readonly #messages = new Map<Id, { readonly message: NewMessage; left: number }>();
  #octets = 0;

  /** True when this may go into the journal. The cause of an entry that is its own is new for certain: nobody needs to look. */
  takes({ messages, entries }: Pick<Work, 'messages' | 'entries'>): boolean {
    if (entries.some(({ kind, cause, id }) => kind !== 'arrived' || cause !== id)) return false;
    const octets = messages.reduce((sum, { body }) => sum + body.length, this.#octets);
    return octets <= octetsMost && messages.every(({ body }) => body.length <= messageOctetsMost);
  }

  /** It is on disk. */
  add({ messages, entries, claimant, created }: Work, side: Side): void {
    for (const message of messages) {
      const left = entries.filter((entry) => entry.message === message.id).length;
      const known = this.#messages.get(message.id);
      if (known) known.left += left;
      else if (left > 0) {
        this.#messages.set(message.id, { message, left });
        this.#octets += message.body.length;
      }
    }
    for (const entry of entries) {
      const own = messages.filter(({ id }) => id === entry.message);
      const work = { messages: own, entries: [entry], claimant, created };
      this.#entries.set(entry.id, { id: entry.id, work, side, isEnding: false });
    }
  }

  get(id: Id): JournalEntry | undefined {
    return this.#entries.get(id);
  }

  message(id: Id): Uint8Array | undefined {
    return this.#messages.get(id)?.message.body;
  }

  /** Those of a file, or of both, that have come in before `created`, in the order in which they came. */
  before(created: number, side?: Side): JournalEntry[] {
    const isOne = (entry: JournalEntry): boolean =>
      entry.work.created < created && (side === undefined || entry.side === side);
    return [...this.#entries.values()].filter(isOne);
  }

  /** It has ended, or the database has it. */
  remove({ id, work }: JournalEntry): void {
    if (!this.#entries.delete(id)) return;
    for (const { id: message, body } of work.messages) {
      const known = this.#messages.get(message);
      if (!known || --known.left > 0) continue;
      this.#messages.delete(message);
      this.#octets -= body.length;
    }
  }
}
