import { join } from 'node:path';
import type { Clock } from '../lib/clock.ts';
import { ensureDirectory } from '../lib/files.ts';
import type { Id } from '../lib/ids.ts';
import { callsOf, type Calls, type Storage } from '../lib/storage.ts';
import type { Cursor } from '../list/store.ts';
import { Bodies } from './bodies.ts';
import type { Claim, Ended, Taken } from './entry-operations.ts';
import { claimedEntries, FreshBodies } from './fresh-bodies.ts';
import type { StoredMessage } from './insert.ts';
import { OutcomeFiles } from './outcome-files.ts';
import type { OutcomeBatch } from './outcome-batch.ts';
import { Outcomes } from './outcomes.ts';
import { PostWorks } from './post-works.ts';
import { SqliteRecipients } from './recipients.ts';
import type { queueEngine } from './queue-engine.ts';
import type { OutcomeState } from './outcome.ts';
import type {
  Chunk,
  Claimant,
  DueRecipient,
  Entry,
  Progress,
  EntryFilter,
  EntryKind,
  Following,
  FullLane,
  Move,
  NewChunk,
  NewEntry,
  NewMessage,
  QueueCounts,
  QueueStore,
  Trace,
} from './store.ts';
import { UntriedRecipients } from './untried.ts';

const pageSize = 1_000;

export interface SqliteQueueOptions {
  readonly storage: Storage;
  /** `queue/` of the home; made when it is not there. */
  readonly directory: string;
  readonly clock: Clock;
}

/** Opens the queue of a home: queue.db, the outcome files and the bodies beside them. */
export async function openSqliteQueue(options: SqliteQueueOptions): Promise<QueueStore> {
  await ensureDirectory(options.directory, 0o700);
  return new SqliteQueue(options);
}

/** The file that tells of changes by other processes. */
export function queueFile(directory: string): string {
  return join(directory, 'queue.db');
}

/** Entries, chunks and recipients in databases, as `QueueStore` promises. */
export class SqliteQueue implements QueueStore {
  readonly recipients: SqliteRecipients;
  readonly #queue: Calls<typeof queueEngine>;
  readonly #files: OutcomeFiles;
  readonly #outcomes: Outcomes;
  readonly #bodies: Bodies;
  protected readonly clock: Clock;
  readonly #works = new PostWorks((post) => this.entry(post));
  readonly #fresh = new FreshBodies();

