import type { AttemptResult } from './delivery.ts';
import { Pace } from './pace.ts';
import { isLast, type Provider } from './providers.ts';
import type { LaneCounts, LaneIdentity, LaneState } from './traffic-messages.ts';

/** What all lanes of a provider share. */
export interface ProviderTraffic {
  readonly profile: Provider;
  readonly pace: Pace;
  readonly lanes: Set<LaneTraffic>;
  closedBy: AttemptResult | undefined;
}

/** Makes what the lanes of a profile share. */
export function providerTraffic(profile: Provider): ProviderTraffic {
  const pace = new Pace({ connections: profile.connectionsInAll, newPerMinute: Infinity, ...silenceOf(profile) });
  return { profile, pace, lanes: new Set(), closedBy: undefined };
}

/** One lane in the book: its pace, who wants connections of it, and what it has done, over all deliverers. */
export class LaneTraffic {
  readonly identity: LaneIdentity;
  provider: ProviderTraffic;
  pace: Pace;
  /** Connections that deliverers would like to have, by deliverer; the order is their turn. */
  readonly wishes = new Map<number, number>();
  /** Connections that deliverers have. */
  readonly leased = new Map<number, number>();
  /** What deliverers hold now. */
  readonly #holds = new Map<number, LaneCounts>();
  readonly totals = { delivered: 0, deferred: 0, failed: 0, uncertain: 0 };
  lastReply = '';
  /** 0 before the first result. */
  lastAt = 0;
  /** Deliverers that wait for the word to dial once more, in their turn. */
  readonly dials: number[] = [];
  readonly #toldShares = new Map<number, number>();
  /** Deliverers that know the lane. */
  readonly known = new Set<number>();
  closedBy: AttemptResult | undefined;
  /** It is closed because no host of it took a connection. */
  wasTried = false;
  paused = false;
  factor = 1;
  /** Results a second, smoothed over some seconds. */
  rate = 0;
  #seen = 0;
  #seenAt = 0;

  constructor(identity: LaneIdentity, provider: ProviderTraffic, connections: number) {
    this.identity = identity;
    this.provider = provider;
    this.pace = paceOf(provider, connections);
    provider.lanes.add(this);
  }

  /** Other limits hold from now on; the connections that it has are counted on. */
  adopt(provider: ProviderTraffic, connections: number): void {
    const { inUse } = this.pace;
    this.provider = provider;
    this.pace = paceOf(provider, connections);
    this.pace.inUse = inUse;
    provider.pace.inUse += inUse;
    provider.lanes.add(this);
  }

  /** The name of its provider; empty when it is its own. */
  get providerName(): string {
    return this.identity.isRoute || isLast(this.provider.profile) ? '' : this.provider.profile.name;
  }

  /** Whom it belongs to: its provider, or nobody but itself. */
  get owner(): string {
    return this.providerName || this.identity.lane;
  }

  get closedUntil(): number {
    return Math.max(this.pace.closedUntil, this.provider.pace.closedUntil);
  }

  /** What a deliverer must know of it. */
  stateOf(member: number): LaneState {
    const { paused, factor, closedUntil } = this;
    const isOwn = this.pace.closedUntil >= this.provider.pace.closedUntil;
    const closedBy = isOwn ? this.closedBy : this.provider.closedBy;
    const wasTried = isOwn && this.wasTried;
    const perSecond = this.#shareOf(member);
    this.#toldShares.set(member, perSecond);
    const { dialect, tls } = this.provider.profile;
    return {
      dialect,
      mustTls: tls === 'required',
      closedUntil,
      closedBy,
      wasTried,
      paused,
      factor,
      perSecond,
      provider: this.owner,
    };
  }

  /** Deliverers whose share of the rate is another than they were told. */
  get withOtherShares(): number[] {
    if (this.provider.profile.perSecond === Infinity) return [];
    return [...this.known].filter((member) => this.#toldShares.get(member) !== this.#shareOf(member));
  }

  /** An operator leaves it this share of its speed. */
  slow(factor: number): void {
    this.factor = factor;
    this.pace.slow(factor);
  }

  /** Nothing to tell an operator of, and nothing that would be lost with it. */
  isQuiet(now: number): boolean {
    const hasWork = this.wishes.size > 0 || this.pace.inUse > 0 || this.sum('waiting') > 0 || this.dials.length > 0;
    return !hasWork && !this.paused && this.factor === 1 && this.closedUntil <= now;
  }

  /** When a connection may be opened, as `Pace.openAt`. */
  openAt(now: number): number {
    return this.paused ? Infinity : Math.max(this.pace.openAt(now), this.provider.pace.openAt(now));
  }

  /** The deliverer whose turn it is to get a connection; the turn goes on. */
  nextWisher(): number | undefined {
    for (const [member, count] of this.wishes) {
      this.wishes.delete(member);
      if (count > 1) this.wishes.set(member, count - 1);
      return member;
    }
    return undefined;
  }

  /** What all deliverers hold. */
  sum(field: 'waiting' | 'opening'): number {
    let sum = 0;
    for (const counts of this.#holds.values()) sum += counts[field];
    return sum;
  }

  /** Adds what a deliverer tells. */
  note(member: number, counts: LaneCounts, now: number): void {
    this.#holds.set(member, counts);
    const { totals } = this;
    totals.delivered += counts.delivered;
    totals.deferred += counts.deferred;
    totals.failed += counts.failed;
    totals.uncertain += counts.uncertain;
    if (counts.lastReply !== '') this.lastReply = counts.lastReply;
    const results = counts.delivered + counts.deferred + counts.failed + counts.uncertain;
    if (results > 0) this.lastAt = now;
    this.#measure(results, now);
  }

  // By the connections that each has: all of them together stay within the profile.
  #shareOf(member: number): number {
    const { perSecond } = this.provider.profile;
    if (perSecond === Infinity) return Infinity;
    const all = [...this.leased.values()].reduce((sum, count) => sum + count, 0);
    const share = all === 0 ? 1 / Math.max(1, this.known.size) : (this.leased.get(member) ?? 0) / all;
    return perSecond * Math.min(1, this.factor) * share;
  }

  #measure(results: number, now: number): void {
    this.#seen += results;
    const seconds = (now - this.#seenAt) / 1_000;
    if (seconds < 1) return;
    const rate = this.#seen / Math.min(seconds, 10);
    this.rate = this.rate > 0 && seconds < 10 ? (this.rate + rate) / 2 : rate;
    this.#seen = 0;
    this.#seenAt = now;
  }
}

function paceOf({ profile }: ProviderTraffic, connections: number): Pace {
  return new Pace({ connections, newPerMinute: profile.newPerMinute, ...silenceOf(profile) });
}

function silenceOf({ silenceSeconds, resume }: Provider): { silenceMs: number; resume: Provider['resume'] } {
  return { silenceMs: silenceSeconds * 1_000, resume };
}
