import type { Clock } from '../lib/clock.ts';
import { FlushRound } from '../lib/flush-round.ts';
import type { Id } from '../lib/ids.ts';
import type { Log } from '../log.ts';
import type { Failure, Result } from '../mail/failure.ts';
import type { FullLane } from '../queue/store.ts';
import { BlamedPosts } from './blamed-posts.ts';
import { carefulDialer } from './careful-dialer.ts';
import type { AttemptResult, Carrier, CarrierPort, Run } from './delivery.ts';
import { HostFaults } from './host-faults.ts';
import { type HostsParts, type NextHops, nextHops } from './hosts.ts';
import { KeptBack } from './kept-back.ts';
import { Lane } from './lane.ts';
import type { LaneOverflow } from './lane-overflow.ts';
import { Lease } from './lease.ts';
import type { IsOwn } from './own-endpoints.ts';
import type { SetupParts } from './session-parts.ts';
import type { FromTraffic, TrafficPort } from './traffic-messages.ts';

export interface SmtpCarrierParts extends SetupParts, HostsParts {
  readonly clock: Clock;
  readonly log: Log;
  readonly isOwn?: IsOwn;
  /** Our addresses that connections come from, in turn; none: the system chooses. Read at each use, as `routes` and `ownHosts` are. */
  readonly sourceAddresses: readonly string[];
  /** The book that grants connections. */
  readonly traffic: TrafficPort;
}

/** How long the next hops of a domain are remembered, and at most how many domains. */
const hopsKeptMs = 300_000;
const hopsKeptMost = 50_000;
/** How often a stop looks whether the last transaction has ended. */
const stopPollMs = 10;
/** Deliveries that wait in slow lanes, beyond which no post brings more into a full one. */
const slowMost = 50_000;
/** How often the book is told what was done. */
const countsEveryMs = 500;

/** Carries deliveries by SMTP: finds each domain's lane, and speaks for the lanes with the book of traffic. */
export class SmtpCarrier implements Carrier {
  readonly #parts: SmtpCarrierParts;
  readonly #port: CarrierPort;
  readonly #lanes = new Map<string, Lane>();
  readonly #hops = new Map<string, { until: number; found: Promise<Result<NextHops>>; lane?: Lane }>();
  readonly #round = new FlushRound();
  readonly #blamed = new BlamedPosts();
  readonly #faults: HostFaults;
  readonly #slowLists = new Map<string, number>();
  readonly #kept: KeptBack;
  /** Until when addresses that do not answer are left alone. */
  readonly #dead = new Map<string, number>();
  /** Lists whose copies came since the book was told. */
  #lists = new Set<string>();
  #isCounting = false;
  #isStopped = false;
  #connections = 0;
  /** Deliveries that wait in slow lanes, as counted last. */
  #slow = 0;
  /** Where the round over the lanes goes on: no lane is always first. */
  #turn = 0;

  constructor(parts: SmtpCarrierParts, port: CarrierPort) {
    this.#parts = parts;
    this.#port = port;
    this.#faults = new HostFaults(parts.clock);
    this.#kept = new KeptBack(parts.clock);
    parts.traffic.hear((message) => this.#hear(message));
  }

  carry(domain: string, run: Run, isSingle: boolean): void {
    const { job } = run;
    if (job.kind !== 'mail' && job.list !== undefined) this.#lists.add(job.list);
    this.#countLater();
    if (this.#keepsBack(domain, run)) return;
    void this.#find(domain).then((found) => {
      // The name service took its time, and the operator may have paused the domain meanwhile.
      if (this.#keepsBack(domain, run)) return;
      if (found.ok) this.#lane(domain, found.value).add(run, isSingle);
      else this.#settleAll(run, resultOf(found.failure));
    });
  }

  #keepsBack(domain: string, run: Run): boolean {
    const back = this.#kept.back(domain, run.job);
    if (back) this.#port.putBack(run, back.until, back.reply);
    return back !== undefined;
  }

