import type { Clock } from '../lib/clock.ts';
import type { Id } from '../lib/ids.ts';
import { WakeUp } from '../lib/signal.ts';
import type { Log } from '../log.ts';
import type { Chunk, Claimant, DueRecipient } from '../queue/store.ts';
import { wireMessage } from '../smtp/data.ts';
import { isAsciiText } from './copy.ts';
import { Claimed } from './claimed.ts';
import type { Carrier, CarrierPort, ChunkJob, Delivery, DueJob, MailJob, Run } from './delivery.ts';
import { PostLoads, type PostLoadsParts } from './post-loads.ts';
import { mailSigner } from './signing.ts';
import { OutcomeBuffer } from './outcome-buffer.ts';
import { Results, type ResultsParts } from './results.ts';
import { runsOf, SingleRun } from './runs.ts';

export interface DelivererParts extends Omit<ResultsParts, 'onSettled' | 'onChunkEnded'>, PostLoadsParts {
  readonly claimant: Claimant;
  readonly clock: Clock;
  readonly log: Log;
  readonly carrier: (port: CarrierPort) => Carrier;
}

/** Recipients in memory beyond which no more are claimed, not counting those who wait in slow lanes (P6). */
const heldMost = 5_000;
/** Results after which there is a look into the queue for more, about a chunk's: one for each would cost as much as the delivery. */
const lookEvery = 1_000;
/** Between two looks for single mails and second tries while a fan-out is under way: three transactions each. */
const singlesEveryMs = 20;
/** And counting them: a line of text each. */
const heldInAllMost = 100_000;
/** Recipients that one look into the queue asks for. */
const claimRecipients = 4_000;
const claimMails = 200;
/** Single mails that are taken although recipients of posts fill the room. */
const mailsBeside = 1_000;
const sleepMostMs = 5_000;
/** The deliver stage: takes what is due from the queue, has it carried, and has every result committed. */
export class Deliverer {
  readonly #parts: DelivererParts;
  readonly #work = new WakeUp();
  readonly #results: Results;
  readonly #carrier: Carrier;
  readonly #buffer: OutcomeBuffer<ReturnType<Results['take']>>;
  readonly #loads: PostLoads;
  #held = 0;
  /** Single mails among them. */
  #mails = 0;
  #settled = 0;
  /** When there may be a look for single mails and second tries again, and whether somebody has told of some since the last. */
  #singlesAt = 0;
  #isTold = false;
  readonly #claimed = new Claimed();
  #isStopping = false;
  /** What comes now finds nobody to write it down: the next start tries it again. */
  #isEnded = false;
  #loop: Promise<void> | undefined;