  constructor({ storage, directory, clock }: SqliteQueueOptions) {
    this.#queue = callsOf(storage, queueFile(directory), 'queue');
    this.#files = new OutcomeFiles(storage, directory);
    this.#outcomes = new Outcomes(this.#files);
    const isNamed = async (id: Id): Promise<boolean> => (await this.#queue('message', { id })) !== undefined;
    this.#bodies = new Bodies(join(directory, 'body'), clock, isNamed);
    this.clock = clock;
    const untried = new UntriedRecipients(this.#queue, this.#files, clock);
    this.recipients = new SqliteRecipients(this.#files, untried, clock, (post) => this.finishPost(post));
  }

  async accept(messages: readonly NewMessage[], entries: readonly NewEntry[]): Promise<void> {
    const count = await this.#bodies.with(messages, (stored) =>
      this.#queue('accept', { messages: stored, entries, now: this.clock.now() }),
    );
    if (count === entries.length) this.#fresh.keep(messages, entries);
  }

  async acceptClaimed(
    claimant: Claimant,
    messages: readonly NewMessage[],
    entries: readonly NewEntry[],
  ): Promise<Entry[]> {
    const claim = this.#claim(claimant);
    const commit = (stored: readonly StoredMessage[]) =>
      this.#queue('acceptClaimed', { messages: stored, entries, claim });
    const ids = await this.#bodies.with(messages, commit);
    if (ids.length === entries.length) this.#fresh.keep(messages, entries);
    return claimedEntries({ messages, entries }, ids, claim.now);
  }

  claim(
    claimant: Claimant,
    kinds: readonly EntryKind[],
    limit: number,
    exceptDomains: readonly string[] = [],
  ): Promise<Entry[]> {
    return this.#queue('claim', { ...this.#claim(claimant), kinds, limit, exceptDomains });
  }

  /** `taken`: what is taken over in this commit first. */
  async finish(
    { owner }: Claimant,
    id: Id,
    messages: readonly NewMessage[],
    entries: readonly NewEntry[],
    taken?: Taken,
  ): Promise<boolean> {
    this.#fresh.forget(id);
    const end = await this.#bodies.with(messages, (stored) =>
      this.#queue('finish', { owner, id, messages: stored, entries, now: this.clock.now(), taken }),
    );
    return this.#ended(end);
  }

  async finishAll({ owner }: Claimant, ids: readonly Id[]): Promise<void> {
    for (const id of ids) this.#fresh.forget(id);
    for (const body of await this.#queue('finishAll', { owner, ids })) await this.#bodies.remove(body);
  }

  /** `taken`: as with `finish`. */
  defer({ owner }: Claimant, id: Id, due: number, reply: string, notice?: Following, taken?: Taken): Promise<boolean> {
    return this.#bodies.with(notice?.messages ?? [], (messages) => {
      const told = notice && { messages, entries: notice.entries };
      const now = this.clock.now();
      return this.#queue('defer', { owner, id, due, reply, notice: told, now, taken });
    });
  }

