import type { Clock } from '../lib/clock.ts';
import type { BlamedPosts } from './blamed-posts.ts';
import type { AttemptResult, CarrierPort, Delivery, Run } from './delivery.ts';
import type { Back, KeptBack } from './kept-back.ts';
import type { LaneGate } from './lane-gate.ts';
import { LaneSpeed } from './lane-speed.ts';
import type { LaneTally } from './lane-tally.ts';
import { domainOf, SingleRun } from './runs.ts';
import type { Stamping } from './stamping.ts';
import type { Waiting } from './waiting.ts';

export interface LaneOverflowParts {
  readonly clock: Clock;
  readonly port: CarrierPort;
  readonly gate: LaneGate;
  readonly waiting: Waiting;
  readonly tally: LaneTally;
  readonly blamed: BlamedPosts;
  readonly kept: KeptBack;
  readonly stamping: Stamping;
}

/** When what a slow lane has given back is looked at again. */
const slowLookMs = 5_000;
/** Single mails that wait in a lane, at the most: each is a message in memory. */
const singlesMost = 200;
/** Posts that bring a chunk into a lane although it is full: beyond these they wait for one of them to end. */
const postsMost = 16;

/** What must not stay in a lane: everything when it is shut, what it will not come to soon when it is slow. Memory is for those who move. */
export class LaneOverflow {
  readonly #parts: LaneOverflowParts;
  readonly #speed = new LaneSpeed();

  constructor(parts: LaneOverflowParts) {
    this.#parts = parts;
  }

  /** The lane takes in no more of posts for now. */
  get isBusy(): boolean {
    return this.#count >= this.#speed.most || this.#parts.gate.isShut;
  }

  /** It takes in no single mail either: these go before what waits, so a slow lane does. */
  get isClosed(): boolean {
    return this.#parts.waiting.singles >= singlesMost || this.#parts.gate.isShut;
  }

  /** It has enough to do for the next moments, and does it. */
  get isFull(): boolean {
    return this.#count >= this.#speed.most && this.#shutUntil === undefined;
  }

  /** The posts that have something here; undefined: they are so many that no other may bring more than the lane comes to. */
  get posts(): readonly string[] | undefined {
    const { posts } = this.#parts.waiting;
    return posts.length < postsMost ? posts : undefined;
  }

  /** When a post may look again at a lane that stands still; undefined: it does not, the post has nothing there, or what waits shall fail. */
  shutUntil(post: string): number | undefined {
    const until = this.#shutUntil;
    if (until === undefined || this.#parts.gate.isShut) return until;
    return (this.posts?.includes(post) ?? true) ? until : undefined;
  }

  /** Deliveries that the lane will not come to within a second. */
  get slow(): number {
    return this.#speed.slow(this.#count);
  }

  /** A result came. */
  result(): void {
    this.#speed.result();
  }

  /** To be called twice a second or so: a lane that is too slow for what it holds gives the rest back. */
  measure(): void {
    if (this.#count === 0) this.#speed.rest();
    else this.#speed.measure(this.#parts.clock.now());
    const keep = this.#speed.keep(this.#count);
    if (keep === undefined) return;
    this.#putBack(this.#parts.waiting.shed(keep), slowLookMs, '451 4.4.5 the host takes mail too slowly');
  }

  /** Gives back what waits of posts that the provider refuses. */
  putBackBlamed(): void {
    const { blamed, waiting, gate, clock } = this.#parts;
    if (blamed.isEmpty || waiting.count === 0) return;
    for (const post of waiting.posts) {
      const until = blamed.until(post, gate.provider, clock.now());
      if (until === undefined) continue;
      this.#putBack(
        waiting.shedWhere(({ job }) => job.kind !== 'mail' && job.post === post),
        until - clock.now(),
        '451 4.7.1 the provider refuses this post',
      );
    }
  }

  /** Empties a shut lane. A host that does not answer was an attempt for all who wait; else they go back into the queue untried. */
  makeWay(): void {
    const { gate, waiting, clock } = this.#parts;
    if (!gate.isShut) return;
    this.#recallStamped();
    const closing = waiting.count > 0 ? gate.closing : undefined;
    if (closing?.wasTried) this.#deferAll(closing.result);
    else if (closing) this.#putBack(waiting.shed(0), closing.until - clock.now(), closing.result.reply);
  }

  /** Gives back what waits of a list that the operator has paused. */
  putBackList(list: string): void {
    this.#putBackWhere(({ job }) => job.kind !== 'mail' && job.list === list, this.#parts.kept.listBack());
  }

  /** Gives back what waits for domains that the operator has paused. */
  putBackHeld(): void {
    const { kept } = this.#parts;
    this.#putBackWhere(({ domain }) => kept.held.has(domain), kept.heldBack());
  }

  /** Whether the operator has paused the domain of a delivery that was taken from what waits. */
  isHeld(delivery: Delivery): boolean {
    const { held } = this.#parts.kept;
    // Asked for each copy, and a copy's recipient becomes text only when it is read.
    return held.size > 0 && held.has(domainOf(delivery.recipient));
  }

  /** A delivery that was not begun waits again, or goes back into the queue. */
  giveBack(delivery: Delivery): void {
    const { port, waiting, kept } = this.#parts;
    port.returned();
    if (!this.isHeld(delivery)) return waiting.giveBack(delivery);
    const { until, reply } = kept.heldBack();
    port.putBack(new SingleRun(delivery), until, reply);
  }

  get #shutUntil(): number | undefined {
    const { closing } = this.#parts.gate;
    if (closing) return closing.wasTried ? undefined : closing.until;
    return this.#count > this.#speed.most && this.slow > 0 ? this.#parts.clock.now() + slowLookMs : undefined;
  }

  get #count(): number {
    return this.#parts.waiting.count;
  }

  // Copies under the stamp come when they are ready.
  #recallStamped(): void {
    for (const one of this.#parts.stamping.drain()) this.giveBack(one);
  }

  #putBackWhere(isMeant: (run: Run) => boolean, { until, reply }: Back): void {
    this.#recallStamped();
    for (const run of this.#parts.waiting.shedWhere(isMeant)) this.#parts.port.putBack(run, until, reply);
  }

  #putBack(runs: readonly Run[], ms: number, reply: string): void {
    const { clock, port } = this.#parts;
    const until = clock.now() + ms;
    for (const run of runs) port.putBack(run, until, reply);
  }

  // Results wait for their commit too: as many as have room now, the others when the lane is pumped next.
  #deferAll(result: AttemptResult): void {
    const { port, waiting, tally } = this.#parts;
    while (port.mayBegin()) {
      const one = waiting.take();
      if (!one) return;
      port.begun();
      tally.add(result, 'deferred');
      port.settle(one, result);
    }
  }
}