  constructor(parts: DelivererParts) {
    this.#parts = parts;
    this.#loads = new PostLoads(parts);
    this.#results = new Results({
      ...parts,
      onSettled: (job, position) =>
        job.kind === 'mail'
          ? this.#claimed.settle(job.entry.id)
          : this.#claimed.settle(dueKey(job.post, position), job.attempts),
      onChunkEnded: (chunk) => this.#claimed.settle(String(chunk)),
      onNotice: () => {
        this.wake();
        parts.onNotice();
      },
    });
    this.#buffer = new OutcomeBuffer({
      clock: parts.clock,
      take: () => this.#results.take(),
      commit: (batch) => this.#results.commit(batch),
      onRoom: () => this.#carrier.resume(),
      onTrouble: (error) => parts.log('storage.trouble', { doing: 'committing results', cause: String(error) }),
    });
    this.#carrier = parts.carrier({
      mayBegin: () => this.#buffer.hasRoom && !this.#isStopping,
      begun: () => this.#buffer.begun(),
      returned: () => this.#buffer.returned(),
      settle: (delivery, result) => {
        if (this.#isEnded) return;
        this.#held--;
        if (delivery.job.kind === 'mail') this.#mails--;
        this.#results.add(delivery, result);
        this.#buffer.settled();
        if (this.#held < heldMost && (this.#held === 0 || ++this.#settled % lookEvery === 0)) this.#work.wake();
      },
      putBack: (run, until, reply) => this.#putBack(run, until, reply),
      opened: () => void this.#hurry(),
    });
  }

  start(): void {
    this.#loop = this.#run();
  }

  /** There may be new work. */
  wake(): void {
    this.#isTold = true;
    this.#work.wake();
  }

  /** Settings have changed: routes are looked up anew. */
  renew(): void {
    this.#carrier.renew();
  }

  /**
   * Ends running transactions within this time and commits their results; what had not begun stays in the queue. Says how many connections
   * were cut off.
   */
  async stop(withinMs: number): Promise<number> {
    this.#isStopping = true;
    this.#work.wake();
    await this.#loop;
    const cut = await this.#carrier.stop(withinMs);
    this.#isEnded = true;
    await this.#buffer.drain();
    await this.#results.ended();
    this.#parts.signing.close();
    return cut;
  }

  async #run(): Promise<void> {
    while (!this.#isStopping) {
      if ((await this.#takeWork()) === 0) await this.#work.sleep(this.#parts.clock, await this.#idleMs());
    }
  }

  get #room(): number {
    return Math.min(heldInAllMost - this.#held, heldMost - (this.#held - this.#carrier.slow()));
  }

  async #takeWork(): Promise<number> {
    try {
      return (await this.#takeSingles()) + (await this.#takeChunks());
    } catch (error) {
      this.#parts.log('storage.trouble', { doing: 'taking work for delivery', cause: String(error) });
      return 0;
    }
  }

  async #idleMs(): Promise<number> {
    if (this.#held > 0 && this.#isTold) return Math.max(1, this.#singlesAt - this.#parts.clock.now());
    // Results will tell of room.
    if (this.#room <= 0) return sleepMostMs;
    const due = await this.#parts.queue.nextDue().catch(() => undefined);
    // What is due and was not taken (a busy lane, another stage's entry) must not make this loop spin.
    return due === undefined ? sleepMostMs : Math.min(sleepMostMs, Math.max(250, due - this.#parts.clock.now()));
  }

  // Confirmations, replies and second tries: before bulk.
  async #takeSingles(): Promise<number> {
    const now = this.#parts.clock.now();
    if (this.#held > 0 && now < this.#singlesAt) return 0;
    this.#isTold = false;
    this.#singlesAt = now + singlesEveryMs;
    return (await this.#takeMails()) + (await this.#takeDue());
  }

  async #takeMails(): Promise<number> {
    const { queue, claimant } = this.#parts;
    // Posts that fill the room are no reason to let a single mail wait.
    if (this.#room <= 0 && this.#mails >= mailsBeside) return 0;
    const entries = await queue.claim(claimant, ['mail'], claimMails, this.#carrier.closedDomains());
    for (const entry of entries) {
      if (!this.#claimed.take(entry.id)) continue;
      const message = (await queue.message(entry.message)) ?? Buffer.alloc(0);
      const load = { message: wireMessage(message, await mailSigner(message, this.#parts)), birth: entry.created };
      const job: MailJob = { kind: 'mail', entry };
      this.#mails++;
      const { sender, recipient } = entry;
      this.#carryOne(
        { load, sender, recipient, isAscii: isAsciiText(sender + recipient), member: 0, position: 0, job },
        true,
      );
    }
    return entries.length;
  }

  async #takeDue(): Promise<number> {
    if (this.#room <= 0) return 0;
    const due = await this.#parts.queue.claimDue(
      this.#parts.claimant,
      claimRecipients,
      this.#carrier.busyDomains(),
      this.#carrier.pausedLists(),
    );
    for (const [post, some] of Map.groupBy(due, (one) => one.post)) await this.#carryDue(post, some);
    return due.length;
  }

  async #carryDue(post: Id, due: readonly DueRecipient[]): Promise<void> {
    const prepared = await this.#loads.of(post);
    if (!prepared) return;
    for (const { position, member, address, attempts } of due) {
      if (!this.#claimed.take(dueKey(post, position), attempts)) continue;
      const job: DueJob = { kind: 'due', post, attempts, list: prepared.list };
      const sender = prepared.senders.of(member, address);
      const isAscii = isAsciiText(sender + address);
      this.#carryOne({ load: prepared.load, sender, recipient: address, isAscii, member, position, job }, false);
    }
  }

  async #takeChunks(): Promise<number> {
    const { queue, claimant } = this.#parts;
    if (this.#room <= 0) return 0;
    // A lane that stands still from the beginning is full with one chunk: room stays for the others.
    const chunks = await queue.claimChunks(
      claimant,
      Math.min(claimRecipients, this.#room),
      this.#carrier.fullLanes(),
      this.#carrier.pausedLists(),
    );
    for (const chunk of chunks) await this.#carryChunk(chunk);
    return chunks.length;
  }

  async #carryChunk(chunk: Chunk): Promise<void> {
    const { queue, claimant, clock } = this.#parts;
    if (this.#claimed.has(String(chunk.id))) return;
    const prepared = await this.#loads.of(chunk.post);
    if (!prepared) return queue.deferChunk(claimant, chunk.id, clock.now() + 60_000);
    const shutUntil = this.#isOver(prepared.load.birth) ? undefined : this.#carrier.shutUntil(chunk.domain, chunk.post);
    if (shutUntil !== undefined) return queue.deferChunk(claimant, chunk.id, shutUntil);
    const known = chunk.again ? await queue.recorded(chunk.post, chunk.first, chunk.count) : new Set<number>();
    const owed = chunk.count - known.size;
    // The last run had every outcome on disk and did not come to end the chunk.
    if (owed === 0) return this.#results.endChunk(chunk.id, chunk.post);
    this.#claimed.take(String(chunk.id));
    const { list } = prepared;
    const job: ChunkJob = {
      kind: 'chunk',
      chunk: chunk.id,
      post: chunk.post,
      list,
      owed,
      back: 0,
      backUntil: Infinity,
    };
    for (const run of runsOf(chunk.packed, chunk.first, known, { ...prepared, job })) this.#carry(run, false);
  }

  // A chunk's outcomes stay as they are: the next claim goes on with those who have none.
  #putBack(run: Run, until: number, reply: string): void {
    const { job, remaining } = run;
    if (job.kind === 'chunk' && !this.#isOver(run.birth)) {
      this.#held -= remaining;
      return this.#results.putBack(job, remaining, until);
    }
    for (let one = run.take(); one; one = run.take()) {
      this.#held--;
      if (one.job.kind === 'mail') this.#mails--;
      this.#buffer.begun();
      this.#results.add(one, { state: 'deferred', host: '', reply, next: until });
      this.#buffer.settled();
    }
  }

  // After those chunks that are on their way back into the queue.
  async #hurry(): Promise<void> {
    await this.#results.ended();
    try {
      await this.#parts.queue.hurryChunks();
    } catch (error) {
      this.#parts.log('storage.trouble', { doing: 'calling put-off chunks back', cause: String(error) });
    }
    this.#work.wake();
  }

  #isOver(birth: number): boolean {
    return this.#parts.clock.now() - birth >= this.#parts.limits.lifetimeMs;
  }

  #carryOne(delivery: Delivery, isSingle: boolean): void {
    this.#carry(new SingleRun(delivery), isSingle);
  }

  #carry(run: Run, isSingle: boolean): void {
    this.#held += run.remaining;
    this.#carrier.carry(run.domain, run, isSingle);
  }
}

function dueKey(post: Id, position: number): string {
  return `${post} ${position}`;
}
