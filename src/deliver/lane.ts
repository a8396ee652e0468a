import type { Log } from '../log.ts';
import type { Clock } from '../lib/clock.ts';
import type { AttemptResult, CarrierPort, Delivery, Run } from './delivery.ts';
import type { FlushRound } from './flush-round.ts';
import type { NextHops } from './hosts.ts';
import { reach, type ReachParts } from './reach.ts';
import type { OpenSession, SetupFailure } from './session-setup.ts';
import type { SessionPort } from './transaction.ts';
import { Transactions } from './transactions.ts';
import { Waiting } from './waiting.ts';

export interface LaneParts extends ReachParts {
  readonly round: FlushRound;
  readonly hops: NextHops;
  readonly clock: Clock;
  readonly log: Log;
  readonly port: CarrierPort;
  /** Connections of this lane at a time. */
  readonly connectionsMost: number;
  /** Asks for one of the server's connections; false: `pump` is called when one is free. */
  readonly takeConnection: () => boolean;
  readonly freeConnection: () => void;
}

/** How long a lane none of whose hosts could be reached is left alone. */
const backOffMs = 60_000;
/** Deliveries that one connection is worth: fewer do not open another. */
const perConnection = 20;
/** How long sessions without work are kept. */
const lingerMs = 300;
/** A lane that holds more than this gets no more chunks of its domains alone. */
const waitingMost = 5_000;

/** One MX set: its waiting deliveries and its sessions. Nobody else waits for it. */
export class Lane {
  readonly #parts: LaneParts;
  readonly #waiting = new Waiting();
  readonly #sessions = new Set<Transactions>();
  /** Hosts that announce CHUNKING and fail with it. */
  readonly #noChunking = new Set<string>();
  #opening = 0;
  #backOffUntil = 0;
  #lastTrouble: AttemptResult | undefined;
  #isLingering = false;
  #isStopping = false;

  constructor(parts: LaneParts) {
    this.#parts = parts;
  }

  get waiting(): number {
    return this.#waiting.count;
  }

  get isBusy(): boolean {
    return this.waiting > waitingMost || this.#isBackedOff;
  }

  get isEmpty(): boolean {
    return this.waiting === 0 && this.#sessions.size === 0 && this.#opening === 0;
  }

  add(run: Run, isSingle: boolean): void {
    this.#waiting.add(run, isSingle);
    this.pump();
  }

  /** Gives work to idle sessions and opens more where they are needed and allowed. */
  pump(): void {
    if (this.#isStopping || this.waiting === 0) return;
    if (this.#isBackedOff) return this.#deferAll();
    for (const session of this.#sessions) session.resume(false);
    while (this.#wantsConnection() && this.#parts.takeConnection()) this.#open();
  }

  /** Ends idle sessions at once and the others after their transaction; what waits is dropped without a result. */
  stop(): void {
    this.#isStopping = true;
    this.#waiting.clear();
    for (const session of this.#sessions) session.resume(true);
  }

  get #isBackedOff(): boolean {
    return this.#parts.clock.now() < this.#backOffUntil;
  }

  #wantsConnection(): boolean {
    if (this.#isStopping || !this.#parts.port.mayBegin()) return false;
    const connections = this.#sessions.size + this.#opening;
    const useful = Math.min(this.#parts.connectionsMost, Math.ceil(this.waiting / perConnection));
    return connections < useful;
  }

  #open(): void {
    this.#opening++;
    void reach(this.#parts.hops, this.#parts).then((opened) => {
      this.#opening--;
      if ('socket' in opened) this.#begin(opened);
      else this.#unreachable(opened);
    });
  }

  #begin(opened: OpenSession): void {
    this.#lastTrouble = undefined;
    const port: SessionPort = {
      next: () => this.#next(),
      settle: (delivery, result) => this.#parts.port.settle(delivery, result),
      giveBack: (delivery) => this.#giveBack(delivery),
      idle: () => this.#idle(session),
      cannotChunk: () => this.#noChunking.add(opened.host),
      ended: (isTrouble, reason) => this.#sessionEnded(session, opened.host, isTrouble, reason),
    };
    const session = new Transactions(this.#withoutWhatFails(opened), port, this.#parts.timeouts, this.#parts.round);
    this.#sessions.add(session);
    session.resume(false);
    if (session.isIdle) this.#idle(session);
  }

  #withoutWhatFails(opened: OpenSession): OpenSession {
    if (!this.#noChunking.has(opened.host)) return opened;
    return { ...opened, capabilities: { ...opened.capabilities, chunking: false } };
  }

  // The next chunk may be on its way from the queue: a session is kept for a moment.
  #idle(session: Transactions): void {
    if (this.#isStopping) session.resume(true);
    if (this.waiting > 0 || this.#isLingering) return;
    this.#isLingering = true;
    void this.#parts.clock.sleep(lingerMs).then(() => {
      this.#isLingering = false;
      if (this.waiting === 0) for (const one of this.#sessions) one.resume(true);
    });
  }

  #next(): Delivery | undefined {
    if (this.#isStopping || !this.#parts.port.mayBegin()) return undefined;
    return this.#take();
  }

  #take(): Delivery | undefined {
    const delivery = this.#waiting.take();
    if (delivery) this.#parts.port.begun();
    return delivery;
  }

  #giveBack(delivery: Delivery): void {
    this.#parts.port.returned();
    if (!this.#isStopping) this.#waiting.giveBack(delivery);
  }

  #sessionEnded(session: Transactions, host: string, isTrouble: boolean, reason: string): void {
    this.#sessions.delete(session);
    this.#parts.freeConnection();
    if (isTrouble) this.#parts.log('lane.trouble', { lane: this.#parts.hops.key, host, reason });
    this.pump();
  }

  // Another session may be doing well: a host that limits connections is no dead host.
  #unreachable({ host, text, reply, isLoop }: SetupFailure): void {
    this.#parts.freeConnection();
    this.#parts.log('lane.trouble', { lane: this.#parts.hops.key, host, reason: text });
    if (this.#sessions.size > 0 || this.#isStopping) return;
    // Whatever the code, a refused connection says nothing about a recipient: doubt is temporary. A loop is no doubt.
    this.#lastTrouble = { state: isLoop ? 'failed' : 'deferred', host, reply: reply ? text : `451 4.4.1 ${text}` };
    this.#backOffUntil = this.#parts.clock.now() + backOffMs;
    this.#deferAll();
  }

  #deferAll(): void {
    const trouble = this.#lastTrouble ?? {
      state: 'deferred',
      host: '',
      reply: '451 4.4.1 the host is left alone for a minute',
    };
    // Results wait for their commit too: as many as have room now, the others when `pump` is called next.
    while (this.#parts.port.mayBegin()) {
      const one = this.#take();
      if (!one) return;
      this.#parts.port.settle(one, trouble);
    }
  }
}
