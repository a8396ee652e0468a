import type { LaneChange, LaneControl, LaneReport, OutcomeCount } from '../lane-report.ts';
import { classify, type ReplyVerdict } from '../smtp/reply-class.ts';
import { DeadHosts } from './dead-hosts.ts';
import { Dials } from './dials.ts';
import type { AttemptResult } from './delivery.ts';
import { FaultAlarms } from './fault-alarms.ts';
import { LaneHolds } from './lane-holds.ts';
import { LaneBook } from './lane-book.ts';
import { ListSpeeds } from './list-speeds.ts';
import { PostBreakers } from './post-breakers.ts';
import type { TrafficLimits } from './provider-book.ts';
import { ResultCounts } from './result-counts.ts';
import type { LaneTraffic, ProviderTraffic } from './traffic-lane.ts';
import { noMemory, type TrafficMemory } from './traffic-memory.ts';
import { TrafficMembers } from './traffic-members.ts';
import type { TrafficParts } from './traffic-parts.ts';
import { reportOf } from './traffic-report.ts';
import type { FromTraffic, LaneIdentity, ToTraffic } from './traffic-messages.ts';
import { WakeTimer } from './wake-timer.ts';

/**
 * The book of all outgoing connections. It lives once, in the main thread, whoever delivers: deliverers ask it for each connection and
 * tell it what speaks against opening more, so that no limit is exceeded and no back-off missed by a part that does not know of it.
 */
export class Traffic implements LaneControl {
  readonly #parts: TrafficParts;
  readonly #members = new TrafficMembers();
  readonly #lanes: LaneBook;
  readonly #dead: DeadHosts;
  readonly #lists = new ListSpeeds();
  readonly #results = new ResultCounts();
  readonly #alarms: FaultAlarms;
  /** Lanes with wishes that could not be granted, in their turn. */
  readonly #starved = new Set<LaneTraffic>();
  #connections = 0;
  readonly #timer: WakeTimer;
  readonly #dials: Dials;
  readonly #breakers: PostBreakers;
  readonly #holds = new LaneHolds();

  constructor(parts: TrafficParts) {
    this.#parts = parts;
    const memory = parts.memory ?? noMemory;
    this.#lanes = new LaneBook(parts, memory);
    this.#dead = new DeadHosts(parts.random, memory.dead);
    this.#breakers = new PostBreakers(memory.posts);
    this.#alarms = new FaultAlarms(parts.clock, parts.log);
    this.#timer = new WakeTimer(parts.clock, () => this.#serveStarved());
    this.#dials = new Dials(this.#members, this.#timer, parts.clock);
  }

