import type { Id } from '../lib/ids.ts';
import type { Entry, Following, NewEntry, NewMessage } from './store.ts';

/** Octets of bodies that are remembered, and of the largest of them. */
const octetsMost = 4_194_304;
const bodyMost = 65_536;
/** Entries that are remembered; a command may have dropped some. */
const entriesMost = 10_000;

/** Bodies of mail that has just come in: whoever works it off a moment later need not read them from the disk. */
export class FreshBodies {
  /** By message. */
  readonly #bodies = new Map<Id, Uint8Array>();
  /** The message of an entry. */
  readonly #messages = new Map<Id, Id>();
  #octets = 0;

  /** Remembers the messages of entries that have arrived for addresses of ours. */
  keep(messages: readonly NewMessage[], entries: readonly NewEntry[]): void {
    for (const { id, body } of messages) {
      const arrived = entries.filter(({ kind, message }) => kind === 'arrived' && message === id);
      if (body.length > bodyMost || arrived.length === 0) continue;
      this.#bodies.set(id, body);
      this.#octets += body.length;
      for (const entry of arrived) this.#messages.set(entry.id, id);
    }
    for (const entry of this.#messages.keys()) {
      if (this.#octets <= octetsMost && this.#messages.size <= entriesMost) return;
      this.forget(entry);
    }
  }

  /** A body, once: the next who asks reads it from the disk. */
  take(message: Id): Buffer | undefined {
    const body = this.#bodies.get(message);
    if (!body) return undefined;
    this.#bodies.delete(message);
    this.#octets -= body.length;
    return Buffer.from(body.buffer, body.byteOffset, body.byteLength);
  }

  /** The entry is worked off, or gone. */
  forget(entry: Id): void {
    const message = this.#messages.get(entry);
    if (message === undefined) return;
    this.#messages.delete(entry);
    this.take(message);
  }
}

/** Entries that were claimed as they came in, as the database has them; `ids`: those that are new there. */
export function claimedEntries({ messages, entries }: Following, ids: readonly Id[], created: number): Entry[] {
  const mine = entries.filter(({ kind, id }) => kind === 'arrived' && ids.includes(id));
  return mine.map((entry) => {
    const size = messages.find(({ id }) => id === entry.message)?.body.length ?? 0;
    return { ...entry, state: 'claimed', created, attempts: 1, reply: '', size };
  });
}
