import type { Id } from '../lib/ids.ts';
import type { Entry, QueueStore } from '../queue/store.ts';
import type { Senders } from './copy.ts';
import type { Load } from './delivery.ts';
import { postLoad, type PostLoadParts } from './post-load.ts';

export interface PostLoadsParts extends PostLoadParts {
  readonly queue: QueueStore;
  /** The list's VERP for a post; undefined when the list is gone: the post waits. */
  readonly sendersOf: (post: Entry) => Promise<Senders | undefined>;
}

/** A post ready to be sent. */
export interface Prepared {
  readonly load: Load;
  readonly senders: Senders;
  /** The list's address. */
  readonly list: string;
}

/** Posts whose message and senders are kept ready. */
const loadsMost = 32;

/** The posts that are under way, each made ready once for all its chunks. */
export class PostLoads {
  readonly #parts: PostLoadsParts;
  readonly #loads = new Map<Id, Promise<Prepared | undefined>>();

  constructor(parts: PostLoadsParts) {
    this.#parts = parts;
  }

  /** Undefined when the post or its list is gone; rejects when the disk does, and is tried again at the next call. */
  of(post: Id): Promise<Prepared | undefined> {
    const known = this.#loads.get(post);
    if (known) return known;
    const prepared = this.#load(post).catch((error: unknown) => {
      this.#loads.delete(post);
      throw error;
    });
    this.#loads.set(post, prepared);
    if (this.#loads.size > loadsMost) this.#loads.delete(this.#loads.keys().next().value!);
    return prepared;
  }

  async #load(post: Id): Promise<Prepared | undefined> {
    const entry = await this.#parts.queue.entry(post);
    const message = entry && (await this.#parts.queue.message(entry.message));
    const senders = entry && (await this.#parts.sendersOf(entry));
    if (!message || !senders) return undefined;
    return { load: await postLoad(entry, message, this.#parts), senders, list: entry.recipient };
  }
}
