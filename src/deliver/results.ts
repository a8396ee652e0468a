import type { Id } from '../lib/ids.ts';
import type { Octets } from '../lib/octets.ts';
import { OutcomeBatch } from '../queue/outcome-batch.ts';
import type { Outcome } from '../queue/outcome.ts';
import type { AttemptResult, ChunkJob, Delivery, DueJob, MailJob } from './delivery.ts';
import { type EndedMail, endMail, type MailEndsParts } from './mail-ends.ts';
import { nextAttempt } from './retry.ts';

/** A host refused a post's recipient for good: it counts as a bounce. */
export interface Refusal {
  readonly post: Id;
  readonly member: number;
  readonly address: string;
  readonly host: string;
  readonly reply: string;
  readonly at: number;
}

export interface ResultsParts extends MailEndsParts {
  /** A number in [0, 1). */
  readonly random: () => number;
  /** Hears of refusals before they are committed; may hear of the same one twice. */
  readonly onRefused: (refusals: readonly Refusal[]) => Promise<void>;
  /** A mail's or a due recipient's result is on disk, or the queue has it back. */
  readonly onSettled: (job: MailJob | DueJob, position: number) => void;
  /** The queue knows that a chunk is worked off, or will find out at its next claim. */
  readonly onChunkEnded: (chunk: number) => void;
  /** A chunk of this post is worked off. */
  readonly onChunkDone: (post: Id) => void;
}

/** Results that are committed together. */
class ResultBatch {
  readonly outcomes = new OutcomeBatch();
  /** Outcomes that an operator reads of. */
  readonly told: Outcome[] = [];
  /** How many members of which chunk. */
  readonly chunks = new Map<ChunkJob, number>();
  readonly dues: { readonly job: DueJob; readonly position: number; readonly isFinal: boolean }[] = [];
  readonly mails: { readonly job: MailJob; readonly ended: EndedMail }[] = [];
}

/** Turns results into what the queue keeps: outcomes first, then the ends of chunks, posts and mails. */
export class Results {
  readonly #parts: ResultsParts;
  #open = new ResultBatch();
  /** Ends of chunks and posts that are being written. */
  #ending: Promise<void> = Promise.resolve();

  constructor(parts: ResultsParts) {
    this.#parts = parts;
  }

