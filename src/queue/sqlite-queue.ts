import { join } from 'node:path';
import type { Clock } from '../lib/clock.ts';
import { ensureDirectory } from '../lib/files.ts';
import type { Id } from '../lib/ids.ts';
import { callsOf, type Calls, type Storage } from '../lib/storage.ts';
import type { Cursor } from '../list/store.ts';
import { Bodies, inlineOctetsMost } from './bodies.ts';
import type { Ended, StoredMessage } from './entry-operations.ts';
import { type OutcomeCalls, OutcomeFiles } from './outcome-files.ts';
import type { OutcomeTuple } from './outcome-engine.ts';
import type { queueEngine } from './queue-engine.ts';
import type {
  Chunk,
  Claimant,
  DueRecipient,
  Entry,
  EntryFilter,
  EntryKind,
  NewChunk,
  NewEntry,
  NewMessage,
  Outcome,
  OutcomeState,
  PostWork,
  QueueCounts,
  QueueStore,
  Trace,
} from './store.ts';

const pageSize = 1_000;
/** Posts whose list and number are remembered. */
const worksMost = 256;

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

class SqliteQueue implements QueueStore {
  readonly #queue: Calls<typeof queueEngine>;
  readonly #files: OutcomeFiles;
  readonly #bodies: Bodies;
  readonly #clock: Clock;
  readonly #works = new Map<Id, PostWork>();

  constructor({ storage, directory, clock }: SqliteQueueOptions) {
    this.#queue = callsOf(storage, queueFile(directory), 'queue');
    this.#files = new OutcomeFiles(storage, directory);
    this.#bodies = new Bodies(join(directory, 'body'), clock);
    this.#clock = clock;
  }

  async accept(messages: readonly NewMessage[], entries: readonly NewEntry[]): Promise<void> {
    const stored = await this.#store(messages);
    await this.#orUnstore(stored, this.#queue('accept', { messages: stored, entries, now: this.#clock.now() }));
  }

  claim(
    claimant: Claimant,
    kinds: readonly EntryKind[],
    limit: number,
    exceptDomains: readonly string[] = [],
  ): Promise<Entry[]> {
    return this.#queue('claim', { ...this.#claim(claimant), kinds, limit, exceptDomains });
  }

