import type { Home } from '../home.ts';
import type { LaneReport } from '../lane-report.ts';
import type { Id } from '../lib/ids.ts';
import { parseListName } from '../list/name.ts';
import type { Entry, EntryState, QueueCounts } from '../queue/store.ts';
import { askDaemon } from './ask.ts';
import type { Door } from './door.ts';

/** One post that is not wholly delivered. */
export interface PostProgress {
  readonly id: Id;
  readonly list: string;
  readonly number: number;
  readonly state: EntryState;
  /** Members that the post is for, as far as is known. */
  readonly recipients: number;
  /** Those that were tried at least once. */
  readonly tried: number;
  readonly delivered: number;
  readonly deferred: number;
  readonly failed: number;
  /** Recipients tried per second since the last look; 0 at the first. */
  readonly rate: number;
}

/** What goes on at one moment. */
export interface Snapshot {
  readonly at: number;
  readonly isRunning: boolean;
  readonly queue: QueueCounts;
  readonly lanes: readonly LaneReport[];
  readonly posts: readonly PostProgress[];
}

/** Posts that are looked at; more of them at a time are only counted. */
const postsMost = 20;

/** Looks at a home again and again, and keeps what a rate needs of the last look. */
export class Watch {
  readonly #door: Door;
  readonly #home: Home;
  readonly #recipients = new Map<Id, number>();
  #last: Pick<Snapshot, 'at' | 'posts'> | undefined;

  constructor(door: Door, home: Home) {
    this.#door = door;
    this.#home = home;
  }

  async look(): Promise<Snapshot> {
    const asked = await askDaemon(this.#door, { ask: 'lanes' });
    const isRunning = asked !== 'silent' && 'answer' in asked;
    const at = this.#door.clock.now();
    const posts = await this.posts();
    const queue = await this.#home.queue.counts();
    return { at, isRunning, queue, lanes: isRunning ? asked.answer : [], posts };
  }

  /** How far the posts are that are not wholly delivered, the oldest first; at most twenty. */
  async posts(): Promise<PostProgress[]> {
    const at = this.#door.clock.now();
    const posts: PostProgress[] = [];
    for await (const page of this.#home.queue.entries({ kind: 'post' })) {
      for (const entry of page.slice(0, postsMost - posts.length)) posts.push(await this.#progress(entry, at));
      if (posts.length >= postsMost) break;
    }
    this.#last = { at, posts };
    return posts;
  }

  /** How far one post is, for those who look at no other. */
  async post(entry: Entry): Promise<PostProgress> {
    const at = this.#door.clock.now();
    const progress = await this.#progress(entry, at);
    this.#last = { at, posts: [progress] };
    return progress;
  }

  async #progress(entry: Entry, at: number): Promise<PostProgress> {
    const { delivered, deferred, failed, uncertain } = await this.#home.queue.tally(entry.id);
    const tried = delivered + deferred + failed + uncertain;
    const before = this.#last?.posts.find(({ id }) => id === entry.id);
    const seconds = (at - (this.#last?.at ?? at)) / 1_000;
    return {
      id: entry.id,
      list: entry.recipient,
      number: entry.post?.number ?? 0,
      state: entry.state,
      recipients: Math.max(tried, await this.#recipientsOf(entry)),
      tried,
      delivered,
      deferred: deferred + uncertain,
      failed,
      rate: before && seconds > 0 ? Math.max(0, tried - before.tried) / seconds : 0,
    };
  }

  // Counted once: members that come or go while a post is sent are few.
  async #recipientsOf(entry: Entry): Promise<number> {
    const known = this.#recipients.get(entry.id);
    if (known !== undefined) return known;
    const name = parseListName(entry.recipient);
    const found = name && this.#home.lists.find(name.name, name.domain);
    const counted = found && entry.post ? await this.#home.lists.open(found).store.count(entry.post.role) : 0;
    this.#recipients.set(entry.id, counted);
    return counted;
  }
}
