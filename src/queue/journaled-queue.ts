import { ensureDirectory } from '../lib/files.ts';
import type { Id } from '../lib/ids.ts';
import { callsOf, type Calls } from '../lib/storage.ts';
import { storedMessage } from './bodies.ts';
import type { Taken } from './entry-operations.ts';
import { claimedEntries } from './fresh-bodies.ts';
import { Journal, type Patience, type Side } from './journal.ts';
import type { JournalRecord, Work } from './journal-record.ts';
import { type JournalEntry, JournalWorks } from './journal-works.ts';
import type { queueEngine } from './queue-engine.ts';
import { queueFile, SqliteQueue, type SqliteQueueOptions } from './sqlite-queue.ts';
import type {
  Claimant,
  Entry,
  EntryFilter,
  EntryKind,
  Following,
  Move,
  NewEntry,
  NewMessage,
  QueueCounts,
  QueueStore,
} from './store.ts';

/** Entries older than this go into the database, in milliseconds, where the operator sees them; how often that is looked at. */
const stayMostMs = 3_000;
const lookMs = 1_000;

/** While the machine is wanted elsewhere, what comes in waits so long for company on its way to the disk, in milliseconds. */
const patienceMs = 8;

export interface JournaledQueueOptions extends SqliteQueueOptions {
  /** Whether the machine is wanted elsewhere now. */
  readonly isBusy?: (() => boolean) | undefined;
}

/** Opens the queue of a home with a journal for what comes in: for the one process that holds the home. Nothing is journaled before `recover`. */
export async function openJournaledQueue(options: JournaledQueueOptions): Promise<QueueStore> {
  await ensureDirectory(options.directory, 0o700);
  return new JournaledQueue(options);
}

/**
 * A queue whose arrivals that are claimed as they come in stand in a journal (`journal.ts`) until they have ended, which is nearly always a
 * moment later: a write to the end of a file costs a quarter of rows with indexes that are taken out again. What does not end at once, or has
 * something following it, goes into the database, with a mark in the same commit: an entry is worked on from one of the two places, never
 * from both, whenever the power goes.
 */
class JournaledQueue extends SqliteQueue {
  readonly #directory: string;
  readonly #calls: Calls<typeof queueEngine>;
  readonly #works = new JournalWorks();
  readonly #patience: Patience;
  #journal: Journal | undefined;
  /** Entries of each file that the database has taken over, and of a file that has been written over since. */
  #marks: [Id[], Id[]] = [[], []];
  #oldMarks: Id[] = [];
  #looking: NodeJS.Timeout | undefined;

  constructor(options: JournaledQueueOptions) {
    super(options);
    this.#patience = { clock: options.clock, ms: () => (options.isBusy?.() ? patienceMs : 0) };
    this.#directory = options.directory;
    this.#calls = callsOf(options.storage, queueFile(options.directory), 'queue');
  }

  override async acceptClaimed(
    claimant: Claimant,
    messages: readonly NewMessage[],
    entries: readonly NewEntry[],
  ): Promise<Entry[]> {
    const journal = this.#journal;
    if (!journal || !this.#works.takes({ messages, entries })) return super.acceptClaimed(claimant, messages, entries);
    const work: Work = { messages, entries, claimant, created: this.clock.now() };
    this.#works.add(work, await journal.append({ kind: 'work', work }));
    return claimedEntries(
      { messages, entries },
      entries.map(({ id }) => id),
      work.created,
    );
  }

  override async finishAll(claimant: Claimant, ids: readonly Id[]): Promise<void> {
    await this.#whenStill(ids, async () => {
      const mine = this.#mine(claimant, ids);
      const others = mine.length === ids.length ? [] : ids.filter((id) => !this.#works.get(id));
      await Promise.all([this.#end(mine), others.length > 0 ? super.finishAll(claimant, others) : undefined]);
    });
  }

  override async finish(
    claimant: Claimant,
    id: Id,
    messages: readonly NewMessage[],
    entries: readonly NewEntry[],
  ): Promise<boolean> {
    return this.#whenStill([id], async () => {
      const [mine] = this.#mine(claimant, [id]);
      if (!mine) return !this.#works.get(id) && super.finish(claimant, id, messages, entries);
      return this.#moved([mine], () => super.finish(claimant, id, messages, entries, takenOf(mine.work)));
    });
  }