  async finish(
    { owner }: Claimant,
    id: Id,
    messages: readonly NewMessage[],
    entries: readonly NewEntry[],
  ): Promise<boolean> {
    const stored = await this.#store(messages);
    const ask = { owner, id, messages: stored, entries, now: this.#clock.now() };
    return this.#ended(await this.#orUnstore(stored, this.#queue('finish', ask)));
  }

  async defer({ owner }: Claimant, id: Id, due: number, reply: string): Promise<void> {
    await this.#queue('defer', { owner, id, due, reply });
  }

  async message(id: Id): Promise<Buffer | undefined> {
    const found = await this.#queue('message', { id });
    if (!found) return undefined;
    const { body } = found;
    return body === null ? this.#bodies.read(id) : Buffer.from(body.buffer, body.byteOffset, body.byteLength);
  }

  async cutChunk(claimant: Claimant, post: Id, chunk: NewChunk | undefined, cursor: Cursor | undefined): Promise<void> {
    await this.#queue('cutChunk', { ...this.#claim(claimant), post, chunk, cursor });
  }

  progress(post: Id): Promise<{ cursor: Cursor | undefined; isCut: boolean; chunks: number } | undefined> {
    return this.#queue('progress', { post });
  }

  claimChunks(claimant: Claimant, recipients: number, exceptDomains: readonly string[] = []): Promise<Chunk[]> {
    return this.#queue('claimChunks', { ...this.#claim(claimant), recipients, exceptDomains });
  }

  async finishChunk({ owner }: Claimant, id: number): Promise<void> {
    await this.#queue('finishChunk', { owner, id });
  }

  async deferChunk({ owner }: Claimant, id: number, due: number): Promise<void> {
    await this.#queue('deferChunk', { owner, id, due });
  }

  async record(outcomes: readonly Outcome[]): Promise<void> {
    const byPost = Map.groupBy(outcomes, (outcome) => outcome.post);
    await Promise.all([...byPost].map(([post, some]) => this.#recordPost(post, some)));
  }

  async recorded(post: Id, members: readonly number[]): Promise<Set<number>> {
    return new Set(await this.#files.of(post)('recorded', { post, members: JSON.stringify(members) }));
  }

  async claimDue(claimant: Claimant, limit: number, exceptDomains: readonly string[] = []): Promise<DueRecipient[]> {
    const due: DueRecipient[] = [];
    for (const calls of this.#files.all()) {
      if (due.length >= limit) break;
      due.push(...(await calls('claimDue', { ...this.#claim(claimant), limit: limit - due.length, exceptDomains })));
    }
    return due;
  }

  async finishPost(id: Id): Promise<boolean> {
    const progress = await this.progress(id);
    if (!progress?.isCut || progress.chunks > 0) return false;
    if (await this.#files.of(id)('isWaiting', { post: id })) return false;
    return this.#ended(await this.#queue('finishPost', { id }));
  }

  async *trace(list: string, number: number, address?: string): AsyncIterable<Trace[]> {
    for (const calls of this.#files.all()) {
      const pages = this.#traceFile(calls, list, number, address?.toLowerCase() ?? null);
      let isFound = false;
      for await (const page of pages) {
        isFound = true;
        yield page;
      }
      if (isFound) return;
    }
  }

  async tally(post: Id): Promise<Readonly<Record<OutcomeState, number>>> {
    const total = { delivered: 0, deferred: 0, failed: 0, uncertain: 0 };
    for (const { state, n } of await this.#files.of(post)('tally', { post })) total[state] = n;
    return total;
  }

  async nextDue(): Promise<number | undefined> {
    const found = await Promise.all([
      this.#queue('nextDue', undefined),
      ...this.#files.all().map((calls) => calls('nextDue', undefined)),
    ]);
    const times = found.filter((time) => time !== undefined);
    return times.length === 0 ? undefined : Math.min(...times);
  }

  async recover(owner: string): Promise<{ entries: number; chunks: number; recipients: number }> {
    const now = this.#clock.now();
    const { entries, chunks } = await this.#queue('recover', { owner, now });
    let recipients = 0;
    for (const calls of this.#files.all()) recipients += await calls('recover', { owner, now });
    await this.#bodies.removeOrphans(new Set(await this.#queue('filedBodies', undefined)));
    return { entries, chunks, recipients };
  }

  counts(): Promise<QueueCounts> {
    return this.#queue('counts', undefined);
  }

  async *entries(filter: EntryFilter): AsyncIterable<Entry[]> {
    let after = '';
    for (;;) {
      const page = await this.#queue('entries', { filter, after, limit: pageSize, now: this.#clock.now() });
      if (page.length > 0) yield page;
      if (page.length < pageSize) return;
      after = page.at(-1)!.id;
    }
  }

  entry(id: Id): Promise<Entry | undefined> {
    return this.#queue('entry', { id });
  }

  hold(id: Id): Promise<boolean> {
    return this.#queue('hold', { id });
  }

  release(id: Id): Promise<boolean> {
    return this.#queue('release', { id });
  }

  async retryNow(id: Id): Promise<boolean> {
    const now = this.#clock.now();
    const isPost = (await this.entry(id))?.kind === 'post';
    if (!(await this.#queue('retryNow', { id, now }))) return false;
    if (isPost) await this.#files.of(id)('hurry', { post: id, now });
    return true;
  }

  async drop(id: Id): Promise<boolean> {
    const isPost = (await this.entry(id))?.kind === 'post';
    const isDropped = await this.#ended(await this.#queue('drop', { id }));
    this.#works.delete(id);
    if (isDropped && isPost)
      await this.#files.of(id)('giveUp', { post: id, at: this.#clock.now(), reply: 'dropped by the operator' });
    return isDropped;
  }

  forget(days: number): Promise<number> {
    return this.#files.forget(days, this.#clock.now());
  }

  #claim({ owner, leaseMs }: Claimant): { owner: string; leaseMs: number; now: number } {
    return { owner, leaseMs, now: this.#clock.now() };
  }

  async #recordPost(post: Id, outcomes: readonly Outcome[]): Promise<void> {
    const work = await this.#workOf(post);
    // The operator may have dropped the post while its last recipients were on the wire.
    if (!work) return;
    const rows: OutcomeTuple[] = outcomes.map((one) => [
      one.address.slice(one.address.lastIndexOf('@') + 1).toLowerCase(),
      one.address,
      one.member,
      one.state,
      one.at,
      one.host,
      one.reply,
      one.next ?? null,
    ]);
    await this.#files.of(post)('record', {
      post,
      list: work.list,
      number: work.number,
      rows: JSON.stringify(rows),
    });
  }

  // A post's list and number never change; a fan-out asks for them with every batch.
  async #workOf(post: Id): Promise<PostWork | undefined> {
    const known = this.#works.get(post);
    if (known) return known;
    const work = (await this.entry(post))?.post;
    if (work) this.#works.set(post, work);
    if (this.#works.size > worksMost) this.#works.delete(this.#works.keys().next().value!);
    return work;
  }

  async *#traceFile(calls: OutcomeCalls, list: string, number: number, address: string | null): AsyncIterable<Trace[]> {
    let after = { domain: '', address: '' };
    for (;;) {
      const page = await calls('trace', { list, number, address, after, limit: pageSize });
      if (page.length > 0) yield page.map((row) => row.trace);
      const last = page.at(-1);
      if (!last || page.length < pageSize) return;
      after = { domain: last.domain, address: last.trace.address };
    }
  }

  // Large bodies are on disk before the commit that names them.
  async #store(messages: readonly NewMessage[]): Promise<StoredMessage[]> {
    const stored: StoredMessage[] = [];
    for (const { id, body } of messages) {
      const isFiled = body.length > inlineOctetsMost;
      if (isFiled) await this.#bodies.write(id, body);
      stored.push({ id, size: body.length, body: isFiled ? null : body });
    }
    return stored;
  }

  async #orUnstore<R>(stored: readonly StoredMessage[], commit: Promise<R>): Promise<R> {
    try {
      return await commit;
    } catch (error) {
      for (const { id, body } of stored) if (body === null) await this.#bodies.remove(id);
      throw error;
    }
  }

  async #ended(end: Ended): Promise<boolean> {
    if (end.goneBody) await this.#bodies.remove(end.goneBody);
    return end.isDone;
  }
}
