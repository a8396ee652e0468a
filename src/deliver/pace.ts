import type { Resume } from '../smtp/reply-class.ts';

/** What bounds the connections of a lane or a provider; `Infinity` where nothing does. */
export interface PaceRules {
  /** At a time. */
  readonly connections: number;
  /** In any minute. */
  readonly newPerMinute: number;
  /** The least silence after a refusal that speaks of us. */
  readonly silenceMs: number;
  readonly resume: Exclude<Resume, 'profile'>;
}

const minuteMs = 60_000;
/** A silence doubles with each refusal that follows one, up to this. */
const silenceMostMs = 7_200_000;
/** Growth after a silence that began with `slow` or `half`: one connection more in this time. */
const growthMs = 60_000;
/** After one that began with one connection: the lanes of a provider tell of their successes each for itself. */
const oneGrowthMs = 500;
/** After so long a time without a refusal the next one is met with a short silence again. */
const goodMs = 600_000;

/** What a refusal has left, to outlive a restart. */
export interface PaceMemory {
  /** Milliseconds since 1970. */
  readonly closedUntil: number;
  readonly allowed: number;
  readonly strikes: number;
  readonly resume: Exclude<Resume, 'profile'>;
}

/** The connections of one lane or provider: how many, how often, and when none. Pure: it is told what time it is. */
export class Pace {
  readonly #rules: PaceRules;
  /** Connections that are open or being opened. */
  inUse = 0;
  /** No connection is opened and no transaction begun before this. */
  closedUntil = 0;
  #allowed: number;
  #strikes = 0;
  /** Transactions that went well at the present width. */
  #successes = 0;
  #factor = 1;
  #resume: Exclude<Resume, 'profile'>;
  #grownAt = 0;
  /** Connections that may be opened at `#countedAt`; the bucket fills with time. */
  #ready: number;
  #countedAt = 0;

  constructor(rules: PaceRules) {
    this.#rules = rules;
    this.#allowed = rules.connections;
    this.#resume = rules.resume;
    this.#ready = this.#burst;
  }

  /** Connections that are allowed at the moment: fewer than the rules say after a refusal. */
  get allowed(): number {
    return this.#allowed;
  }

  /** When the next connection may be opened: not after `now` if at once; `Infinity` if one must end first. */
  openAt(now: number): number {
    if (this.inUse >= this.#allowed) return Infinity;
    if (now < this.closedUntil) return this.closedUntil;
    return this.dialAt(now);
  }

  /** A connection is being opened. */
  take(now: number): void {
    this.dial(now);
    this.inUse++;
  }

  /** A connection has ended; `wasUsed` is false when none was opened. */
  giveBack(wasUsed: boolean): void {
    this.inUse--;
    if (!wasUsed) this.#ready = Math.min(this.#burst, this.#ready + 1);
  }

  /** A refusal that speaks of us: silence, then fewer connections. True when the silence is new; what comes during it is its echo. */
  refused(waitMs: number, resume: Resume, now: number): boolean {
    if (now < this.closedUntil) return false;
    const silence = Math.max(waitMs, this.#rules.silenceMs);
    this.closedUntil = now + Math.max(silence, Math.min(silence * 2 ** this.#strikes, silenceMostMs));
    this.#strikes++;
    this.#resume = resume === 'profile' ? this.#rules.resume : resume;
    this.#allowed = this.#resume === 'half' ? Math.max(1, Math.ceil(this.#within / 2)) : 1;
    this.#grownAt = this.closedUntil;
    this.#successes = 0;
    return true;
  }

  /** One more connection was refused while so many others do well: no more than these for a while. */
  crowded(others: number, now: number): void {
    this.#allowed = Math.max(1, Math.min(this.#allowed, others));
    this.#resume = 'slow';
    this.#grownAt = now;
    this.#successes = 0;
  }

  /**
   * Transactions went well; an echo from before the silence counts for nothing. True when a connection more is allowed: never more than one,
   * however many are told of together, and the next one not before those that are allowed have done well each.
   */
  succeeded(count: number, now: number): boolean {
    if (count === 0 || now < this.closedUntil) return false;
    this.#successes += count;
    if (now - this.closedUntil >= Math.max(goodMs, this.#rules.silenceMs)) this.#strikes = 0;
    if (this.#allowed >= this.#rules.connections || !this.#mayGrow(now)) return false;
    this.#allowed++;
    if (this.#allowed >= most(this.#rules)) this.#allowed = this.#rules.connections;
    this.#grownAt = now;
    this.#successes = 0;
    return true;
  }

  /** An operator leaves it this share of its speed: new connections come as much more slowly. */
  slow(factor: number): void {
    this.#factor = Math.min(1, factor);
  }

  /** When one that has a connection, or is getting one, may dial once more; not after `now` if at once. */
  dialAt(now: number): number {
    this.#refill(now);
    return this.#ready >= 1 ? now : now + Math.ceil((1 - this.#ready) / this.#perMs);
  }

  /** It dials once more. */
  dial(now: number): void {
    this.#refill(now);
    this.#ready--;
  }

  /** Undefined when nothing is held back. */
  get memory(): PaceMemory | undefined {
    if (this.#strikes === 0 && this.#allowed >= this.#rules.connections) return undefined;
    return { closedUntil: this.closedUntil, allowed: this.#allowed, strikes: this.#strikes, resume: this.#resume };
  }

  /** Goes on where an earlier run stood, within the rules of today. */
  remember({ closedUntil, allowed, strikes, resume }: PaceMemory): void {
    this.closedUntil = closedUntil;
    this.#allowed = Math.max(1, Math.min(allowed, this.#rules.connections));
    this.#strikes = strikes;
    this.#resume = resume;
    this.#grownAt = closedUntil;
  }

  #mayGrow(now: number): boolean {
    if (this.#resume !== 'one') return now - this.#grownAt >= growthMs;
    return this.#successes >= this.#allowed && now - this.#grownAt >= oneGrowthMs;
  }

  get #within(): number {
    return Number.isFinite(this.#allowed) ? this.#allowed : Math.max(2, this.inUse);
  }

  // Bucket and refill together stay within the rule in any minute.
  get #burst(): number {
    return Math.max(1, Math.min(this.#rules.connections, Math.floor(this.#rules.newPerMinute / 2)));
  }

  get #perMs(): number {
    return (Math.max(1, this.#rules.newPerMinute - this.#burst) * Math.max(0.001, this.#factor)) / minuteMs;
  }

  #refill(now: number): void {
    if (this.#rules.newPerMinute === Infinity) this.#ready = Infinity;
    else if (this.#countedAt > 0)
      this.#ready = Math.min(this.#burst, this.#ready + Math.max(0, now - this.#countedAt) * this.#perMs);
    this.#countedAt = now;
  }
}

/** Connections at which a provider without a limit of its own counts as recovered. */
function most({ connections }: PaceRules): number {
  return Number.isFinite(connections) ? connections : 100;
}