  async message(id: Id): Promise<Buffer | undefined> {
    const fresh = this.#fresh.take(id);
    if (fresh) return fresh;
    const body = (await this.#queue('message', { id }))?.body;
    if (body === undefined || body === null) return body === null ? this.#bodies.read(id) : undefined;
    return Buffer.from(body.buffer, body.byteOffset, body.byteLength);
  }

  cutChunk(claimant: Claimant, post: Id, chunk: NewChunk | undefined, cursor: Cursor | undefined): Promise<void> {
    return this.#queue('cutChunk', { ...this.#claim(claimant), post, chunk, cursor });
  }

  progress(post: Id): Promise<Progress | undefined> {
    return this.#queue('progress', { post, now: this.clock.now() });
  }

  claimChunks(
    claimant: Claimant,
    recipients: number,
    fullLanes: readonly FullLane[] = [],
    exceptLists: readonly string[] = [],
  ): Promise<Chunk[]> {
    return this.#queue('claimChunks', { ...this.#claim(claimant), recipients, fullLanes, exceptLists });
  }

  async finishChunk({ owner }: Claimant, id: number): Promise<void> {
    await this.#queue('finishChunk', { owner, id });
  }

  async deferChunk({ owner }: Claimant, id: number, due: number): Promise<void> {
    await this.#queue('deferChunk', { owner, id, due });
  }

  async hurryChunks(): Promise<void> {
    await this.#queue('hurryChunks', { now: this.clock.now() });
  }

  async record(batch: OutcomeBatch): Promise<void> {
    if (!batch.isWritten) await this.#outcomes.write(await this.#works.rowsOf(batch));
    batch.isWritten = true;
    await this.#outcomes.sync(batch.ids);
  }

  recorded(post: Id, first: number, count: number): Promise<Set<number>> {
    return this.#outcomes.recorded(post, first, count);
  }

  async claimDue(
    claimant: Claimant,
    limit: number,
    exceptDomains: readonly string[] = [],
    exceptLists: readonly string[] = [],
  ): Promise<DueRecipient[]> {
    const held = await this.#queue('heldPosts', { lists: exceptLists });
    const due = await this.#outcomes.claimDue(this.#claim(claimant), limit, exceptDomains, held);
    const gone = await this.#giveUpGone(new Set(due.map(({ post }) => post)));
    return gone.length === 0 ? due : due.filter(({ post }) => !gone.includes(post));
  }

  // In this order: when no chunk is left every outcome is on disk, and then who waits is all who will.
  async finishPost(id: Id): Promise<boolean> {
    const progress = await this.progress(id);
    if (!progress?.isCut || progress.chunks > 0 || (await this.#outcomes.isWaiting(id))) return false;
    return this.#ended(await this.#queue('finishPost', { id }));
  }

  trace(list: string, number: number, address?: string): AsyncIterable<Trace[]> {
    return this.#outcomes.trace(list, number, address);
  }

  tally(post: Id): Promise<Readonly<Record<OutcomeState, number>>> {
    return this.#outcomes.tally(post);
  }

  async nextDue(): Promise<number | undefined> {
    const held = await this.#queue('heldPosts', { lists: [] });
    const [entry, recipient] = await Promise.all([this.#queue('nextDue', undefined), this.#outcomes.nextDue(held)]);
    return entry === undefined || recipient === undefined ? (entry ?? recipient) : Math.min(entry, recipient);
  }

  async recover(owner: string): Promise<{ entries: number; chunks: number; recipients: number }> {
    const now = this.clock.now();
    const { entries, chunks } = await this.#queue('recover', { owner, now });
    const recipients = await this.#outcomes.recover(owner, now);
    await this.#bodies.removeOrphans(new Set(await this.#queue('filedBodies', undefined)));
    return { entries, chunks, recipients };
  }

  counts(): Promise<QueueCounts> {
    return this.#queue('counts', undefined);
  }

  async *entries(filter: EntryFilter): AsyncIterable<Entry[]> {
    let after = '';
    for (;;) {
      const page = await this.#queue('entries', { filter, after, limit: pageSize, now: this.clock.now() });
      if (page.length > 0) yield page;
      if (page.length < pageSize) return;
      after = page.at(-1)!.id;
    }
  }

  entry(id: Id): Promise<Entry | undefined> {
    return this.#queue('entry', { id });
  }

  async hold(id: Id): Promise<boolean> {
    return (await this.move('hold', [id])).length > 0;
  }

  async release(id: Id): Promise<boolean> {
    return (await this.move('release', [id])).length > 0;
  }

  async retryNow(id: Id): Promise<boolean> {
    return (await this.move('retry', [id])).length > 0;
  }

  async drop(id: Id): Promise<boolean> {
    return (await this.move('drop', [id])).length > 0;
  }

  async move(move: Move, ids: readonly Id[]): Promise<Id[]> {
    const now = this.clock.now();
    const moved = await this.#queue('moveEntries', { move, ids, now });
    for (const { id, kind, goneBody } of moved) {
      this.#fresh.forget(id);
      if (goneBody) await this.#bodies.remove(goneBody);
      if (kind === 'post' && move === 'retry') await this.#outcomes.hurry(id, now);
      if (kind !== 'post' || move !== 'drop') continue;
      this.#works.forget(id);
      await this.#outcomes.giveUp(id, now);
    }
    return moved.map(({ id }) => id);
  }

  forget(days: number): Promise<number> {
    return this.#files.forget(days, this.clock.now());
  }

  async close(): Promise<void> {}

  #claim({ owner, leaseMs }: Claimant): Claim {
    return { owner, leaseMs, now: this.clock.now() };
  }

  // Results that came in after the operator had dropped their post, or a crash before the drop had reached the outcomes.
  async #giveUpGone(posts: ReadonlySet<Id>): Promise<readonly Id[]> {
    if (posts.size === 0) return [];
    const gone = await this.#queue('gonePosts', { posts: [...posts] });
    for (const post of gone) await this.#outcomes.giveUp(post, this.clock.now());
    return gone;
  }

  async #ended({ isDone, goneBody }: Ended): Promise<boolean> {
    if (goneBody) await this.#bodies.remove(goneBody);
    return isDone;
  }
}
