import type { Socket } from 'node:net';
import type { Log } from '../log.ts';
import type { Clock } from '../lib/clock.ts';
import { classify } from '../smtp/reply-class.ts';
import type { AttemptResult, CarrierPort, Delivery, Run } from './delivery.ts';
import type { FlushRound } from './flush-round.ts';
import type { HostFaults } from './host-faults.ts';
import type { NextHops } from './hosts.ts';
import { LaneGate } from './lane-gate.ts';
import { LaneOverflow } from './lane-overflow.ts';
import { LaneTally } from './lane-tally.ts';
import type { Lease } from './lease.ts';
import { untilTurnMs } from './pace.ts';
import { reach, type ReachParts } from './reach.ts';
import { domainOf } from './runs.ts';
import type { Dialer, OpenSession, SetupFailure } from './session-setup.ts';
import type { LaneCounts, LaneIdentity, LaneState, ToTraffic } from './traffic-messages.ts';
import type { SessionPort } from './transaction.ts';
import { Stamping } from './stamping.ts';
import { Transactions } from './transactions.ts';
import { Waiting } from './waiting.ts';

export interface LaneParts extends ReachParts {
  readonly round: FlushRound;
  readonly faults: HostFaults;
  readonly hops: NextHops;
  readonly clock: Clock;
  readonly log: Log;
  readonly port: CarrierPort;
  /** Tells the book of traffic, which grants every connection (`lease`). */
  readonly tell: (message: ToTraffic) => void;
  /** Hears of a connection that is gone, and of one that was granted. */
  readonly onConnection: (count: 1 | -1) => void;
  /** Whether posts of a list have to wait at the moment; undefined: no list has. */
  readonly heldLists: () => ((list: string) => boolean) | undefined;
}

/** Deliveries that one connection is worth: fewer do not open another. */
const perConnection = 20;
/** Connections that are asked for at a time: more are asked for when these are granted. */
const wantedMost = 20;
/** How long sessions without work are kept. */
const lingerMs = 300;

/** One MX set in one deliverer: its waiting deliveries and its sessions. Nobody else waits for it. */
export class Lane {
  readonly #parts: LaneParts;
  readonly #identity: LaneIdentity;
  readonly #waiting = new Waiting();
  readonly #stamping: Stamping;
  readonly #sessions = new Map<Transactions, Lease>();
  readonly #gate: LaneGate;
  readonly #overflow: LaneOverflow;
  readonly #tally = new LaneTally();
  /** Connections that are being set up, with the sockets that each has so far. */
  readonly #openings = new Set<Socket[]>();
  /** Connections that the book knows to be wanted. */
  #asked = 0;
  #isLingering = false;
  #isPumpingLater = false;
  /** The book was not asked yet. */
  #isNew = true;
  #isStopping = false;

  constructor(parts: LaneParts) {
    this.#parts = parts;
    const { clock, port } = parts;
    this.#stamping = new Stamping(this.#waiting, port, () => this.pump());
    this.#gate = new LaneGate(clock);
    this.#overflow = new LaneOverflow({ clock, port, gate: this.#gate, waiting: this.#waiting, tally: this.#tally });
    const { key: lane, hosts, isRoute } = parts.hops;
    this.#identity = Object.freeze({ lane, hosts, isRoute });
  }

  get waiting(): number {
    return this.#waiting.count + this.#stamping.count;
  }

  /** What must not stay here. */
  get overflow(): LaneOverflow {
    return this.#overflow;
  }

  get isEmpty(): boolean {
    return this.waiting === 0 && this.#sessions.size === 0 && this.#openings.size === 0 && this.#asked === 0;
  }

  add(run: Run, isSingle: boolean): void {
    this.#waiting.add(run, isSingle);
    this.pump();
  }

