/** Timeouts within this time are one: parallel attempts must not count several times (qmail's tcpto). */
const oneTimeoutMs = 120_000;
/** Timeouts that make a host dead. */
const deadAt = 2;
/** How long it is left alone: between these, so that hosts that died together are not tried together. */
const leastMs = 60 * 64_000;
const spreadMs = 32 * 64_000;
const hostsMost = 10_000;

/** Addresses whose hosts do not answer at all, IPv4 and IPv6: each attempt there would hold a connection for nothing until it times out. */
export class DeadHosts {
  readonly #hosts = new Map<string, { timeouts: number; countedAt: number; until: number }>();
  readonly #random: () => number;

  /** `random` gives numbers in [0, 1); `known` are those that an earlier run knew. */
  constructor(random: () => number, known: readonly (readonly [address: string, until: number])[] = []) {
    this.#random = random;
    // The next timeout after that is the one too many.
    for (const [address, until] of known) this.#hosts.set(address, { timeouts: deadAt, countedAt: -Infinity, until });
  }

  /** A connect timed out. Until when the address is left alone; 0: it is not dead yet. */
  timedOut(address: string, now: number): number {
    const known = this.#hosts.get(address) ?? { timeouts: 0, countedAt: -Infinity, until: 0 };
    if (now - known.countedAt < oneTimeoutMs) return known.until;
    this.#hosts.delete(address);
    if (this.#hosts.size >= hostsMost) this.#hosts.delete(this.#hosts.keys().next().value!);
    const timeouts = known.timeouts + 1;
    const until = timeouts >= deadAt ? now + leastMs + Math.floor(this.#random() * spreadMs) : 0;
    this.#hosts.set(address, { timeouts, countedAt: now, until });
    return until;
  }

  /** Those that are left alone now, and until when. */
  dead(now: number): (readonly [address: string, until: number])[] {
    return [...this.#hosts].flatMap(([address, { until }]) => (until > now ? [[address, until] as const] : []));
  }

  /** Somebody answers there; true when that is news. */
  answered(address: string): boolean {
    return this.#hosts.delete(address);
  }
}
