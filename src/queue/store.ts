import type { Id } from '../lib/ids.ts';
import type { Role } from '../list/name.ts';
import type { Cursor } from '../list/store.ts';
import type { DsnRequest } from '../mail/dsn-request.ts';
import type { Outcome, OutcomeState } from './outcome.ts';
import type { OutcomeBatch } from './outcome-batch.ts';
import type { WaitingRecipients } from './waiting-recipients.ts';

/**
 * The queue: unfinished work, and what became of every recipient of a post.
 *
 * Entry states (who moves it, which commit, what a crash leaves):
 *
 *   (nothing) --accept / finish / submit--> ready    one commit with the message; before it: nothing, 4xx or an error
 *   (nothing) --acceptClaimed-->            claimed  accept and claim in one commit, for who works it off at once; with a journal
 *                                                    (`journaled-queue.ts`) its record is that commit, until the database takes it over
 *   ready     --claim-->                    claimed  commit; a crash leaves it claimed, `recover` or the lease frees it
 *   claimed   --finish-->                   (gone)   ONE commit that also inserts what follows
 *   claimed   --defer-->                    ready    commit, with a later due time
 *   ready     --hold--> held --release-->   ready    the operator; a post also while it is cut, then the cut's claim is lost
 *   any       --drop-->                     (gone)   the operator; then the post's outcomes: nobody is tried again
 *
 * A post's entry is `claimed` only while chunks are cut; each `cutChunk` is one commit of chunk and cursor. Chunks go
 * ready -> claimed -> (gone), the last step only after the outcomes of all their members are committed; an operator who drops some of them
 * goes the same way (`untried.ts`). A post ends when it is cut,
 * has no chunk and nobody waits, looked at in this order: without chunks every outcome is on disk, and no more come to wait.
 *
 * Causes are unique among the entries that are there, and that is enough: what follows an entry comes in with the commit that ends it,
 * guarded by its claim, so a stage that runs twice has one of the two refused. For how long entries that have ended should be remembered
 * would be a guess.
 */

/** What an entry asks for. `arrived`: mail for an address of ours; `mail`: to one recipient elsewhere; `post`: fan-out. */
export type EntryKind = 'arrived' | 'mail' | 'post';
export type EntryState = 'ready' | 'claimed' | 'held';
/** What an operator does with entries. */
export type Move = 'hold' | 'release' | 'retry' | 'drop';

/** One message, stored once however many entries use it: the raw octets as received or composed. */
export interface NewMessage {
  readonly id: Id;
  readonly body: Uint8Array;
}

/** What a post's entry knows beyond the others. */
export interface PostWork {
  /** `news@lists.example.org`. */
  readonly list: string;
  readonly number: number;
  readonly role: Role;
  /** Members with a higher id joined after the post got its number. */
  readonly lastMember: number;
}

export interface NewEntry {
  readonly id: Id;
  readonly kind: EntryKind;
  readonly message: Id;
  /** Envelope sender; empty is the null sender. For a post: whom trouble with the whole post is told to. */
  readonly sender: string;
  /** Envelope recipient; for a post the list's address. */
  readonly recipient: string;
  /** The list it belongs to, for filters; empty when it belongs to none. */
  readonly list: string;
  /** Says what made this entry; a second entry with the same cause is not inserted. */
  readonly cause: string;
  /** Milliseconds since 1970; not before this is it claimed. */
  readonly due: number;
  readonly post?: PostWork;
  /** What the sender asked about notifications of this recipient. */
  readonly dsn?: DsnRequest;
}

/** Messages and entries that go in with the commit that ends or defers an entry. */
export interface Following {
  readonly messages: readonly NewMessage[];
  readonly entries: readonly NewEntry[];
}

export interface Entry extends NewEntry {
  readonly state: EntryState;
  readonly created: number;
  readonly attempts: number;
  /** The latest reason for a deferral, one line; empty at first. */
  readonly reply: string;
  readonly size: number;
  /** Its sender was told that it is delayed: once is enough. */
  readonly isDelayTold?: true;
}

/** Up to 1,000 members of one post, as one row. */
export interface Chunk {
  readonly id: number;
  readonly post: Id;
  readonly message: Id;
  readonly work: PostWork;
  /** The only domain of its members, or empty when there are several. */
  readonly domain: string;
  /** See `list/packed.ts`. */
  readonly packed: Uint8Array;
  readonly count: number;
  /** The position of its first member among all recipients of the post, from 0; the others follow in the order of `packed`. */
  readonly first: number;
  /** True when it was claimed before: some of its members may have outcomes already. */
  readonly again: boolean;
  readonly created: number;
}

export interface NewChunk {
  readonly domain: string;
  readonly packed: Uint8Array;
  readonly count: number;
}

/** A recipient that is due again. */
export interface DueRecipient {
  readonly post: Id;
  readonly position: number;
  readonly member: number;
  readonly address: string;
  readonly attempts: number;
}

/** All attempts of one recipient, oldest first. */
export interface Trace {
  readonly member: number;
  readonly address: string;
  readonly attempts: readonly Omit<Outcome, 'post' | 'position' | 'member' | 'address'>[];
}

/** Where the cutting of a post stands. */
export interface Progress {
  readonly cursor: Cursor | undefined;
  readonly isCut: boolean;
  /** Its chunks that are not worked off. */
  readonly chunks: number;
  /** Those of them that are not due yet: their lanes stand still. */
  readonly postponed: number;
}

export interface QueueCounts {
  readonly ready: number;
  readonly claimed: number;
  readonly held: number;
  readonly chunks: number;
}

