import type { Id } from '../lib/ids.ts';
import type { NewEntry, NewMessage } from './store.ts';

/** Octets of bodies that are remembered, and of the largest of them. */
const octetsMost = 4_194_304;
const bodyMost = 65_536;

/** Bodies of mail that has just come in: whoever works it off a moment later need not read them from the disk. */
export class FreshBodies {
  readonly #bodies = new Map<Id, Uint8Array>();
  #octets = 0;

  /** Remembers the messages of which an entry has arrived for an address of ours. */
  keep(messages: readonly NewMessage[], entries: readonly NewEntry[]): void {
    for (const { id, body } of messages) {
      if (body.length > bodyMost || !entries.some(({ kind, message }) => kind === 'arrived' && message === id))
        continue;
      this.#bodies.set(id, body);
      this.#octets += body.length;
    }
    for (const id of this.#bodies.keys()) {
      if (this.#octets <= octetsMost) return;
      this.take(id);
    }
  }

  /** A body, once: the next who asks reads it from the disk. */
  take(id: Id): Buffer | undefined {
    const body = this.#bodies.get(id);
    if (!body) return undefined;
    this.#bodies.delete(id);
    this.#octets -= body.length;
    return Buffer.from(body.buffer, body.byteOffset, body.byteLength);
  }
}
