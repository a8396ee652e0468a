import type { Clock } from '../lib/clock.ts';
import { type Id, idMaker, idsFrom } from '../lib/ids.ts';
import type { Calls } from '../lib/storage.ts';
import { type PackedMember, unpackMembers } from '../list/packed.ts';
import { domainOf } from './entry-operations.ts';
import type { OutcomeFiles } from './outcome-files.ts';
import type { queueEngine } from './queue-engine.ts';
import { droppedReply, type RecipientFilter, type RecipientKey, type WaitingRecipient } from './waiting-recipients.ts';
import type { UntriedAsk, UntriedChunk } from './untried-operations.ts';

/** How long a chunk is an operator's, whose command may have been killed meanwhile: then it is ready again. What is done takes milliseconds. */
const leaseMs = 60_000;

/** A member of a chunk, and which recipient of the post. */
interface PlacedMember extends PackedMember {
  readonly position: number;
}

/** Those recipients of posts who stand in chunks and were not tried so far. */
export class UntriedRecipients {
  readonly #queue: Calls<typeof queueEngine>;
  readonly #files: OutcomeFiles;
  readonly #clock: Clock;
  readonly #owner: string;

  constructor(queue: Calls<typeof queueEngine>, files: OutcomeFiles, clock: Clock) {
    this.#queue = queue;
    this.#files = files;
    this.#clock = clock;
    this.#owner = `operator ${idMaker(clock)()}`;
  }

  /** In pages of a chunk at the most. */
  async *find(filter: RecipientFilter): AsyncIterable<WaitingRecipient[]> {
    const ask = askOf(filter, this.#clock.now());
    let after = { afterPost: '', after: 0 };
    for (;;) {
      const chunk = await this.#queue('untriedChunk', { ...ask, ...after });
      if (!chunk) return;
      const page = (await this.#untried(chunk)).filter((member) => isWanted(member, filter));
      if (page.length > 0) yield page.map((member) => waitingOf(chunk, member));
      after = { afterPost: chunk.post, after: chunk.id };
    }
  }

  /**
   * Fails recipients of one post for good. The order is that of delivery, and as safe: the chunk is claimed, the outcomes are written, then
   * the chunk ends or goes back, and whoever claims it next passes over those who have outcomes. A crash in between leaves a claim that
   * runs out. Those in chunks that delivery has are left as they are, unless `isNobodyTrying`.
   */
  async drop(post: Id, positions: readonly number[], isNobodyTrying: boolean): Promise<RecipientKey[]> {
    const wanted = new Set(positions);
    const claim = { owner: this.#owner, now: this.#clock.now(), leaseMs, isNobodyTrying };
    const taken = await this.#queue('takeUntried', { ...claim, post, positions: rising(positions) });
    const dropped: RecipientKey[] = [];
    for (const chunk of taken) {
      const { id, list, number } = chunk;
      const members = placed(chunk).filter(({ position }) => wanted.has(position));
      const at = this.#clock.now();
      const given = { post, list, number, at, reply: droppedReply, members };
      for (const position of await this.#files.of(post)('dropUntried', given)) dropped.push({ post, position });
      const isDone = (await this.#recorded(chunk)).size === chunk.count;
      await this.#queue('returnUntried', { owner: this.#owner, id, isDone });
    }
    return dropped;
  }

  /** Makes the chunks of these recipients of one post due now; gives those who are still untried. */
  async hurry(post: Id, positions: readonly number[]): Promise<RecipientKey[]> {
    const wanted = new Set(positions);
    const chunks = await this.#queue('hurryUntried', { post, positions: rising(positions), now: this.#clock.now() });
    const untried = await Promise.all(chunks.map((chunk) => this.#untried(chunk)));
    return untried.flatMap((members) =>
      members.filter(({ position }) => wanted.has(position)).map(({ position }) => ({ post, position })),
    );
  }

  async #untried(chunk: UntriedChunk): Promise<PlacedMember[]> {
    const known = chunk.claims === 0 ? new Set<number>() : await this.#recorded(chunk);
    return placed(chunk).filter(({ position }) => !known.has(position));
  }

  async #recorded({ post, first, count }: UntriedChunk): Promise<ReadonlySet<number>> {
    const known = new Set<number>();
    for (const calls of this.#files.found(post))
      for (const position of await calls('recorded', { post, first, count })) known.add(position);
    return known;
  }
}

function askOf(filter: RecipientFilter, now: number): Omit<UntriedAsk, 'after' | 'afterPost'> {
  const { post, position, list, domain, olderThan, newerThan } = filter;
  return {
    post: post ?? null,
    position: position ?? null,
    list: list ?? null,
    domain: domain ?? null,
    before: olderThan === undefined ? null : idsFrom(now - olderThan),
    from: newerThan === undefined ? null : idsFrom(now - newerThan + 1),
  };
}

// Chunks of several domains, and of several recipients, were found too.
function isWanted({ address, position }: PlacedMember, filter: RecipientFilter): boolean {
  return (
    (filter.position === undefined || filter.position === position) &&
    (filter.domain === undefined || filter.domain === domainOf(address))
  );
}

function placed({ packed, first }: UntriedChunk): PlacedMember[] {
  let position = first;
  return Array.from(unpackMembers(packed), (member) => ({ ...member, position: position++ }));
}

function waitingOf({ post, list, number, due, isTaken }: UntriedChunk, member: PlacedMember): WaitingRecipient {
  const taken = isTaken === 1 ? { isTaken: true as const } : {};
  return { post, list, number, ...member, state: 'untried', attempts: 0, next: due, host: '', reply: '', ...taken };
}

function rising(positions: readonly number[]): number[] {
  return positions.toSorted((a, b) => a - b);
}
