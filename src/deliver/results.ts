import type { Clock } from '../lib/clock.ts';
import type { Id } from '../lib/ids.ts';
import type { Log } from '../log.ts';
import type { Claimant, Entry, Outcome, QueueStore } from '../queue/store.ts';
import type { AttemptResult, ChunkJob, DueJob, MailJob } from './delivery.ts';
import type { Settled } from './outcome-buffer.ts';
import { nextAttempt } from './retry.ts';

/** A host refused a post's recipient for good: it counts as a bounce. */
export interface Refusal {
  readonly post: Id;
  readonly member: number;
  readonly address: string;
  readonly reply: string;
  readonly at: number;
}

export interface ResultsParts {
  readonly queue: QueueStore;
  readonly claimant: Claimant;
  readonly clock: Clock;
  readonly log: Log;
  /** A number in [0, 1). */
  readonly random: () => number;
  readonly lifetimeMs: number;
  /** Hears of refusals before they are committed; may hear of the same one twice. */
  readonly onRefused: (refusals: readonly Refusal[]) => Promise<void>;
  /** A mail's or a due recipient's result is on disk, or the queue has it back. */
  readonly onSettled: (job: MailJob | DueJob, position: number) => void;
  /** The queue knows that a chunk is worked off, or will find out at its next claim. */
  readonly onChunkEnded: (chunk: number) => void;
  /** A chunk of this post is worked off. */
  readonly onChunkDone: (post: Id) => void;
}

/** Turns results into what the queue keeps: outcomes first, then the ends of chunks, posts and mails. */
export class Results {
  readonly #parts: ResultsParts;
  /** Ends of chunks and posts that are being written. */
  #ending: Promise<void> = Promise.resolve();

  constructor(parts: ResultsParts) {
    this.#parts = parts;
  }

  /** Commits results; when it rejects, it is called again with the same ones and does nothing twice. */
  async commit(settled: readonly Settled[]): Promise<void> {
    const ofPosts: { outcome: Outcome; job: ChunkJob | DueJob }[] = [];
    const mails: Promise<void>[] = [];
    for (const one of settled) {
      const { job } = one.delivery;
      if (job.kind === 'mail') mails.push(this.#endMail(job.entry, one));
      else ofPosts.push({ outcome: this.#outcome(one, job), job });
    }
    await Promise.all(mails);
    if (ofPosts.length > 0) await this.#commitPosts(ofPosts);
    for (const { delivery } of settled)
      if (delivery.job.kind !== 'chunk') this.#parts.onSettled(delivery.job, delivery.position);
  }

  /** Resolves when the ends of all chunks and posts so far are written. */
  ended(): Promise<void> {
    return this.#ending;
  }

  async #commitPosts(done: readonly { outcome: Outcome; job: ChunkJob | DueJob }[]): Promise<void> {
    const outcomes = done.map(({ outcome }) => outcome);
    const refusals = outcomes.filter(({ state }) => state === 'failed');
    if (refusals.length > 0) await this.#parts.onRefused(refusals);
    await this.#parts.queue.record(outcomes);
    for (const outcome of outcomes) this.#logOutcome(outcome);
    const ended = new Set<ChunkJob>();
    const touched = new Set<Id>();
    for (const { job, outcome } of done) {
      if (job.kind === 'chunk' && --job.owed === 0) ended.add(job);
      if (job.kind === 'due' && outcome.next === undefined) touched.add(job.post);
    }
    if (ended.size + touched.size === 0) return;
    // The next results need not wait for this: what is recorded needs no chunk.
    this.#ending = this.#ending.then(() => this.#endChunks(ended, touched));
  }

  /** Ends a chunk, all of whose members have outcomes on disk, and its post when that was the last. */
  async endChunk(chunk: number, post: Id): Promise<void> {
    const { queue, claimant, onChunkDone, log } = this.#parts;
    await queue.finishChunk(claimant, chunk);
    onChunkDone(post);
    if (await queue.finishPost(post)) log('post.sent', { entry: post });
  }

  // A crash or a full disk here leaves chunks whose members all have outcomes: the next claim sees that and ends them.
  async #endChunks(ended: ReadonlySet<ChunkJob>, touched: Set<Id>): Promise<void> {
    const { queue, claimant, onChunkDone, log } = this.#parts;
    try {
      await Promise.all([...ended].map((job) => queue.finishChunk(claimant, job.chunk)));
      for (const job of ended) {
        touched.add(job.post);
        onChunkDone(job.post);
      }
      for (const post of touched) if (await queue.finishPost(post)) log('post.sent', { entry: post });
    } catch (error) {
      log('storage.trouble', { doing: 'ending chunks', cause: String(error) });
    }
    for (const job of ended) this.#parts.onChunkEnded(job.chunk);
  }

  #outcome({ delivery, result }: Settled, job: ChunkJob | DueJob): Outcome {
    const at = this.#parts.clock.now();
    const base = {
      post: job.post,
      position: delivery.position,
      member: delivery.member,
      address: delivery.recipient,
      at,
      host: result.host,
    };
    if (result.state === 'delivered' || result.state === 'failed')
      return { ...base, state: result.state, reply: result.reply };
    const next = this.#next(delivery.load.birth, at);
    if (next === undefined) return { ...base, state: 'failed', reply: givenUp(result, this.#parts.lifetimeMs) };
    return { ...base, state: result.state, reply: result.reply, next };
  }

  async #endMail(entry: Entry, { result }: Settled): Promise<void> {
    const { queue, claimant, clock, log } = this.#parts;
    const fields = { entry: entry.id, recipient: entry.recipient, host: result.host, reply: result.reply };
    const isFinal = result.state === 'delivered' || result.state === 'failed';
    const next = isFinal ? undefined : this.#next(entry.created, clock.now());
    if (next !== undefined) {
      await queue.defer(claimant, entry.id, next, result.reply);
      log('delivery.deferred', { ...fields, next });
      return;
    }
    await queue.finish(claimant, entry.id, [], []);
    log(result.state === 'delivered' ? 'delivery.delivered' : 'delivery.failed', fields);
  }

  #next(birth: number, at: number): number | undefined {
    return at - birth >= this.#parts.lifetimeMs ? undefined : nextAttempt(birth, at, this.#parts.random());
  }

  #logOutcome({ post, address, state, host, reply, next }: Outcome): void {
    const fields = { entry: post, recipient: address, host, reply, next };
    if (state === 'delivered') this.#parts.log('delivery.delivered', fields);
    else this.#parts.log(state === 'failed' ? 'delivery.failed' : 'delivery.deferred', fields);
  }
}

function givenUp(result: AttemptResult, lifetimeMs: number): string {
  return `550 5.4.7 given up after ${Math.round(lifetimeMs / 3_600_000)} hours; the last reply: ${result.reply}`;
}