  resume(): void {
    const lanes = [...this.#lanes];
    for (let n = 0; n < lanes.length; n++) lanes[(this.#turn + n) % lanes.length]![1].pump();
    this.#turn = lanes.length === 0 ? 0 : (this.#turn + 1) % lanes.length;
  }

  busyDomains(): string[] {
    return this.#domainsWhere((overflow) => overflow.isBusy);
  }

  closedDomains(): string[] {
    return this.#domainsWhere((overflow) => overflow.isClosed);
  }

  fullLanes(): FullLane[] {
    const full = new Map<LaneOverflow, string[]>();
    for (const { overflow } of this.#lanes.values()) if (overflow.isFull) full.set(overflow, []);
    const { held: paused } = this.#kept;
    const held = paused.size === 0 ? [] : [{ domains: [...paused], posts: undefined }];
    if (full.size === 0) return held;
    for (const [domain, { lane }] of this.#hops) if (lane) full.get(lane.overflow)?.push(domain);
    const lanes = Array.from(full, ([{ posts }, domains]) => ({ domains, posts: this.#mayBring ? posts : undefined }));
    return [...lanes, ...held];
  }

  pausedLists(): string[] {
    return [...this.#slowLists].filter(([, factor]) => factor === 0).map(([list]) => list);
  }

  shutUntil(domain: string, post: Id): number | undefined {
    const overflow = this.#hops.get(domain)?.lane?.overflow;
    return this.#kept.closedUntil(domain) ?? overflow?.shutUntil(this.#mayBring ? post : '');
  }

  slow(): number {
    return this.#slow;
  }

  renew(): void {
    this.#hops.clear();
  }

  async stop(withinMs: number): Promise<number> {
    const { clock } = this.#parts;
    const end = clock.now() + withinMs;
    for (const lane of this.#lanes.values()) lane.stop();
    // Both are looked at: on a busy machine a poll takes longer than it should.
    for (let waited = 0; this.#connections > 0 && waited < withinMs && clock.now() < end; waited += stopPollMs) {
      await clock.sleep(stopPollMs);
    }
    this.#isStopped = true;
    this.#tellCounts();
    return this.#connections;
  }

  #hear(message: FromTraffic): void {
    switch (message.kind) {
      case 'lane':
        return this.#lanes.get(message.lane)?.take(message.state);
      case 'lease':
        return this.#lease(message);
      case 'dial':
        return this.#lanes.get(message.lane)?.mayDial();
      case 'domain':
        return this.#kept.close(message);
      case 'hold':
        if (!this.#kept.hold(message.domain, message.isPaused)) return undefined;
        if (!message.isPaused) return this.#port.opened();
        for (const lane of this.#lanes.values()) lane.overflow.putBackHeld();
        return undefined;
      case 'post':
        this.#blamed.set(message);
        if (message.until === 0) this.#port.opened();
        return this.resume();
      case 'list':
        if (message.factor < 1) this.#slowLists.set(message.list, message.factor);
        else this.#slowLists.delete(message.list);
        if (message.factor > 0) this.#kept.letGo(message.list);
        if (message.factor === 0) this.#putBackList(message.list);
        else this.#port.opened();
        return this.resume();
      case 'putBack':
        return this.#putBackList(message.list);
      case 'dead':
        if (message.until > 0) this.#dead.set(message.address, message.until);
        else this.#dead.delete(message.address);
        return undefined;
    }
  }

  #lease({ lane, messages }: FromTraffic & { kind: 'lease' }): void {
    const known = this.#lanes.get(lane);
    if (known) known.lease(new Lease(messages));
    else this.#parts.traffic.tell({ kind: 'end', lane, isUsed: false });
  }

  #putBackList(list: string): void {
    this.#kept.recall(list);
    for (const lane of this.#lanes.values()) lane.overflow.putBackList(list);
  }

  // Only while there is something to count: an idle daemon sleeps.
  #countLater(): void {
    if (this.#isCounting) return;
    this.#isCounting = true;
    void this.#parts.clock.sleep(countsEveryMs).then(() => {
      this.#isCounting = false;
      this.#tellCounts();
      if (this.#lanes.size > 0 && !this.#isStopped) this.#countLater();
    });
  }

  #tellCounts(): void {
    const classes = new Map<string, number>();
    const lanes = [...this.#lanes.values()].map((lane) => lane.counts(classes));
    this.#parts.traffic.tell({ kind: 'counts', lanes, lists: [...this.#lists], classes: [...classes] });
    this.#lists = new Set();
    this.#slow = [...this.#lanes.values()].reduce((sum, lane) => sum + lane.overflow.slow, 0);
    for (const [key, lane] of this.#lanes) if (lane.isEmpty && !lane.overflow.isBusy) this.#lanes.delete(key);
  }

  // Posts that bring more into lanes that are full must not fill the memory that others need.
  get #mayBring(): boolean {
    return this.#slow < slowMost;
  }

  #domainsWhere(holds: (overflow: LaneOverflow) => boolean): string[] {
    const ofLanes = [...this.#hops].filter(([, { lane }]) => lane && holds(lane.overflow)).map(([domain]) => domain);
    return [...ofLanes, ...this.#kept.domains()];
  }

  #settleAll(run: Run, result: AttemptResult): void {
    for (let one = run.take(); one; one = run.take()) {
      this.#port.begun();
      this.#port.settle(one, result);
    }
  }

  #find(domain: string): Promise<Result<NextHops>> {
    const now = this.#parts.clock.now();
    const known = this.#hops.get(domain);
    if (known && known.until > now) return known.found;
    if (this.#hops.size >= hopsKeptMost) this.#hops.clear();
    const found = nextHops(domain, this.#parts);
    this.#hops.set(domain, { until: now + hopsKeptMs, found });
    return found;
  }

  #lane(domain: string, hops: NextHops): Lane {
    const lane = this.#lanes.get(hops.key) ?? this.#newLane(hops);
    if (hops.isRoute) lane.follow(hops);
    const known = this.#hops.get(domain);
    if (known) known.lane = lane;
    return lane;
  }

  #newLane(hops: NextHops): Lane {
    const parts = this.#parts;
    const { traffic, clock, dialer } = parts;
    const lane = new Lane({
      ...this.#parts,
      round: this.#round,
      faults: this.#faults,
      hops,
      port: this.#port,
      tell: (message) => traffic.tell(message),
      onConnection: (count) => (this.#connections += count),
      slowLists: this.#slowLists,
      blamed: this.#blamed,
      kept: this.#kept,
      dialer: carefulDialer({
        dialer,
        clock,
        get sourceAddresses() {
          return parts.sourceAddresses;
        },
        deadUntil: (address) => this.#dead.get(address) ?? 0,
        onTimedOut: (address) => {
          this.#dead.set(address, this.#dead.get(address) ?? 0);
          traffic.tell({ kind: 'timedOut', address });
        },
        onAnswered: (address) => {
          if (this.#dead.delete(address)) traffic.tell({ kind: 'answered', address });
        },
      }),
    });
    this.#lanes.set(hops.key, lane);
    return lane;
  }
}

function resultOf(failure: Failure): AttemptResult {
  const code = failure.temporary ? 451 : 550;
  return {
    state: failure.temporary ? 'deferred' : 'failed',
    host: '',
    reply: `${code} ${failure.status} ${failure.text}`,
  };
}