  /** Adds a result to the open batch. */
  add(delivery: Delivery, result: AttemptResult): void {
    const { job } = delivery;
    const batch = this.#open;
    const at = this.#parts.clock.now();
    const isFinal = result.state === 'delivered' || result.state === 'failed';
    const next = isFinal ? undefined : this.#next(delivery.load.birth, at, result.next);
    if (job.kind === 'mail') {
      batch.mails.push({ job, ended: { entry: job.entry, message: delivery.load.message.raw, result, next } });
      return;
    }
    if (result.octets && !this.#parts.limits.tellsDelivered)
      this.#addTaken(delivery, result, result.octets, job.post, at);
    else {
      const outcome = this.#outcome(delivery, result, job.post, at, next);
      batch.outcomes.add(outcome);
      if (outcome.state !== 'delivered' || this.#parts.limits.tellsDelivered) batch.told.push(outcome);
    }
    if (job.kind === 'chunk') batch.chunks.set(job, (batch.chunks.get(job) ?? 0) + 1);
    else batch.dues.push({ job, position: delivery.position, isFinal: next === undefined });
  }

  /** So many members of a chunk wait in the queue again until `until`, once the outcomes of the others are on disk. */
  putBack(job: ChunkJob, count: number, until: number): void {
    job.back += count;
    job.backUntil = Math.min(job.backUntil, until);
    if (job.owed === job.back) this.#ending = this.#ending.then(() => this.#endChunks([job], new Set()));
  }

  /** The open batch; a new one is begun. */
  take(): ResultBatch {
    const batch = this.#open;
    this.#open = new ResultBatch();
    return batch;
  }

  /** Commits a batch; when it rejects, it is called again with the same one and does nothing twice. */
  async commit(batch: ResultBatch): Promise<void> {
    await this.#commitMails(batch);
    if (batch.outcomes.count > 0) await this.#commitOutcomes(batch);
  }

  /** Resolves when the ends of all chunks and posts so far are written. */
  ended(): Promise<void> {
    return this.#ending;
  }

  /** Ends a chunk, all of whose members have outcomes on disk, and its post when that was the last. */
  async endChunk(chunk: number, post: Id): Promise<void> {
    const { queue, claimant, onChunkDone, log } = this.#parts;
    await queue.finishChunk(claimant, chunk);
    onChunkDone(post);
    if (await queue.finishPost(post)) log('post.sent', { entry: post });
  }

  async #commitMails(batch: ResultBatch): Promise<void> {
    const { mails } = batch;
    await Promise.all(mails.map(({ ended }) => endMail(ended, this.#parts)));
    for (const { job } of mails.splice(0)) this.#parts.onSettled(job, 0);
  }

  async #commitOutcomes(batch: ResultBatch): Promise<void> {
    const refusals = batch.told.filter(({ state }) => state === 'failed');
    if (refusals.length > 0) await this.#parts.onRefused(refusals);
    await this.#parts.queue.record(batch.outcomes);
    for (const outcome of batch.told) this.#logOutcome(outcome);
    for (const { job, position } of batch.dues) this.#parts.onSettled(job, position);
    this.#end(batch);
  }

  // The next results need not wait for this: what is recorded needs no chunk.
  #end({ chunks, dues }: ResultBatch): void {
    const ended: ChunkJob[] = [];
    for (const [job, count] of chunks) {
      job.owed -= count;
      if (job.owed === job.back) ended.push(job);
    }
    const done = ended.filter(({ back }) => back === 0);
    const posts = new Set(
      [...done, ...dues.filter(({ isFinal }) => isFinal).map(({ job }) => job)].map((job) => job.post),
    );
    if (ended.length + posts.size > 0) this.#ending = this.#ending.then(() => this.#endChunks(ended, posts));
  }

  // A crash or a full disk here leaves chunks whose members all have outcomes: the next claim sees that and ends them.
  async #endChunks(ended: readonly ChunkJob[], posts: ReadonlySet<Id>): Promise<void> {
    const { queue, claimant, onChunkDone, onChunkEnded, log } = this.#parts;
    try {
      await Promise.all(
        ended.map((job) =>
          job.back === 0
            ? queue.finishChunk(claimant, job.chunk)
            : queue.deferChunk(claimant, job.chunk, job.backUntil),
        ),
      );
      for (const job of ended) onChunkDone(job.post);
      for (const post of posts) if (await queue.finishPost(post)) log('post.sent', { entry: post });
    } catch (error) {
      log('storage.trouble', { doing: 'ending chunks', cause: String(error) });
    }
    for (const job of ended) onChunkEnded(job.chunk);
  }

  // Nearly every result of a fan-out: nothing of it becomes text.
  #addTaken(delivery: Delivery, { state, host }: AttemptResult, reply: Octets, post: Id, at: number): void {
    const { position, member, envelope } = delivery;
    const address = envelope ?? delivery.recipient;
    this.#open.outcomes.add({ post, position, member, address, state, at, host, reply });
  }

  #outcome(
    delivery: Delivery,
    { state, host, reply }: AttemptResult,
    post: Id,
    at: number,
    next: number | undefined,
  ): Outcome {
    const { position, member, recipient: address } = delivery;
    if (state === 'delivered' || state === 'failed') return { post, position, member, address, state, at, host, reply };
    return next === undefined
      ? {
          post,
          position,
          member,
          address,
          state: 'failed',
          at,
          host,
          reply: givenUp(reply, this.#parts.limits.lifetimeMs),
        }
      : { post, position, member, address, state, at, host, reply, next };
  }

  #next(birth: number, at: number, given: number | undefined): number | undefined {
    return at - birth >= this.#parts.limits.lifetimeMs
      ? undefined
      : (given ?? nextAttempt(birth, at, this.#parts.random()));
  }

  #logOutcome({ post, address, state, host, reply, next }: Outcome): void {
    const fields = { entry: post, recipient: address, host, reply, next };
    if (state === 'delivered') this.#parts.log('delivery.delivered', fields);
    else this.#parts.log(state === 'failed' ? 'delivery.failed' : 'delivery.deferred', fields);
  }
}

function givenUp(reply: string, lifetimeMs: number): string {
  return `550 5.4.7 given up after ${Math.round(lifetimeMs / 3_600_000)} hours; the last reply: ${reply}`;
}
