import type { Id } from '../lib/ids.ts';
import { WalSyncs } from '../lib/wal-sync.ts';
import { canonicalOf } from '../mail/address.ts';
import type { Claim } from './entry-operations.ts';
import type { PostRows } from './outcome-engine.ts';
import type { OutcomeCalls, OutcomeFiles } from './outcome-files.ts';
import { droppedReply } from './waiting-recipients.ts';
import type { OutcomeState } from './outcome.ts';
import type { DueRecipient, Trace } from './store.ts';

const pageSize = 1_000;
/** Rows that one commit changes at most, so that another process never waits long for its turn (DESIGN: state). */
const batchMost = 10_000;

/** What became of every recipient of the posts of a queue, over all its outcome files. */
export class Outcomes {
  readonly #files: OutcomeFiles;
  readonly #syncs: WalSyncs;

  constructor(files: OutcomeFiles) {
    this.#files = files;
    this.#syncs = new WalSyncs((file) => files.in(file)('checkpoint', undefined));
  }

  /** Writes rows in one transaction per file; `sync` waits for the disk. */
  async write(posts: readonly PostRows[]): Promise<void> {
    const byFile = Map.groupBy(posts, ({ post }) => this.#files.name(post));
    await Promise.all([...byFile.values()].map((some) => this.#files.of(some[0]!.post)('record', some)));
  }

  /** What was written of these posts is on disk when it resolves. */
  async sync(posts: readonly Id[]): Promise<void> {
    const files = new Set(posts.map((post) => this.#files.path(post)));
    await Promise.all([...files].map((file) => this.#syncs.sync(file)));
  }

  async recorded(post: Id, first: number, count: number): Promise<Set<number>> {
    return new Set(await this.#files.of(post)('recorded', { post, first, count }));
  }

  async claimDue(
    claim: Claim,
    limit: number,
    exceptDomains: readonly string[],
    exceptPosts: readonly string[],
  ): Promise<DueRecipient[]> {
    const due: DueRecipient[] = [];
    for (const calls of this.#files.all()) {
      if (due.length >= limit) break;
      due.push(...(await calls('claimDue', { ...claim, limit: limit - due.length, exceptDomains, exceptPosts })));
    }
    return due;
  }

  /** Whether a recipient of a post is still to be tried. */
  isWaiting(post: Id): Promise<boolean> {
    return this.#files.of(post)('isWaiting', { post });
  }

  async tally(post: Id): Promise<Readonly<Record<OutcomeState, number>>> {
    const total = { delivered: 0, deferred: 0, failed: 0, uncertain: 0 };
    for (const { state, n } of await this.#files.of(post)('tally', { post })) total[state] = n;
    return total;
  }

  /** A list that was made anew counts its posts from 1 again: the newest post of that number is meant. */
  async *trace(list: string, number: number, address: string | undefined): AsyncIterable<Trace[]> {
    for (const calls of this.#files.all()) {
      const post = await calls('postOf', { list, number });
      if (post === undefined) continue;
      yield* traceFile(calls, post, address === undefined ? undefined : canonicalOf(address));
      return;
    }
  }

  /** The next tries, but of these posts. */
  async nextDue(exceptPosts: readonly string[]): Promise<number | undefined> {
    const found = await Promise.all(this.#files.all().map((calls) => calls('nextDue', { exceptPosts })));
    return found.filter((time) => time !== undefined).toSorted((a, b) => a - b)[0];
  }

  async recover(owner: string, now: number): Promise<number> {
    let freed = 0;
    for (const calls of this.#files.all()) freed += await calls('recover', { owner, now });
    return freed;
  }

  /** The operator has dropped this post: nobody of it is tried again. */
  async giveUp(post: Id, at: number): Promise<void> {
    await whole((most) => this.#files.of(post)('giveUp', { post, at, reply: droppedReply, most }));
  }

  /** Whoever of this post waits is tried now. */
  async hurry(post: Id, now: number): Promise<void> {
    await whole((most) => this.#files.of(post)('hurry', { post, now, most }));
  }
}

async function whole(change: (most: number) => Promise<number>): Promise<void> {
  while ((await change(batchMost)) === batchMost);
}

async function* traceFile(calls: OutcomeCalls, post: number, wanted: string | undefined): AsyncIterable<Trace[]> {
  let after: number | undefined = -1;
  while (after !== undefined) {
    const page: { traces: Trace[]; next: number | undefined } = await calls('trace', {
      post,
      wanted: wanted ?? null,
      after,
      limit: pageSize,
    });
    // SQLite knows the letter case of ASCII only.
    const traces =
      wanted === undefined ? page.traces : page.traces.filter((trace) => canonicalOf(trace.address) === wanted);
    if (traces.length > 0) yield traces;
    after = page.next;
  }
}
