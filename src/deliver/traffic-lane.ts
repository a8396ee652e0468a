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
  readonly provider: ProviderTraffic;
  readonly pace: Pace;
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
    const { newPerMinute } = provider.profile;
    this.pace = new Pace({ connections, newPerMinute, ...silenceOf(provider.profile) });
    provider.lanes.add(this);
  }

  /** The name of its provider; empty when it is its own. */
  get providerName(): string {
    return this.identity.isRoute || isLast(this.provider.profile) ? '' : this.provider.profile.name;
  }

  get closedUntil(): number {
    return Math.max(this.pace.closedUntil, this.provider.pace.closedUntil);
  }

  get state(): LaneState {
    const { paused, factor, closedUntil } = this;
    const isOwn = this.pace.closedUntil >= this.provider.pace.closedUntil;
    const closedBy = isOwn ? this.closedBy : this.provider.closedBy;
    const wasTried = isOwn && this.wasTried;
    const { dialect, tls } = this.provider.profile;
    return { dialect, mustTls: tls === 'required', closedUntil, closedBy, wasTried, paused, factor };
  }

  /** Nothing to tell an operator of, and nothing that would be lost with it. */
  isQuiet(now: number): boolean {
    const hasWork = this.wishes.size > 0 || this.pace.inUse > 0 || this.sum('waiting') > 0;
    return !hasWork && !this.paused && this.factor === 1 && this.closedUntil <= now;
  }

  /** When a connection may be opened, as `Pace.openAt`. */
  openAt(now: number): number {
    return this.paused ? Infinity : Math.max(this.pace.openAt(now), this.provider.pace.openAt(now));
  }

  /** Transactions a second that one connection may begin: all of them together stay within the profile. */
  get perSecond(): number {
    const { perSecond } = this.provider.profile;
    return perSecond === Infinity ? Infinity : perSecond / Math.max(1, this.pace.allowed);
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

function silenceOf({ silenceSeconds, resume }: Provider): { silenceMs: number; resume: Provider['resume'] } {
  return { silenceMs: silenceSeconds * 1_000, resume };
}
