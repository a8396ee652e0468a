import type { Id } from '../lib/ids.ts';
import type { OutcomeBatch } from './outcome-batch.ts';
import type { PostRows } from './outcome-engine.ts';
import type { Entry, PostWork } from './store.ts';

/** Posts whose list and number are remembered. */
const worksMost = 256;

/** A post's list and number, which never change: a fan-out asks for them with every batch of results. */
export class PostWorks {
  readonly #entryOf: (post: Id) => Promise<Entry | undefined>;
  readonly #known = new Map<Id, PostWork>();

  constructor(entryOf: (post: Id) => Promise<Entry | undefined>) {
    this.#entryOf = entryOf;
  }

  async of(post: Id): Promise<PostWork | undefined> {
    const known = this.#known.get(post);
    if (known) return known;
    const work = (await this.#entryOf(post))?.post;
    if (work) this.#known.set(post, work);
    if (this.#known.size > worksMost) this.#known.delete(this.#known.keys().next().value!);
    return work;
  }

  /** A batch with the lists and numbers of its posts, those that are gone excepted. */
  async rowsOf(batch: OutcomeBatch): Promise<PostRows[]> {
    const posts: PostRows[] = [];
    for (const packed of batch.posts) {
      const work = await this.of(packed.post);
      // The operator may have dropped the post while its last recipients were on the wire.
      if (work) posts.push({ ...packed, list: work.list, number: work.number });
    }
    return posts;
  }

  forget(post: Id): void {
    this.#known.delete(post);
  }
}
