import { test, type TestContext } from 'node:test';
import { type Id, idMaker } from '../../src/lib/ids.ts';
import { packMembers } from '../../src/list/packed.ts';
import type { Outcome, OutcomeState } from '../../src/queue/outcome.ts';
import type { Claimant, Entry, NewChunk, NewEntry, NewMessage, QueueStore } from '../../src/queue/store.ts';
import type { HandClock } from '../helpers/hand-clock.ts';

/** A queue under test with the clock that it goes by. */
export interface Opened {
  readonly queue: QueueStore;
  readonly clock: HandClock;
}

export type OpenQueue = (t: TestContext) => Promise<Opened>;

/** Tells one promise about a queue: a test on an empty one. */
export type Promising = (what: string, run: (desk: Desk) => Promise<void>) => void;

/** Names the tests of one implementation. */
export function promisingOf(name: string, open: OpenQueue): Promising {
  return (what, run) => {
    test(`${name}: ${what}`, async (t) => {
      const { queue, clock } = await open(t);
      await run(new Desk(queue, clock));
    });
  };
}

export const leaseMs = 60_000;
export const ann: Claimant = { owner: 'ann', leaseMs };
export const bob: Claimant = { owner: 'bob', leaseMs };
export const list = 'news@lists.example.org';

/** What tests of a queue do over and over. */
export class Desk {
  readonly queue: QueueStore;
  readonly clock: HandClock;
  readonly newId: () => Id;

  constructor(queue: QueueStore, clock: HandClock) {
    this.queue = queue;
    this.clock = clock;
    this.newId = idMaker(clock);
  }

  message(body: string | Buffer = 'Subject: hi\r\n\r\nhi\r\n'): NewMessage {
    return { id: this.newId(), body: Buffer.from(body) };
  }

  entry(message: NewMessage, change: Partial<NewEntry> = {}): NewEntry {
    const id = this.newId();
    return {
      id,
      kind: 'arrived',
      message: message.id,
      sender: 'carol@x.example',
      recipient: list,
      list,
      cause: id,
      due: this.clock.now(),
      ...change,
    };
  }

  mail(message: NewMessage, recipient: string, change: Partial<NewEntry> = {}): NewEntry {
    return this.entry(message, { kind: 'mail', recipient, ...change });
  }

  /** Puts one entry with a message of its own into the queue. */
  async accepted(change: Partial<NewEntry> = {}): Promise<NewEntry> {
    const message = this.message();
    const entry = this.entry(message, change);
    await this.queue.accept([message], [entry]);
    return entry;
  }

  /** Puts a post into the queue; it is ready. */
  acceptedPost(number = 1): Promise<NewEntry> {
    return this.accepted({ kind: 'post', post: { list, number, role: 'subscriber', lastMember: 1_000_000 } });
  }

  /** A post in the queue, cut into these chunks, all of them ready. */
  async cutPost(chunks: readonly NewChunk[], number = 1): Promise<NewEntry> {
    const post = await this.acceptedPost(number);
    await this.queue.claim(ann, ['post'], 100);
    for (const chunk of chunks)
      await this.queue.cutChunk(ann, post.id, chunk, { domain: 'x.example', address: 'cursor@x.example' });
    await this.queue.cutChunk(ann, post.id, undefined, undefined);
    return post;
  }

  outcome(post: Id, member: number, state: OutcomeState, change: Partial<Outcome> = {}): Outcome {
    return {
      post,
      position: member,
      member,
      address: `m${member}@x.example`,
      state,
      at: this.clock.now(),
      host: 'mx.x.example[192.0.2.1]',
      reply: '250 2.0.0 ok',
      ...change,
    };
  }

  /** An outcome that is tried again after a while. */
  waiting(post: Id, member: number, afterMs: number, change: Partial<Outcome> = {}): Outcome {
    const next = this.clock.now() + afterMs;
    return this.outcome(post, member, 'deferred', { reply: '451 4.2.0 later', next, ...change });
  }
}

/** A chunk of members `m<id>@domain`. */
export function chunkOf(ids: readonly number[], domain = 'x.example'): NewChunk {
  const members = ids.map((member) => ({ member, address: `m${member}@${domain}` }));
  return { domain, packed: packMembers(members), count: ids.length };
}

export async function gather<T>(pages: AsyncIterable<readonly T[]>): Promise<T[]> {
  const all: T[] = [];
  for await (const page of pages) all.push(...page);
  return all;
}

export function idsOf(entries: readonly (Entry | NewEntry)[]): Id[] {
  return entries.map(({ id }) => id);
}
