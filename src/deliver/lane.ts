import { classify } from '../smtp/reply-class.ts';
import { LaneBlames } from './blamed-posts.ts';
import type { AttemptResult, Delivery, Job, Run } from './delivery.ts';
import { type NextHops, sureHops } from './hosts.ts';
import { LaneGate } from './lane-gate.ts';
import { LaneOverflow } from './lane-overflow.ts';
import type { LaneParts } from './lane-parts.ts';
import { LaneTally } from './lane-tally.ts';
import type { Lease } from './lease.ts';
import { Openings } from './openings.ts';
import { unreached } from './reach.ts';
import { domainOf } from './runs.ts';
import type { OpenSession, SetupFailure } from './session-parts.ts';
import type { LaneCounts, LaneIdentity, LaneState } from './traffic-messages.ts';
import { Slowing } from './slowing.ts';
import type { SessionPort } from './transaction.ts';
import { Stamping } from './stamping.ts';
import { Transactions } from './transactions.ts';
import { Waiting } from './waiting.ts';
import { WakeTimer } from './wake-timer.ts';

/** Deliveries that one connection is worth: fewer do not open another. */
const perConnection = 20;
/** Connections that are asked for at a time: more are asked for when these are granted. */
const wantedMost = 20;
/** How long sessions without work are kept. */
const lingerMs = 300;
/** A slowed lane that rests for longer gives its connections back: many hosts end a session that is idle for a minute. */
const restMostMs = 30_000;

/** One MX set in one deliverer: its waiting deliveries and its sessions. Nobody else waits for it. */
export class Lane {
  #parts: LaneParts;
  readonly #identity: LaneIdentity;
  readonly #waiting = new Waiting();
  readonly #stamping: Stamping;
  readonly #sessions = new Map<Transactions, Lease>();
  readonly #gate: LaneGate;
  readonly #overflow: LaneOverflow;
  readonly #tally = new LaneTally();
  readonly #slowing: Slowing;
  readonly #blames = new LaneBlames();
  readonly #openings: Openings;
  /** Connections that the book knows to be wanted. */
  #asked = 0;
  #isLingering = false;
  /** Looks again when the lane's time has come. */
  readonly #timer: WakeTimer;
  /** The book was not asked yet. */
  #isNew = true;
  #isStopping = false;

