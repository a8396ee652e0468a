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
    this.#refill(now);
    return this.#ready >= 1 ? now : now + Math.ceil((1 - this.#ready) / this.#perMs);
  }

  /** A connection is being opened. */
  take(now: number): void {
    this.#refill(now);
    this.#ready--;
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
    return true;
  }

  /** One more connection was refused while so many others do well: no more than these for a while. */
  crowded(others: number, now: number): void {
    this.#allowed = Math.max(1, Math.min(this.#allowed, others));
    this.#resume = 'slow';
    this.#grownAt = now;
  }

  /** Transactions went well; an echo from before the silence counts for nothing. True when a connection more is allowed. */
  succeeded(count: number, now: number): boolean {
    if (count === 0 || now < this.closedUntil || this.#allowed >= this.#rules.connections) return false;
    const before = this.#allowed;
    if (this.#resume === 'one') this.#allowed += count;
    else if (now - this.#grownAt >= growthMs) {
      this.#allowed++;
      this.#grownAt = now;
    }
    if (this.#allowed >= most(this.#rules)) {
      this.#allowed = this.#rules.connections;
      this.#strikes = 0;
    }
    return this.#allowed > before;
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

  get #within(): number {
    return Number.isFinite(this.#allowed) ? this.#allowed : Math.max(2, this.inUse);
  }

  // Bucket and refill together stay within the rule in any minute.
  get #burst(): number {
    return Math.max(1, Math.min(this.#rules.connections, Math.floor(this.#rules.newPerMinute / 2)));
  }

  get #perMs(): number {
    return Math.max(1, this.#rules.newPerMinute - this.#burst) / minuteMs;
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

/** How often in a second something slowed comes to its turn. */
const turnMs = 500;

/** Whether something that the operator slowed to a share of its speed may begin now: it may in that share of each half second. */
export function isItsTurn(factor: number, now: number): boolean {
  return factor >= 1 || now % turnMs < factor * turnMs;
}

/** Milliseconds until the next turn of what was slowed begins. */
export function untilTurnMs(now: number): number {
  return turnMs - (now % turnMs);
}