  /** The book says what holds for the lane now. */
  take(state: LaneState): void {
    const wasShut = this.#gate.isShut;
    this.#gate.set(state);
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

  /** Gives work to idle sessions and asks for more where they are needed. */
  pump(): void {
    if (this.#isStopping) return;
    if (this.#gate.isShut) for (const one of this.#stamping.drain()) this.#giveBack(one);
    this.#overflow.makeWay();
    for (const session of this.#sessions.keys()) session.resume(false);
    if (this.#parts.port.mayBegin()) this.#ask();
  }

  /** Ends idle sessions at once and the others after their transaction; what waits is dropped without a result. */
  stop(): void {
    this.#isStopping = true;
    this.#waiting.clear();
    for (const session of this.#sessions.keys()) session.resume(true);
    for (const sockets of this.#openings) {
      for (const socket of sockets) socket.destroy();
      this.#endLease(true);
    }
    this.#openings.clear();
  }

  /** What was done since the last time, for the book. A lane that is too slow for what it holds gives the rest back. */
  counts(classes: Map<string, number>): LaneCounts {
    const now = { lane: this.#identity.lane, waiting: this.waiting, opening: this.#openings.size };
    const counts = this.#tally.take(now, classes);
    this.#overflow.measure();
    return counts;
  }

  /** Connections that would be useful beyond those that are there. */
  #useful(): number {
    const useful = Math.ceil(this.waiting / perConnection) - this.#sessions.size - this.#openings.size;
    return Math.max(0, Math.min(wantedMost, useful));
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
    const sockets: Socket[] = [];
    const dialer: Dialer = async (...way) => {
      const socket = await this.#parts.dialer(...way);
      if (this.#isStopping) socket.destroy();
      sockets.push(socket);
      return socket;
    };
    this.#openings.add(sockets);
    const { hops } = this.#parts;
    // Of hosts that the operator named the route says it.
    const { policy } = hops;
    const sure =
      this.#gate.mustTls && !hops.isRoute ? { ...hops, policy: { ...policy, tls: 'required' as const } } : hops;
    void reach(sure, { ...this.#parts, dialer }).then((opened) => {
      // At a stop nobody waits for a host that has not answered yet.
      if (!this.#openings.delete(sockets)) return 'socket' in opened && opened.socket.destroy();
      return 'socket' in opened ? this.#begin(opened, lease) : this.#unreachable(opened);
    });
  }

  #begin(opened: OpenSession, lease: Lease): void {
    const port: SessionPort = {
      next: () => this.#next(lease),
      settle: (delivery, result) => this.#settle(delivery, result),
      giveBack: (delivery) => {
        lease.undo();
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
    if (this.#isStopping || this.#gate.isShut || lease.isSpent) return session.resume(true);
    if (this.waiting > 0 || this.#isLingering) return;
    this.#isLingering = true;
    void this.#parts.clock.sleep(lingerMs).then(() => {
      this.#isLingering = false;
      if (this.waiting === 0) for (const one of this.#sessions.keys()) one.resume(true);
    });
  }

  #next(lease: Lease): Delivery | undefined {
    if (lease.isSpent || this.#isStopping || !this.#parts.port.mayBegin()) return undefined;
    const waitMs = this.#gate.waitMs() || lease.waitMs(this.#parts.clock);
    if (waitMs > 0) {
      this.#pumpLater(waitMs);
      return undefined;
    }
    const delivery = this.#take();
    if (delivery) lease.begin();
    return delivery;
  }

  #pumpLater(ms: number): void {
    if (this.#isPumpingLater || this.waiting === 0 || ms === Infinity) return;
    this.#isPumpingLater = true;
    void this.#parts.clock.sleep(ms).then(() => {
      this.#isPumpingLater = false;
      this.pump();
    });
  }

  #take(): Delivery | undefined {
    const held = this.#parts.heldLists();
    const delivery = this.#stamping.take(this.#sessions.size, held);
    if (!delivery && held) this.#pumpLater(untilTurnMs(this.#parts.clock.now()));
    return delivery;
  }

  #giveBack(delivery: Delivery): void {
    this.#parts.port.returned();
    if (!this.#isStopping) this.#waiting.giveBack(delivery);
  }

  #settle(delivery: Delivery, result: AttemptResult): void {
    this.#overflow.result();
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
    if (verdict.scope !== 'nothing' || verdict.alarm) {
      const domain = domainOf(delivery.recipient);
      this.#parts.tell({ kind: 'refusal', lane: this.#identity.lane, domain, reply });
    }
    return read;
  }

  #sessionEnded(session: Transactions, host: string, isTrouble: boolean, reason: string): void {
    this.#sessions.delete(session);
    this.#endLease(true);
    if (isTrouble) this.#parts.log('lane.trouble', { lane: this.#parts.hops.key, host, reason });
    this.pump();
  }

  // Whatever the code, a refused connection says nothing about a recipient: doubt is temporary. A loop is no doubt. RFC 3463 §3.5: 4.4.1
  // means that no host took a connection (after weeks a member is warned for it), 4.4.2 that one did.
  #unreachable({ host, text, reply, isLoop, wasConnected }: SetupFailure): void {
    const { lane } = this.#identity;
    this.#parts.log('lane.trouble', { lane, host, reason: text });
    if (!this.#isStopping) {
      const state = isLoop ? 'failed' : 'deferred';
      const result = { state, host, reply: reply ? text : `451 ${wasConnected ? '4.4.2' : '4.4.1'} ${text}` } as const;
      // A host that limits connections refuses some before the others are ready.
      const sessions = this.#sessions.size + this.#openings.size;
      this.#parts.tell({ kind: 'unreachable', lane, result, sessions });
    }
    this.#endLease(true);
    this.pump();
  }
}