  constructor(parts: LaneParts) {
    this.#parts = parts;
    const { clock, port } = parts;
    this.#stamping = new Stamping(this.#waiting, port, () => this.pump());
    this.#timer = new WakeTimer(clock, () => this.pump());
    this.#gate = new LaneGate(clock);
    this.#overflow = new LaneOverflow({
      ...parts,
      gate: this.#gate,
      waiting: this.#waiting,
      stamping: this.#stamping,
      tally: this.#tally,
    });
    const { key: lane, hosts, isRoute } = parts.hops;
    this.#identity = Object.freeze({ lane, hosts, isRoute });
    this.#openings = new Openings(() => parts.tell({ kind: 'dial', lane }));
    this.#slowing = new Slowing(clock, parts.slowLists, () => ({
      sessions: this.#sessions.size + this.#openings.count,
      posts: this.#waiting.posts.length,
    }));
  }

  get waiting(): number {
    return this.#waiting.count + this.#stamping.count;
  }

  /** What must not stay here. */
  get overflow(): LaneOverflow {
    return this.#overflow;
  }

  get isEmpty(): boolean {
    return this.waiting === 0 && this.#sessions.size === 0 && this.#openings.count === 0 && this.#asked === 0;
  }

  /** The route to the same place may ask for something else now: new sessions go by it. */
  follow(hops: NextHops): void {
    if (hops !== this.#parts.hops) this.#parts = { ...this.#parts, hops };
  }

  add(run: Run, isSingle: boolean): void {
    this.#waiting.add(run, isSingle);
    this.pump();
  }

  /** The book says what holds for the lane now. */
  take(state: LaneState): void {
    const wasShut = this.#gate.isShut;
    this.#gate.set(state);
    this.#slowing.setLane(state.factor);
    if (wasShut && !this.#gate.isShut) this.#parts.port.opened();
    this.pump();
    if (this.#gate.isShut) for (const session of this.#sessions.keys()) session.resume(true);
  }

  /** The book grants one connection. */
  lease(lease: Lease): void {
    this.#asked--;
    this.#parts.onConnection(1);
    if (this.#isStopping || this.#gate.isShut || this.#useful() === 0) this.#endLease(false);
    else this.#open(lease);
    this.pump();
  }

  /** The book allows a connection that is being set up to dial once more. */
  mayDial(): void {
    this.#openings.mayDial();
  }

  /** Gives work to idle sessions and asks for more where they are needed. */
  pump(): void {
    if (this.#isStopping) return;
    this.#overflow.putBackBlamed();
    this.#overflow.makeWay();
    for (const session of this.#sessions.keys()) session.resume(false);
    if (this.#parts.port.mayBegin()) this.#ask();
  }

  /** Ends idle sessions at once and the others after their transaction; what waits is dropped without a result. */
  stop(): void {
    this.#isStopping = true;
    this.#waiting.clear();
    for (const session of this.#sessions.keys()) session.resume(true);
    for (let left = this.#openings.stop(); left > 0; left--) this.#endLease(true);
  }

  /** What was done since the last time, for the book. A lane that is too slow for what it holds gives the rest back. */
  counts(classes: Map<string, number>): LaneCounts {
    const now = { lane: this.#identity.lane, waiting: this.waiting, opening: this.#openings.count };
    const counts = this.#tally.take(now, classes);
    this.#overflow.measure();
    return counts;
  }

  /** Connections that would be useful beyond those that are there. */
  #useful(): number {
    if (this.#isResting) return 0;
    const useful = Math.ceil(this.waiting / perConnection) - this.#sessions.size - this.#openings.count;
    return Math.max(0, Math.min(wantedMost, useful));
  }

  get #isResting(): boolean {
    return this.#slowing.waitMs() > restMostMs;
  }

  // A wish that became smaller is not worth a word, only one that is gone: what is granted too much is given back.
  #ask(): void {
    const count = this.#gate.isShut ? 0 : this.#useful();
    if (count <= this.#asked && (count > 0 || this.#asked === 0)) return;
    this.#asked = count;
    this.#parts.tell({ kind: 'want', lane: this.#identity, count, isFirst: this.#isNew });
    this.#isNew = false;
  }

  #endLease(isUsed: boolean): void {
    this.#parts.tell({ kind: 'end', lane: this.#identity.lane, isUsed });
    this.#parts.onConnection(-1);
  }

  #open(lease: Lease): void {
    this.#slowing.begins(lease);
    void this.#openings.open(sureHops(this.#parts.hops, this.#gate.mustTls), this.#parts).then((opened) => {
      this.#slowing.ends(lease);
      if (opened) return 'socket' in opened ? this.#begin(opened, lease) : this.#unreachable(opened);
    });
  }

  #begin(opened: OpenSession, lease: Lease): void {
    const port: SessionPort = {
      next: () => this.#next(lease),
      settle: (delivery, result) => {
        this.#slowing.ends(lease, delivery.job);
        this.#settle(delivery, result);
      },
      giveBack: (delivery) => {
        lease.undo();
        this.#slowing.ends(lease, delivery.job);
        this.#giveBack(delivery);
      },
      idle: () => this.#idle(session, lease),
      cannotChunk: () => this.#parts.faults.note(opened.host, 'chunking'),
      ended: (isTrouble, reason) => this.#sessionEnded(session, opened.host, isTrouble, reason),
    };
    const session = new Transactions(this.#withoutWhatFails(opened), port, this.#parts.timeouts, this.#parts.round);
    this.#sessions.set(session, lease);
    session.resume(false);
    if (session.isIdle) this.#idle(session, lease);
  }

  #withoutWhatFails(opened: OpenSession): OpenSession {
    if (!this.#parts.faults.has(opened.host, 'chunking')) return opened;
    return { ...opened, capabilities: { ...opened.capabilities, chunking: false } };
  }

  // The next chunk may be on its way from the queue: a session is kept for a moment.
  #idle(session: Transactions, lease: Lease): void {
    if (this.#isStopping || this.#gate.isShut || lease.isSpent || this.#isResting) return session.resume(true);
    if (this.waiting > 0 || this.#isLingering) return;
    this.#isLingering = true;
    void this.#parts.clock.sleep(lingerMs).then(() => {
      this.#isLingering = false;
      if (this.waiting === 0) for (const one of this.#sessions.keys()) one.resume(true);
    });
  }

  #next(lease: Lease): Delivery | undefined {
    if (lease.isSpent || this.#isStopping || !this.#parts.port.mayBegin()) return undefined;
    const waitMs = this.#gate.waitMs() || this.#slowing.waitMs();
    if (waitMs > 0) {
      this.#pumpLater(waitMs);
      return undefined;
    }
    const delivery = this.#take();
    if (!delivery) return undefined;
    lease.begin();
    this.#gate.begin();
    this.#slowing.begins(lease, delivery.job);
    return delivery;
  }

  #pumpLater(ms: number): void {
    if (this.waiting > 0) this.#timer.set(this.#parts.clock.now() + ms);
  }

  #take(): Delivery | undefined {
    const { held } = this.#slowing;
    for (;;) {
      const delivery = this.#stamping.take(this.#sessions.size, held);
      if (!delivery && held) this.#pumpLater(this.#slowing.turnMs);
      // It was under the stamp when its domain was paused.
      if (!delivery || !this.#overflow.isHeld(delivery)) return delivery;
      this.#overflow.giveBack(delivery);
    }
  }

  #giveBack(delivery: Delivery): void {
    if (this.#isStopping) this.#parts.port.returned();
    else this.#overflow.giveBack(delivery);
  }

  #settle(delivery: Delivery, result: AttemptResult): void {
    this.#overflow.result();
    this.#blames.result(delivery.job);
    if (result.state === 'delivered') {
      this.#tally.delivered();
      this.#parts.port.settle(delivery, result);
    } else this.#parts.port.settle(delivery, this.#read(delivery, result));
  }

  // The lane sees what speaks of us before the result is passed on; and a 5xx that means "later" is a deferral.
  #read(delivery: Delivery, result: AttemptResult): AttemptResult {
    const { reply } = result;
    const verdict = classify(reply, { dialect: this.#gate.dialect });
    const isLater = result.state === 'failed' && verdict.class === 'deferred' && !verdict.isPermanent;
    const read: AttemptResult = isLater ? { ...result, state: 'deferred' } : result;
    this.#tally.add(read, verdict.class);
    if (verdict.blamesPost) this.#blame(delivery.job, reply);
    if (verdict.scope !== 'nothing' || verdict.alarm) {
      const domain = domainOf(delivery.recipient);
      this.#parts.tell({ kind: 'refusal', lane: this.#identity.lane, domain, reply });
    }
    return read;
  }

  #blame(job: Job, reply: string): void {
    if (job.kind === 'mail' || job.list === undefined) return;
    const blame = { post: job.post, list: job.list, results: this.#blames.take(job.post) };
    this.#parts.tell({ kind: 'blame', lane: this.#identity.lane, blame, reply });
  }

  #sessionEnded(session: Transactions, host: string, isTrouble: boolean, reason: string): void {
    this.#sessions.delete(session);
    this.#endLease(true);
    if (isTrouble) this.#parts.log('lane.trouble', { lane: this.#parts.hops.key, host, reason });
    this.pump();
  }

  #unreachable(failure: SetupFailure): void {
    const { lane } = this.#identity;
    this.#parts.log('lane.trouble', { lane, host: failure.host, reason: failure.text });
    // A host that limits connections refuses some before the others are ready.
    const sessions = this.#sessions.size + this.#openings.count;
    if (!this.#isStopping) this.#parts.tell({ kind: 'unreachable', lane, result: unreached(failure), sessions });
    this.#endLease(true);
    this.pump();
  }
}