export interface EntryFilter {
  readonly list?: string;
  readonly domain?: string;
  /** Deferred: ready, after an attempt that came to nothing. */
  readonly state?: EntryState | 'deferred';
  readonly kind?: EntryKind;
  /** Older than this many milliseconds. */
  readonly olderThan?: number;
  /** Newer than this many milliseconds. */
  readonly newerThan?: number;
  /** What the latest reason for a deferral contains; ASCII letters in either case. */
  readonly reply?: string;
}

/** The claims of a process. A claim belongs to its owner until it is moved on, given back, or its lease has expired. */
export interface Claimant {
  readonly owner: string;
  readonly leaseMs: number;
}

/** A lane that has enough to do, and the domains that go there. A post that has nothing in it brings one chunk all the same. */
export interface FullLane {
  readonly domains: readonly string[];
  /** Posts that have something there already; undefined: it takes nothing of any. */
  readonly posts: readonly string[] | undefined;
}

export interface QueueStore {
  readonly recipients: WaitingRecipients;
  /** Puts messages and entries on disk in one commit, which is shared with others that wait. P1 rests on it. */
  accept(messages: readonly NewMessage[], entries: readonly NewEntry[]): Promise<void>;
  /** The same, and in the same commit claims those that have arrived, which must be due; gives them. */
  acceptClaimed(claimant: Claimant, messages: readonly NewMessage[], entries: readonly NewEntry[]): Promise<Entry[]>;
  /** Takes up to `limit` due entries, the oldest due first. Entries of `domains` are passed over (kind `mail`). */
  claim(
    claimant: Claimant,
    kinds: readonly EntryKind[],
    limit: number,
    exceptDomains?: readonly string[],
  ): Promise<Entry[]>;
  /** In one commit: inserts what follows and ends the entry. False when the claim was lost: nothing was done then. */
  finish(claimant: Claimant, id: Id, messages: readonly NewMessage[], entries: readonly NewEntry[]): Promise<boolean>;
  /** Ends entries that nothing follows, in one commit; those whose claim was lost are passed over. */
  finishAll(claimant: Claimant, ids: readonly Id[]): Promise<void>;
  /** Gives an entry back with a later due time and the reason; with `notice` its sender is told of the delay. False: the claim was lost. */
  defer(claimant: Claimant, id: Id, due: number, reply: string, notice?: Following): Promise<boolean>;
  /** The raw octets of a message; undefined when nothing uses it any more. */
  message(id: Id): Promise<Buffer | undefined>;

  /** In one commit: the next chunk of a post (none when nobody was left) and where its cursor stands; no cursor: the end. */
  cutChunk(claimant: Claimant, post: Id, chunk: NewChunk | undefined, cursor: Cursor | undefined): Promise<void>;
  /** Where the cutting of a post stands. */
  progress(post: Id): Promise<Progress | undefined>;
  /**
   * Takes chunks with together about `recipients` members, of the posts in turn: first of those that have the fewest claimed. Chunks for
   * full lanes alone and of `exceptLists` are passed over.
   */
  claimChunks(
    claimant: Claimant,
    recipients: number,
    fullLanes?: readonly FullLane[],
    exceptLists?: readonly string[],
  ): Promise<Chunk[]>;
  /** Ends a chunk, all of whose members have outcomes on disk. */
  finishChunk(claimant: Claimant, id: number): Promise<void>;
  /** Gives a chunk back, not to be claimed before `due`. */
  deferChunk(claimant: Claimant, id: number, due: number): Promise<void>;
  /** A lane is open again: chunks that were put off may be claimed at once. */
  hurryChunks(): Promise<void>;

  /**
   * Puts outcomes on disk, in one transaction per file; an earlier outcome of the same recipient becomes history. When it rejects it may be
   * called again with the same batch.
   */
  record(batch: OutcomeBatch): Promise<void>;
  /** Which positions from `first` on, `count` of them, have an outcome. */
  recorded(post: Id, first: number, count: number): Promise<Set<number>>;
  /** Takes up to `limit` recipients whose next try is due, oldest first, those of `exceptDomains` and `exceptLists` passed over. */
  claimDue(
    claimant: Claimant,
    limit: number,
    exceptDomains?: readonly string[],
    exceptLists?: readonly string[],
  ): Promise<DueRecipient[]>;
  /** Ends a post that is cut, has no chunks and no recipient that is still to be tried. True when it has ended now. */
  finishPost(id: Id): Promise<boolean>;
  /** Every recipient's attempts for one post, in pages; `address` narrows to one. */
  trace(list: string, number: number, address?: string): AsyncIterable<Trace[]>;
  /** How many recipients of a post stand in which state. */
  tally(post: Id): Promise<Readonly<Record<OutcomeState, number>>>;

  /** When the next entry, chunk or recipient is due; undefined when nothing waits. */
  nextDue(): Promise<number | undefined>;
  /** Gives back what `owner` had claimed and what others' leases let go; says how many entries and chunks. */
  recover(owner: string): Promise<{ entries: number; chunks: number; recipients: number }>;

  counts(): Promise<QueueCounts>;
  entries(filter: EntryFilter): AsyncIterable<Entry[]>;
  /** The entry with this id, or the post that was made of it. */
  entry(id: Id): Promise<Entry | undefined>;
  /** The operator's moves; each says whether the entry was there in a state that allows it. */
  hold(id: Id): Promise<boolean>;
  release(id: Id): Promise<boolean>;
  retryNow(id: Id): Promise<boolean>;
  drop(id: Id): Promise<boolean>;
  /** One of these moves for many entries in one commit; gives those that it was done to. Callers keep to some 1,000 at a time. */
  move(move: Move, ids: readonly Id[]): Promise<Id[]>;
  /** Removes outcome files whose newest post is older than this many days. */
  forget(days: number): Promise<number>;
  /** The last call: what does not stand in the database yet goes there. */
  close(): Promise<void>;
}
