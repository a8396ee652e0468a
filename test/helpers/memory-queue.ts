import { setImmediate as turn } from 'node:timers/promises';
import type { Clock } from '../../src/lib/clock.ts';
import { type Id, timeOf } from '../../src/lib/ids.ts';
import type { Cursor } from '../../src/list/store.ts';
import { unpackMembers } from '../../src/list/packed.ts';
import { canonicalOf } from '../../src/mail/address.ts';
import { causeOfPost } from '../../src/queue/cause.ts';
import { type OutcomeBatch, unpackOutcomes } from '../../src/queue/outcome-batch.ts';
import {
  droppedReply,
  type RecipientFilter,
  type RecipientKey,
  type RecipientMove,
  type WaitingRecipient,
  type WaitingRecipients,
} from '../../src/queue/waiting-recipients.ts';
import type { Outcome, OutcomeState } from '../../src/queue/outcome.ts';
import type {
  Chunk,
  Claimant,
  DueRecipient,
  Entry,
  EntryFilter,
  EntryKind,
  Following,
  FullLane,
  Move,
  NewChunk,
  NewEntry,
  NewMessage,
  Progress,
  QueueCounts,
  QueueStore,
  Trace,
} from '../../src/queue/store.ts';

interface Held {
  owner?: string | undefined;
  lease?: number | undefined;
}

type EntryRow = { -readonly [Name in keyof Entry]: Entry[Name] } & Held & {
    cursor?: Cursor | undefined;
    isCut: boolean;
    cut: number;
  };

type ChunkRow = { -readonly [Name in keyof Chunk]: Chunk[Name] } & Held & { due: number; isClaimed: boolean };

interface OutcomeRow extends Held {
  latest: Outcome;
  readonly history: Outcome[];
}

const dayMs = 86_400_000;

