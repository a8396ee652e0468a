import type { Clock } from '../lib/clock.ts';
import { type Id, idsFrom } from '../lib/ids.ts';
import type { OutcomeCalls, OutcomeFiles } from './outcome-files.ts';
import { positions, type RecipientAsk, type RecipientRow } from './recipient-operations.ts';
import type { UntriedRecipients } from './untried.ts';
import {
  droppedReply,
  type RecipientFilter,
  type RecipientKey,
  type RecipientMove,
  type WaitingRecipient,
  type WaitingRecipients,
} from './waiting-recipients.ts';

const pageSize = 1_000;

/** Over all outcome files of a queue, and its chunks. */
export class SqliteRecipients implements WaitingRecipients {
  readonly #files: OutcomeFiles;
  readonly #clock: Clock;
  readonly #untried: UntriedRecipients;
  readonly #finishPost: (post: Id) => Promise<unknown>;

  /** `finishPost` ends a post of which nobody waits any more. */
  constructor(
    files: OutcomeFiles,
    untried: UntriedRecipients,
    clock: Clock,
    finishPost: (post: Id) => Promise<unknown>,
  ) {
    this.#files = files;
    this.#untried = untried;
    this.#clock = clock;
    this.#finishPost = finishPost;
  }

  async *find(filter: RecipientFilter): AsyncIterable<WaitingRecipient[]> {
    const { post, state, reply } = filter;
    if ((state ?? 'untried') === 'untried' && reply === undefined) yield* this.#untried.find(filter);
    if (state === 'untried') return;
    const ask = askOf(filter, this.#clock.now());
    // The oldest posts first, as entries are.
    const files = post === undefined ? this.#files.all().toReversed() : this.#files.found(post);
    for (const calls of files) yield* pagesOf(calls, ask);
  }

  async move(move: RecipientMove, keys: readonly RecipientKey[], isNobodyTrying = false): Promise<RecipientKey[]> {
    const tried = await this.#moveTried(move, keys, isNobodyTrying);
    const moved = [...tried, ...(await this.#moveUntried(move, without(keys, tried), isNobodyTrying))];
    if (move === 'drop') for (const post of new Set(moved.map((key) => key.post))) await this.#finishPost(post);
    return moved;
  }

  async #moveTried(
    move: RecipientMove,
    keys: readonly RecipientKey[],
    isNobodyTrying: boolean,
  ): Promise<RecipientKey[]> {
    const moved: RecipientKey[] = [];
    for (const some of Map.groupBy(keys, ({ post }) => this.#files.name(post)).values()) {
      const ask = { move, keys: some, now: this.#clock.now(), reply: droppedReply, isNobodyTrying };
      for (const calls of this.#files.found(some[0]!.post))
        moved.push(...(await calls('moveRecipients', ask)).map((at) => some[at]!));
    }
    return moved;
  }

  async #moveUntried(
    move: RecipientMove,
    keys: readonly RecipientKey[],
    isNobodyTrying: boolean,
  ): Promise<RecipientKey[]> {
    const moved: RecipientKey[] = [];
    for (const [post, some] of Map.groupBy(keys, (key) => key.post)) {
      const positions = some.map(({ position }) => position);
      const done =
        move === 'drop' ? this.#untried.drop(post, positions, isNobodyTrying) : this.#untried.hurry(post, positions);
      moved.push(...(await done));
    }
    return moved;
  }
}

function without(keys: readonly RecipientKey[], moved: readonly RecipientKey[]): RecipientKey[] {
  const names = new Set(moved.map(({ post, position }) => `${post}/${position}`));
  return keys.filter(({ post, position }) => !names.has(`${post}/${position}`));
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
