import type { Clock } from '../lib/clock.ts';
import { type Id, idsFrom } from '../lib/ids.ts';
import type { OutcomeCalls, OutcomeFiles } from './outcome-files.ts';
import { positions, type RecipientAsk, type RecipientRow } from './recipient-operations.ts';
import type { OutcomeState } from './store.ts';

/** The states of those who are tried again. */
export type WaitingState = Extract<OutcomeState, 'deferred' | 'uncertain'>;
/** What an operator does with recipients. A post, a lane and a list can be held; a recipient cannot. */
export type RecipientMove = 'retry' | 'drop';

/** A recipient of a post. */
export interface RecipientKey {
  readonly post: Id;
  readonly position: number;
}

/** A recipient of a post who was tried and is tried again. */
export interface WaitingRecipient extends RecipientKey {
  readonly list: string;
  /** Of the post. */
  readonly number: number;
  readonly member: number;
  readonly address: string;
  readonly state: WaitingState;
  readonly attempts: number;
  /** Of the latest attempt, in milliseconds since 1970, as is `next`. */
  readonly at: number;
  readonly next: number;
  readonly host: string;
  readonly reply: string;
}

export interface RecipientFilter {
  readonly post?: Id;
  readonly position?: number;
  readonly list?: string;
  /** In lower case. */
  readonly domain?: string;
  readonly state?: WaitingState;
  /** Whose post is older than this many milliseconds. */
  readonly olderThan?: number;
  /** Whose post is newer than this many milliseconds. */
  readonly newerThan?: number;
  /** What the latest reply contains; ASCII letters in either case. */
  readonly reply?: string;
}

/** Those recipients of posts who were tried and wait, as an operator sees and moves them. */
export interface WaitingRecipients {
  /** In pages; the recipients of a post follow each other. */
  find(filter: RecipientFilter): AsyncIterable<WaitingRecipient[]>;
  /**
   * Makes recipients due now, or fails them for good, in one commit per file; gives those that it was done to. Who is being tried just now
   * is not dropped unless `isNobodyTrying`. Callers keep to some 1,000 at a time.
   */
  move(move: RecipientMove, keys: readonly RecipientKey[], isNobodyTrying?: boolean): Promise<RecipientKey[]>;
}

export const droppedReply = 'dropped by the operator';
const pageSize = 1_000;

/** Over all outcome files of a queue. */
export class SqliteRecipients implements WaitingRecipients {
  readonly #files: OutcomeFiles;
  readonly #clock: Clock;
  readonly #finishPost: (post: Id) => Promise<unknown>;

  /** `finishPost` ends a post of which nobody waits any more. */
  constructor(files: OutcomeFiles, clock: Clock, finishPost: (post: Id) => Promise<unknown>) {
    this.#files = files;
    this.#clock = clock;
    this.#finishPost = finishPost;
  }

  async *find(filter: RecipientFilter): AsyncIterable<WaitingRecipient[]> {
    const ask = askOf(filter, this.#clock.now());
    // The oldest posts first, as entries are.
    const files = filter.post === undefined ? this.#files.all().toReversed() : this.#files.found(filter.post);
    for (const calls of files) yield* pagesOf(calls, ask);
  }

  async move(move: RecipientMove, keys: readonly RecipientKey[], isNobodyTrying = false): Promise<RecipientKey[]> {
    const moved: RecipientKey[] = [];
    for (const some of Map.groupBy(keys, ({ post }) => this.#files.name(post)).values()) {
      const ask = { move, keys: some, now: this.#clock.now(), reply: droppedReply, isNobodyTrying };
      for (const calls of this.#files.found(some[0]!.post))
        moved.push(...(await calls('moveRecipients', ask)).map((at) => some[at]!));
    }
    if (move === 'drop') for (const post of new Set(moved.map((key) => key.post))) await this.#finishPost(post);
    return moved;
  }
}

async function* pagesOf(calls: OutcomeCalls, ask: Omit<RecipientAsk, 'after'>): AsyncIterable<WaitingRecipient[]> {
  for (let after = 0; ;) {
    const page: RecipientRow[] = await calls('waitingRecipients', { ...ask, after });
    if (page.length > 0) yield page.map(({ key, ...row }) => ({ ...row, position: key % positions }));
    if (page.length < ask.limit) return;
    after = page.at(-1)!.key;
  }
}

function askOf(filter: RecipientFilter, now: number): Omit<RecipientAsk, 'after'> {
  const { olderThan, newerThan } = filter;
  return {
    limit: pageSize,
    post: filter.post ?? null,
    position: filter.position ?? null,
    list: filter.list ?? null,
    domain: filter.domain ?? null,
    state: filter.state ?? null,
    reply: filter.reply ?? null,
    before: olderThan === undefined ? null : idsFrom(now - olderThan),
    from: newerThan === undefined ? null : idsFrom(now - newerThan + 1),
  };
}