  /** A deliverer joins; what comes from it is given to the function that is returned. */
  join(tell: (message: FromTraffic) => void): (message: ToTraffic) => void {
    const member = this.#members.add(tell);
    const now = this.#parts.clock.now();
    for (const [address, until] of this.#dead.dead(now)) tell({ kind: 'dead', address, until });
    for (const off of this.#breakers.putOff(now)) tell({ kind: 'post', ...off });
    return (message) => this.#hear(member, message);
  }

  /** Nothing is leased any more. */
  stop(): void {
    this.#members.clear();
    this.#starved.clear();
    this.#timer.stop();
  }

  /** What the next run should know. */
  memory(): TrafficMemory {
    const dead = this.#dead.dead(this.#parts.clock.now());
    return this.#lanes.memory({ dead, posts: this.#breakers.memory });
  }

  /** Other limits hold from now on. */
  renew(limits: TrafficLimits): void {
    if (!this.#lanes.renew(limits)) return;
    for (const lane of this.#lanes.all()) {
      this.#members.tellState(lane);
      this.#members.tellShares(lane);
    }
    this.#serveStarved();
  }

  async lanes(): Promise<readonly LaneReport[]> {
    const now = this.#parts.clock.now();
    const lanes = [...this.#lanes.all()].filter((lane) => !lane.isQuiet(now)).map((lane) => reportOf(lane, now));
    return [...lanes, ...this.#holds.reports()];
  }

  async setLane(name: string, change: LaneChange): Promise<boolean> {
    if (name.includes('@')) return this.#setList(name, change);
    const lane = this.#lanes.get(name);
    if (!lane) return this.#hold(name, change);
    // What was paused by another name, before there was this lane, goes on with it.
    if (change.paused === false) {
      for (const domain of this.#holds.forget(lane.identity))
        this.#members.tellAll({ kind: 'hold', domain, isPaused: false });
    }
    this.#change(lane, change);
    return true;
  }

  #change(lane: LaneTraffic, { paused = lane.paused, factor = lane.factor }: LaneChange): void {
    lane.paused = paused;
    lane.slow(factor);
    this.#members.tellState(lane);
    this.#serve(lane);
  }

  // A domain, or a lane to come.
  #hold(name: string, { paused }: LaneChange): boolean {
    if (paused === undefined) return false;
    const held = [...this.#lanes.all()].filter((lane) => !paused && this.#holds.holds(lane.identity));
    if (!this.#holds.set(name, paused)) return false;
    this.#members.tellAll({ kind: 'hold', domain: name, isPaused: paused });
    for (const lane of held) if (!this.#holds.holds(lane.identity)) this.#change(lane, { paused: false });
    return true;
  }

  readonly goOn = async (list: string): Promise<void> => {
    for (const post of this.#breakers.forget(list)) this.#members.tellAll({ kind: 'post', ...post });
    this.#parts.onLearned?.();
  };

  readonly putBack = async (list: string): Promise<void> => this.#members.tellAll({ kind: 'putBack', list });

  readonly outcomes = async (): Promise<readonly OutcomeCount[]> => this.#results.all;

  #hear(member: number, message: ToTraffic): void {
    if (!this.#members.has(member)) return;
    switch (message.kind) {
      case 'want':
        return this.#want(member, message);
      case 'dial':
        return this.#dials.ask(this.#lanes.get(message.lane), member);
      case 'end':
        return this.#end(member, message.lane, message.isUsed);
      case 'refusal':
        return this.#refusal(message.lane, message.domain, message.reply);
      case 'blame':
        return this.#blame(message);
      case 'unreachable':
        return this.#unreachable(message.lane, message.result, message.sessions);
      case 'timedOut':
        return this.#tellDead(message.address, this.#dead.timedOut(message.address, this.#parts.clock.now()));
      case 'answered':
        if (this.#dead.answered(message.address))
          this.#members.tellAll({ kind: 'dead', address: message.address, until: 0 });
        return undefined;
      case 'counts':
        return this.#count(member, message);
    }
  }

  #want(member: number, { lane: identity, count, isFirst }: ToTraffic & { kind: 'want' }): void {
    const lane = this.#lanes.get(identity.lane) ?? this.#newLane(identity);
    if (count === 0) lane.wishes.delete(member);
    else lane.wishes.set(member, count);
    if (isFirst) {
      lane.known.add(member);
      this.#members.tellState(lane, [member]);
      this.#members.tellShares(lane);
    }
    this.#serve(lane);
  }

  #newLane(identity: LaneIdentity): LaneTraffic {
    const lane = this.#lanes.add(identity, this.#parts.clock.now());
    lane.paused = this.#holds.holds(identity);
    return lane;
  }

  #end(member: number, name: string, isUsed: boolean): void {
    const lane = this.#lanes.get(name);
    const leased = lane?.leased.get(member) ?? 0;
    if (!lane || leased === 0) return;
    lane.leased.set(member, leased - 1);
    lane.pace.giveBack(isUsed);
    lane.provider.pace.giveBack(isUsed);
    this.#connections--;
    this.#members.tellShares(lane);
    this.#serve(lane);
    this.#serveStarved();
  }

  // Grants what may be granted now; the rest has its turn when a connection ends or time has passed.
  #serve(lane: LaneTraffic): void {
    const now = this.#parts.clock.now();
    while (lane.wishes.size > 0 && this.#connections < this.#lanes.connectionsOut) {
      const openAt = lane.openAt(now);
      if (openAt > now) {
        this.#timer.set(openAt);
        break;
      }
      this.#lease(lane, lane.nextWisher()!, now);
    }
    this.#starved.delete(lane);
    if (lane.wishes.size > 0) this.#starved.add(lane);
  }

  #serveStarved(): void {
    this.#dials.serve();
    // Who is served and still wants more goes to the end: it is not looked at twice.
    for (const lane of Array.from(this.#starved)) {
      if (this.#connections >= this.#lanes.connectionsOut) return;
      this.#serve(lane);
    }
  }

  #lease(lane: LaneTraffic, member: number, now: number): void {
    lane.pace.take(now);
    lane.provider.pace.take(now);
    this.#connections++;
    lane.leased.set(member, (lane.leased.get(member) ?? 0) + 1);
    const messages = lane.provider.profile.messagesPerConnection;
    this.#members.tellShares(lane);
    this.#members.tell(member, { kind: 'lease', lane: lane.identity.lane, messages });
  }

  #refusal(name: string, domain: string, reply: string): void {
    const lane = this.#lanes.get(name);
    if (!lane) return;
    const verdict = classify(reply, { dialect: lane.provider.profile.dialect });
    if (verdict.alarm) this.#alarms.tell(lane, verdict.rule, reply);
    const closedBy: AttemptResult = { state: 'deferred', host: '', reply: `451 4.7.0 backed off after: ${reply}` };
    if (verdict.scope === 'provider') this.#backOffProvider(lane.provider, verdict, closedBy, name);
    else if (verdict.scope === 'lane') this.#backOffLane(lane, verdict, closedBy, false);
    else if (verdict.scope === 'domain') {
      const closedUntil = this.#parts.clock.now() + verdict.waitMs;
      this.#members.tellAll({ kind: 'domain', domain, closedUntil, closedBy });
    }
  }

  #blame({ lane, blame, reply }: ToTraffic & { kind: 'blame' }): void {
    const owner = this.#lanes.get(lane)?.owner;
    const off = owner === undefined ? undefined : this.#breakers.blamed(blame, owner, this.#parts.clock.now());
    if (!off) return;
    this.#members.tellAll({ kind: 'post', ...off });
    const { post: entry, ...where } = off;
    this.#parts.log('post.blamed', { entry, list: blame.list, ...where, reason: reply });
    this.#parts.onLearned?.();
  }

  #backOffProvider(provider: ProviderTraffic, verdict: ReplyVerdict, closedBy: AttemptResult, name: string): void {
    if (!provider.pace.refused(verdict.waitMs, verdict.resume, this.#parts.clock.now())) return;
    provider.closedBy = closedBy;
    for (const lane of provider.lanes) this.#members.tellState(lane);
    this.#tellBackOff(name, provider.pace.closedUntil, closedBy.reply);
  }

  #backOffLane(lane: LaneTraffic, verdict: ReplyVerdict, closedBy: AttemptResult, wasTried: boolean): void {
    if (!lane.pace.refused(verdict.waitMs, verdict.resume, this.#parts.clock.now())) return;
    lane.closedBy = closedBy;
    lane.wasTried = wasTried;
    this.#members.tellState(lane);
    this.#tellBackOff(lane.identity.lane, lane.pace.closedUntil, closedBy.reply);
  }

  // Other connections may be doing well: a host that limits their number is no dead host.
  #unreachable(name: string, result: AttemptResult, sessions: number): void {
    const lane = this.#lanes.get(name);
    if (!lane) return;
    const verdict = classify(result.reply, { dialect: lane.provider.profile.dialect, isGreeting: true });
    if (verdict.scope === 'provider') this.#backOffProvider(lane.provider, verdict, result, name);
    else if (sessions > 0) lane.pace.crowded(sessions, this.#parts.clock.now());
    else this.#backOffLane(lane, verdict, result, true);
  }

  #tellBackOff(lane: string, until: number, reason: string): void {
    this.#parts.log('lane.backedOff', { lane, until, reason });
    this.#parts.onLearned?.();
  }

  #count(member: number, { lanes, lists, classes }: ToTraffic & { kind: 'counts' }): void {
    const now = this.#parts.clock.now();
    this.#results.add(classes);
    for (const list of lists) this.#lists.sees(list, now);
    for (const counts of lanes) {
      const lane = this.#lanes.get(counts.lane);
      lane?.note(member, counts, now);
      const hasGrown = lane?.pace.succeeded(counts.delivered, now);
      if (lane?.provider.pace.succeeded(counts.delivered, now)) this.#serveStarved();
      else if (hasGrown && lane) this.#serve(lane);
    }
  }

  #setList(name: string, change: LaneChange): boolean {
    const factor = this.#lists.set(name, change, this.#parts.clock.now());
    if (factor !== undefined) this.#members.tellAll({ kind: 'list', list: name, factor });
    return factor !== undefined;
  }

  #tellDead(address: string, until: number): void {
    if (until <= this.#parts.clock.now()) return;
    this.#parts.log('lane.dead', { host: address, until });
    this.#parts.onLearned?.();
    this.#members.tellAll({ kind: 'dead', address, until });
  }
}