  override async defer(claimant: Claimant, id: Id, due: number, reply: string, notice?: Following): Promise<boolean> {
    return this.#whenStill([id], async () => {
      const [mine] = this.#mine(claimant, [id]);
      if (!mine) return !this.#works.get(id) && super.defer(claimant, id, due, reply, notice);
      return this.#moved([mine], () => super.defer(claimant, id, due, reply, notice, takenOf(mine.work)));
    });
  }

  override async message(id: Id): Promise<Buffer | undefined> {
    const body = this.#works.message(id);
    return body ? Buffer.from(body.buffer, body.byteOffset, body.byteLength) : super.message(id);
  }

  override async claim(
    claimant: Claimant,
    kinds: readonly EntryKind[],
    limit: number,
    exceptDomains?: readonly string[],
  ): Promise<Entry[]> {
    // What its lease let go is anybody's.
    await this.#unload(this.clock.now() - claimant.leaseMs);
    return super.claim(claimant, kinds, limit, exceptDomains);
  }

  override async recover(owner: string): Promise<{ entries: number; chunks: number; recipients: number }> {
    this.#journal ??= await this.#replayed({ owner, leaseMs: 0 });
    return super.recover(owner);
  }

  // Whoever asks what is in the queue asks for all of it.
  override async counts(): Promise<QueueCounts> {
    await this.#unload();
    return super.counts();
  }

  override async *entries(filter: EntryFilter): AsyncIterable<Entry[]> {
    await this.#unload();
    yield* super.entries(filter);
  }

  override async entry(id: Id): Promise<Entry | undefined> {
    await this.#unload();
    return super.entry(id);
  }

  override async move(move: Move, ids: readonly Id[]): Promise<Id[]> {
    await this.#unload();
    return super.move(move, ids);
  }

  override async close(): Promise<void> {
    clearInterval(this.#looking);
    // What the disk refuses now stays in the journal until the next start.
    await this.#unload().catch(() => {});
    await this.#journal?.close();
  }

  // Begins when none of them is on its way into the database, with nothing between the look and the beginning.
  async #whenStill<T>(ids: readonly Id[], begin: () => Promise<T>): Promise<T> {
    for (;;) {
      const moving = ids.flatMap((id) => this.#works.get(id)?.moving ?? []);
      if (moving.length === 0) return begin();
      await Promise.allSettled(moving);
    }
  }

  // Those of a claimant that the journal has.
  #mine({ owner }: Claimant, ids: readonly Id[]): JournalEntry[] {
    return ids.flatMap((id) => {
      const entry = this.#works.get(id);
      return entry?.work.claimant.owner === owner ? entry : [];
    });
  }

  // A journal whose entries from before have been taken over.
  async #replayed(claimant: Claimant): Promise<Journal> {
    const onReuse = (side: Side): Promise<void> => this.#emptied(side);
    const { journal, found, clear } = await Journal.open(this.#directory, onReuse, this.#patience);
    try {
      const works = leftOver(found).map((work) => ({ ...work, claimant }));
      if (works.length > 0) await this.#takeOver(works);
      await clear();
      await this.#calls('forgetTaken', { ids: undefined });
    } catch (error) {
      await journal.close();
      throw error;
    }
    this.#looking = setInterval(() => this.#look(), lookMs).unref();
    return journal;
  }

  // What the disk refuses is tried again, and stays in the journal meanwhile.
  #look(): void {
    this.#unload(this.clock.now() - stayMostMs).catch(() => {});
  }

  async #takeOver(works: readonly Work[]): Promise<void> {
    await this.#calls('takeOver', { works: works.map((work) => takenOf(work)) });
  }

  async #end(entries: readonly JournalEntry[]): Promise<void> {
    if (entries.length === 0) return;
    for (const entry of entries) entry.isEnding = true;
    try {
      await this.#journal!.append({ kind: 'ended', ids: entries.map(({ id }) => id) });
      for (const entry of entries) this.#works.remove(entry);
    } catch (error) {
      for (const entry of entries) entry.isEnding = false;
      throw error;
    }
  }

  // Leads entries into the database by a commit that marks them there.
  async #moved<T>(entries: readonly JournalEntry[], commit: () => Promise<T>): Promise<T> {
    const committed = commit();
    for (const entry of entries) entry.moving = committed;
    try {
      const result = await committed;
      for (const entry of entries) {
        this.#works.remove(entry);
        this.#marks[entry.side].push(entry.id);
      }
      return result;
    } finally {
      for (const entry of entries) delete entry.moving;
    }
  }

  async #unload(before = Infinity, side?: Side): Promise<void> {
    const all = this.#works.before(before, side).filter(({ isEnding }) => !isEnding);
    if (all.length === 0) return;
    const still = all.filter(({ moving }) => !moving);
    const moving = all.flatMap((entry) => entry.moving ?? []);
    if (still.length > 0) await this.#moved(still, () => this.#takeOver(still.map(({ work }) => work)));
    await Promise.all(moving);
  }

  // What of a file's entries has not ended goes into the database before the file is written over.
  async #emptied(side: Side): Promise<void> {
    await this.#unload(Infinity, side);
    if (this.#oldMarks.length > 0) await this.#calls('forgetTaken', { ids: this.#oldMarks });
    this.#oldMarks = this.#marks[side];
    this.#marks[side] = [];
  }
}

// What has come in and not ended, by the records of a journal.
function leftOver(records: readonly JournalRecord[]): Work[] {
  const ended = new Set(records.flatMap((record) => (record.kind === 'ended' ? record.ids : [])));
  return records.flatMap((record) => {
    if (record.kind === 'ended') return [];
    const entries = record.work.entries.filter(({ id }) => !ended.has(id));
    return entries.length > 0 ? { ...record.work, entries } : [];
  });
}

// A journal takes small messages alone: no body of them lies in a file.
function takenOf(work: Work): Taken {
  return { ...work, messages: work.messages.map((message) => storedMessage(message)) };
}