/** A queue in memory that answers every call in a later turn of the event loop, as a database over a network would. */
export class MemoryQueue implements QueueStore {
  readonly recipients: WaitingRecipients = {
    find: (filter) => this.#find(filter),
    move: (move, keys, isNobodyTrying) => this.#moveRecipients(move, keys, isNobodyTrying === true),
  };
  readonly #clock: Clock;
  readonly #messages = new Map<Id, Buffer>();
  readonly #entries = new Map<Id, EntryRow>();
  readonly #chunks = new Map<number, ChunkRow>();
  /** Recipients by post, then by position. */
  readonly #outcomes = new Map<Id, Map<number, OutcomeRow>>();
  readonly #posts = new Map<Id, { readonly list: string; readonly number: number }>();
  #lastChunk = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  async accept(messages: readonly NewMessage[], entries: readonly NewEntry[]): Promise<void> {
    await turn();
    this.#insert(messages, entries);
  }

  async acceptClaimed(
    { owner, leaseMs }: Claimant,
    messages: readonly NewMessage[],
    entries: readonly NewEntry[],
  ): Promise<Entry[]> {
    await turn();
    const before = new Set(this.#entries.keys());
    this.#insert(messages, entries);
    const rows = entries.flatMap(
      ({ id, kind }) => (kind === 'arrived' && !before.has(id) && this.#entries.get(id)) || [],
    );
    const lease = this.#clock.now() + leaseMs;
    for (const row of rows) Object.assign(row, { state: 'claimed', owner, lease, attempts: 1 });
    return rows.map(entryOf);
  }

  async claim(
    { owner, leaseMs }: Claimant,
    kinds: readonly EntryKind[],
    limit: number,
    exceptDomains: readonly string[] = [],
  ): Promise<Entry[]> {
    await turn();
    const now = this.#clock.now();
    const free = [...this.#entries.values()].filter(
      (row) =>
        kinds.includes(row.kind) &&
        !row.isCut &&
        (row.kind !== 'mail' || !exceptDomains.includes(domainOf(row.recipient))) &&
        (row.state === 'ready' ? row.due <= now : row.state === 'claimed' && row.lease! < now),
    );
    const claimed = free.toSorted((a, b) => a.due - b.due || compare(a.id, b.id)).slice(0, limit);
    for (const row of claimed) {
      Object.assign(row, { state: 'claimed', owner, lease: now + leaseMs });
      if (row.kind !== 'post') row.attempts++;
    }
    return claimed.map(entryOf);
  }

  async finish(
    { owner }: Claimant,
    id: Id,
    messages: readonly NewMessage[],
    entries: readonly NewEntry[],
  ): Promise<boolean> {
    await turn();
    if (!this.#own(id, owner)) return false;
    this.#insert(messages, entries);
    this.#remove(id);
    return true;
  }

  async finishAll({ owner }: Claimant, ids: readonly Id[]): Promise<void> {
    await turn();
    for (const id of ids) if (this.#own(id, owner)) this.#remove(id);
  }

  async defer({ owner }: Claimant, id: Id, due: number, reply: string, notice?: Following): Promise<boolean> {
    await turn();
    const row = this.#own(id, owner);
    if (!row) return false;
    Object.assign(row, { state: 'ready', due, reply, owner: undefined, lease: undefined });
    if (!notice) return true;
    row.isDelayTold = true;
    this.#insert(notice.messages, notice.entries);
    return true;
  }

  async message(id: Id): Promise<Buffer | undefined> {
    await turn();
    const body = this.#messages.get(id);
    return body && Buffer.from(body);
  }

  async cutChunk(
    { owner, leaseMs }: Claimant,
    post: Id,
    chunk: NewChunk | undefined,
    cursor: Cursor | undefined,
  ): Promise<void> {
    await turn();
    const row = this.#own(post, owner);
    if (!row) return;
    const now = this.#clock.now();
    if (chunk) {
      const id = ++this.#lastChunk;
      const { message, post: work } = row;
      const made = { ...chunk, packed: Uint8Array.from(chunk.packed), id, post, message, work: work! };
      this.#chunks.set(id, { ...made, first: row.cut, again: false, created: now, due: now, isClaimed: false });
      row.cut += chunk.count;
    }
    row.cursor = cursor;
    if (cursor) row.lease = now + leaseMs;
    else Object.assign(row, { isCut: true, state: 'ready', owner: undefined, lease: undefined });
  }

  async progress(post: Id): Promise<Progress | undefined> {
    await turn();
    const row = this.#entries.get(post);
    if (row?.kind !== 'post') return undefined;
    const chunks = this.#chunksOf(post);
    const postponed = chunks.filter(({ isClaimed, due }) => !isClaimed && due > this.#clock.now()).length;
    return { cursor: row.cursor, isCut: row.isCut, chunks: chunks.length, postponed };
  }

  async claimChunks(
    { owner, leaseMs }: Claimant,
    recipients: number,
    fullLanes: readonly FullLane[] = [],
    exceptLists: readonly string[] = [],
  ): Promise<Chunk[]> {
    await turn();
    const now = this.#clock.now();
    const free = [...this.#chunks.values()]
      .filter((row) => (row.isClaimed ? row.lease! < now : row.due <= now))
      .filter((row) => this.#entries.get(row.post)?.state !== 'held')
      .filter((row) => !exceptLists.includes(row.work.list))
      .toSorted((a, b) => a.due - b.due || a.id - b.id);
    const isClaimed = (row: ChunkRow): boolean => row.isClaimed && row.lease! >= now;
    const turns = new Map<ChunkRow, number>();
    for (const post of Map.groupBy(free, (row) => row.post).values()) {
      const before = this.#chunksOf(post[0]!.post).filter(isClaimed).length;
      for (const [at, row] of post.entries()) turns.set(row, before + at);
    }
    const claimed: Chunk[] = [];
    let room = recipients;
    const brought = new Set<string>();
    for (const row of free.toSorted((a, b) => turns.get(a)! - turns.get(b)!)) {
      if (room <= 0) break;
      const at = fullLanes.findIndex(({ domains }) => domains.includes(row.domain));
      if (at >= 0 && (fullLanes[at]!.posts?.includes(row.post) ?? true)) continue;
      if (at >= 0 && brought.has(`${at} ${row.post}`)) continue;
      if (at >= 0) brought.add(`${at} ${row.post}`);
      room -= row.count;
      // A lease says that somebody had it before, even when it was given back since.
      row.again = row.lease !== undefined;
      Object.assign(row, { isClaimed: true, owner, lease: now + leaseMs });
      claimed.push(chunkOf(row));
    }
    return claimed;
  }

  async finishChunk({ owner }: Claimant, id: number): Promise<void> {
    await turn();
    if (this.#ownChunk(id, owner)) this.#chunks.delete(id);
  }

  async deferChunk({ owner }: Claimant, id: number, due: number): Promise<void> {
    await turn();
    const row = this.#ownChunk(id, owner);
    if (row) Object.assign(row, { isClaimed: false, due, owner: undefined });
  }

  async hurryChunks(): Promise<void> {
    await turn();
    const now = this.#clock.now();
    for (const row of this.#chunks.values()) if (!row.isClaimed) row.due = Math.min(row.due, now);
  }

  async record(batch: OutcomeBatch): Promise<void> {
    await turn();
    for (const outcome of batch.posts.flatMap(unpackOutcomes)) {
      const work = this.#entries.get(outcome.post)?.post;
      if (!work) continue;
      this.#posts.set(outcome.post, { list: work.list, number: work.number });
      const rows = this.#recipients(outcome.post);
      const row = rows.get(outcome.position);
      if (!row) rows.set(outcome.position, { latest: outcome, history: [] });
      else {
        row.history.push(row.latest);
        Object.assign(row, { latest: outcome, owner: undefined, lease: undefined });
      }
    }
  }

  async recorded(post: Id, first: number, count: number): Promise<Set<number>> {
    await turn();
    const positions = [...(this.#outcomes.get(post)?.keys() ?? [])];
    return new Set(positions.filter((position) => position >= first && position < first + count));
  }

  async claimDue(
    { owner, leaseMs }: Claimant,
    limit: number,
    exceptDomains: readonly string[] = [],
    exceptLists: readonly string[] = [],
  ): Promise<DueRecipient[]> {
    await turn();
    const now = this.#clock.now();
    const due = this.#waiting()
      .filter(({ latest, lease }) => latest.next! <= now && (lease === undefined || lease < now))
      .filter(({ latest }) => this.#entries.get(latest.post)?.state !== 'held')
      .filter(({ latest }) => !exceptDomains.includes(domainOf(latest.address)))
      .filter(({ latest }) => !exceptLists.includes(this.#entries.get(latest.post)?.post?.list ?? ''))
      .toSorted((a, b) => a.latest.next! - b.latest.next!)
      .slice(0, limit);
    for (const row of due) Object.assign(row, { owner, lease: now + leaseMs });
    return due.map(({ latest: { post, position, member, address }, history }) => ({
      post,
      position,
      member,
      address,
      attempts: history.length + 1,
    }));
  }

  async finishPost(id: Id): Promise<boolean> {
    await turn();
    const row = this.#entries.get(id);
    if (row?.kind !== 'post' || !row.isCut || this.#chunksOf(id).length > 0) return false;
    if (this.#waiting(id).length > 0) return false;
    this.#remove(id);
    return true;
  }

  async *trace(list: string, number: number, address?: string): AsyncIterable<Trace[]> {
    await turn();
    const posts = [...this.#posts].filter(([, post]) => post.list === list && post.number === number);
    const [latest] = posts.map(([id]) => id).toSorted((a, b) => timeOf(b) - timeOf(a));
    const wanted = address === undefined ? undefined : canonicalOf(address);
    const traces = [...(latest ? this.#recipients(latest).values() : [])]
      .map(traceOf)
      .filter((trace) => wanted === undefined || canonicalOf(trace.address) === wanted);
    for (let from = 0; from < traces.length; from += 1_000) yield traces.slice(from, from + 1_000);
  }

  async tally(post: Id): Promise<Readonly<Record<OutcomeState, number>>> {
    await turn();
    const total = { delivered: 0, deferred: 0, failed: 0, uncertain: 0 };
    for (const { latest } of this.#outcomes.get(post)?.values() ?? []) total[latest.state]++;
    return total;
  }

  async nextDue(): Promise<number | undefined> {
    await turn();
    const entries = [...this.#entries.values()].filter((row) => row.state !== 'held' && !row.isCut);
    const chunks = [...this.#chunks.values()].filter((row) => this.#entries.get(row.post)?.state !== 'held');
    const times = [
      ...entries.map((row) => (row.state === 'claimed' ? row.lease! : row.due)),
      ...chunks.filter((row) => !row.isClaimed).map((row) => row.due),
      ...this.#waiting()
        .filter((row) => row.owner === undefined && this.#entries.get(row.latest.post)?.state !== 'held')
        .map((row) => row.latest.next!),
    ];
    return times.length === 0 ? undefined : times.reduce((a, b) => Math.min(a, b));
  }

  async recover(owner: string): Promise<{ entries: number; chunks: number; recipients: number }> {
    await turn();
    const now = this.#clock.now();
    const isFree = (row: Held): boolean => row.owner === owner || (row.lease !== undefined && row.lease < now);
    const entries = [...this.#entries.values()].filter((row) => row.state === 'claimed' && isFree(row));
    for (const row of entries) Object.assign(row, { state: 'ready', owner: undefined, lease: undefined });
    const chunks = [...this.#chunks.values()].filter((row) => row.isClaimed && isFree(row));
    for (const row of chunks) Object.assign(row, { isClaimed: false, owner: undefined });
    const recipients = this.#waiting().filter((row) => row.owner !== undefined && isFree(row));
    for (const row of recipients) Object.assign(row, { owner: undefined, lease: undefined });
    return { entries: entries.length, chunks: chunks.length, recipients: recipients.length };
  }

  async counts(): Promise<QueueCounts> {
    await turn();
    const total = { ready: 0, claimed: 0, held: 0, chunks: this.#chunks.size };
    for (const { state } of this.#entries.values()) total[state]++;
    return total;
  }

  async *entries(filter: EntryFilter): AsyncIterable<Entry[]> {
    await turn();
    const now = this.#clock.now();
    const { list, domain, state, kind, olderThan, newerThan, reply } = filter;
    const found = [...this.#entries.values()]
      .filter((row) => list === undefined || row.list === list)
      .filter((row) => domain === undefined || domainOf(row.recipient) === domain)
      .filter((row) => state === undefined || row.state === state || (state === 'deferred' && isDeferred(row)))
      .filter((row) => kind === undefined || row.kind === kind)
      .filter((row) => olderThan === undefined || row.created < now - olderThan)
      .filter((row) => newerThan === undefined || row.created > now - newerThan)
      .filter((row) => reply === undefined || row.reply.toLowerCase().includes(reply.toLowerCase()))
      .toSorted((a, b) => compare(a.id, b.id));
    for (let from = 0; from < found.length; from += 1_000) yield found.slice(from, from + 1_000).map(entryOf);
  }

  async entry(id: Id): Promise<Entry | undefined> {
    await turn();
    const row = this.#entries.get(id) ?? [...this.#entries.values()].find(({ cause }) => cause === causeOfPost(id));
    return row && entryOf(row);
  }

  async hold(id: Id): Promise<boolean> {
    const isPost = this.#entries.get(id)?.kind === 'post';
    return (await this.#move(id, 'ready', 'held')) || (isPost && this.#move(id, 'claimed', 'held'));
  }

  async release(id: Id): Promise<boolean> {
    const isReleased = await this.#move(id, 'held', 'ready');
    if (isReleased) for (const chunk of this.#chunksOf(id)) if (!chunk.isClaimed) chunk.due = this.#clock.now();
    return isReleased;
  }

  async retryNow(id: Id): Promise<boolean> {
    await turn();
    const row = this.#entries.get(id);
    if (!row || row.state === 'held' || (row.state === 'claimed' && row.kind !== 'post')) return false;
    const now = this.#clock.now();
    row.due = now;
    for (const chunk of this.#chunksOf(id)) if (!chunk.isClaimed) chunk.due = now;
    for (const waiting of this.#waiting(id)) waiting.latest = { ...waiting.latest, next: now };
    return true;
  }

  async drop(id: Id): Promise<boolean> {
    await turn();
    if (!this.#entries.has(id)) return false;
    for (const chunk of this.#chunksOf(id)) this.#chunks.delete(chunk.id);
    this.#remove(id);
    for (const row of this.#waiting(id)) this.#giveUp(row);
    return true;
  }

  #giveUp(row: OutcomeRow): void {
    const { post, position, member, address } = row.latest;
    row.history.push(row.latest);
    const at = this.#clock.now();
    row.latest = { post, position, member, address, state: 'failed', at, host: '', reply: droppedReply };
    Object.assign(row, { owner: undefined, lease: undefined });
  }

  async *#find(filter: RecipientFilter): AsyncIterable<WaitingRecipient[]> {
    await turn();
    const { post, position, list, domain, state, olderThan, newerThan, reply } = filter;
    const now = this.#clock.now();
    const isWanted = (one: WaitingRecipient): boolean =>
      (post === undefined || one.post === post) &&
      (position === undefined || one.position === position) &&
      (list === undefined || one.list === list) &&
      (domain === undefined || domainOf(one.address) === domain) &&
      (state === undefined || one.state === state) &&
      (olderThan === undefined || timeOf(one.post) < now - olderThan) &&
      (newerThan === undefined || timeOf(one.post) > now - newerThan) &&
      (reply === undefined || one.reply.toLowerCase().includes(reply.toLowerCase()));
    const tried = this.#waiting().map((row) => this.#waitingRecipient(row));
    for (const part of [reply === undefined ? this.#untried() : [], tried]) {
      const found = part.filter(isWanted).toSorted((a, b) => compare(a.post, b.post) || a.position - b.position);
      for (let from = 0; from < found.length; from += 1_000) yield found.slice(from, from + 1_000);
    }
  }

  #untried(): WaitingRecipient[] {
    return [...this.#chunks.values()].flatMap((row) => {
      const { post, due, work, isClaimed } = row;
      const known = this.#outcomes.get(post);
      const rest = { post, list: work.list, number: work.number, state: 'untried', attempts: 0, next: due } as const;
      const taken = isClaimed ? { isTaken: true as const } : {};
      return placed(row)
        .filter(({ position }) => !known?.has(position))
        .map((member) => ({ ...rest, ...member, host: '', reply: '', ...taken }));
    });
  }

  #waitingRecipient({ latest, history }: OutcomeRow): WaitingRecipient {
    const { state, next, ...rest } = latest;
    const work = this.#posts.get(latest.post)!;
    return { ...rest, ...work, state: state as WaitingRecipient['state'], next: next!, attempts: history.length + 1 };
  }

  async #moveRecipients(
    move: RecipientMove,
    keys: readonly RecipientKey[],
    isNobodyTrying: boolean,
  ): Promise<RecipientKey[]> {
    await turn();
    const now = this.#clock.now();
    const moved = keys.filter((key) => {
      const row = this.#outcomes.get(key.post)?.get(key.position);
      if (!row) return this.#moveUntried(move, key, isNobodyTrying);
      if (row.latest.next === undefined) return false;
      if (move === 'retry') row.latest = { ...row.latest, next: Math.min(row.latest.next, now) };
      else if (row.owner === undefined || row.lease! < now || isNobodyTrying) this.#giveUp(row);
      else return false;
      return true;
    });
    if (move === 'drop') for (const { post } of moved) await this.finishPost(post);
    return moved;
  }

  #moveUntried(move: RecipientMove, { post, position }: RecipientKey, isNobodyTrying: boolean): boolean {
    const chunk = this.#chunksOf(post).find(({ first, count }) => position >= first && position < first + count);
    if (!chunk || (move === 'drop' && chunk.isClaimed && !isNobodyTrying)) return false;
    const now = this.#clock.now();
    if (move === 'retry') {
      chunk.due = Math.min(chunk.due, now);
      return true;
    }
    const { member, address } = placed(chunk)[position - chunk.first]!;
    const { list, number } = chunk.work;
    this.#posts.set(post, { list, number });
    const rows = this.#recipients(post);
    const rest = { state: 'failed', at: now, host: '', reply: droppedReply } as const;
    rows.set(position, { latest: { post, position, member, address, ...rest }, history: [] });
    // A lease says that somebody had it before.
    Object.assign(chunk, { isClaimed: false, owner: undefined, lease: 0 });
    if (placed(chunk).every((one) => rows.has(one.position))) this.#chunks.delete(chunk.id);
    return true;
  }

  async move(move: Move, ids: readonly Id[]): Promise<Id[]> {
    const moved: Id[] = [];
    for (const id of ids) {
      if (await (move === 'retry' ? this.retryNow(id) : this[move](id))) moved.push(id);
    }
    return moved;
  }

  async close(): Promise<void> {
    await turn();
  }

  async forget(days: number): Promise<number> {
    await turn();
    const old = [...this.#outcomes.keys()].filter((post) => timeOf(post) < this.#clock.now() - (days + 7) * dayMs);
    for (const post of old) {
      this.#outcomes.delete(post);
      this.#posts.delete(post);
    }
    return old.length;
  }

  async #move(id: Id, from: Entry['state'], to: Entry['state']): Promise<boolean> {
    await turn();
    const row = this.#entries.get(id);
    if (row?.state !== from) return false;
    row.state = to;
    return true;
  }

  #insert(messages: readonly NewMessage[], entries: readonly NewEntry[]): void {
    const causes = new Set([...this.#entries.values()].map((row) => row.cause));
    for (const { id, body } of messages) if (!this.#messages.has(id)) this.#messages.set(id, Buffer.from(body));
    for (const one of entries) {
      if (causes.has(one.cause) || this.#entries.has(one.id)) continue;
      causes.add(one.cause);
      const fresh = {
        state: 'ready',
        created: this.#clock.now(),
        attempts: 0,
        reply: '',
        isCut: false,
        cut: 0,
      } as const;
      this.#entries.set(one.id, { ...one, ...fresh, size: this.#messages.get(one.message)?.length ?? 0 });
    }
    for (const { id } of messages) this.#removeUnused(id);
  }

  #remove(id: Id): void {
    const row = this.#entries.get(id);
    this.#entries.delete(id);
    if (row) this.#removeUnused(row.message);
  }

  #removeUnused(message: Id): void {
    if (![...this.#entries.values()].some((row) => row.message === message)) this.#messages.delete(message);
  }

  #own(id: Id, owner: string): EntryRow | undefined {
    const row = this.#entries.get(id);
    return row?.state === 'claimed' && row.owner === owner ? row : undefined;
  }

  #ownChunk(id: number, owner: string): ChunkRow | undefined {
    const row = this.#chunks.get(id);
    return row?.isClaimed && row.owner === owner ? row : undefined;
  }

  #chunksOf(post: Id): ChunkRow[] {
    return [...this.#chunks.values()].filter((row) => row.post === post);
  }

  #recipients(post: Id): Map<number, OutcomeRow> {
    const known = this.#outcomes.get(post) ?? new Map<number, OutcomeRow>();
    this.#outcomes.set(post, known);
    return known;
  }

  #waiting(post?: Id): OutcomeRow[] {
    return [...this.#outcomes]
      .filter(([id]) => post === undefined || id === post)
      .flatMap(([, rows]) => [...rows.values()])
      .filter(({ latest }) => latest.next !== undefined);
  }
}

function entryOf(row: EntryRow): Entry {
  return without(row, ['owner', 'lease', 'cursor', 'isCut', 'cut']);
}

function chunkOf(row: ChunkRow): Chunk {
  return without(row, ['owner', 'lease', 'due', 'isClaimed']);
}

function without<Row extends object, Name extends keyof Row & string>(
  row: Row,
  names: readonly Name[],
): Omit<Row, Name> {
  const kept = Object.entries(row).filter(([name]) => !names.some((one) => one === name));
  return Object.fromEntries(kept) as Omit<Row, Name>;
}

function traceOf({ latest, history }: OutcomeRow): Trace {
  // An attempt that is history says no more when the next was to be.
  const earlier = history.map(({ state, at, host, reply }) => ({ state, at, host, reply }));
  const { member, address } = latest;
  return { member, address, attempts: [...earlier, without(latest, ['post', 'position', 'member', 'address'])] };
}

function placed({ packed, first }: ChunkRow): { position: number; member: number; address: string }[] {
  return [...unpackMembers(packed)].map((member, at) => ({ position: first + at, ...member }));
}

function domainOf(address: string): string {
  return address.slice(address.lastIndexOf('@') + 1).toLowerCase();
}

function isDeferred({ state, reply }: Entry): boolean {
  return state === 'ready' && reply !== '';
}

function compare(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
