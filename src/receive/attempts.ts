import { networkOf } from './network.ts';

/** Wrong passwords from one address within the time, after which it is refused unheard. */
const wrongMost = 10;
const spanMs = 900_000;
/** Addresses that are remembered; the oldest make room. */
const addressesMost = 10_000;
/** How long the reply to the first wrong password is held; doubled each time. */
const delayFirstMs = 500;
const delayMost = 8_000;

/** Counts wrong passwords by address: of IPv6 by its /64, which one customer has. */
export class Attempts {
  readonly #now: () => number;
  readonly #wrong = new Map<string, { count: number; since: number }>();

  constructor(now: () => number) {
    this.#now = now;
  }

  /** Counts an attempt, before anybody knows how it ends: many at a time gain nothing. False when there were too many. */
  begin(address: string): boolean {
    const network = networkOf(address);
    const known = this.#wrong.get(network);
    const now = this.#now();
    const counted = known && now - known.since < spanMs ? known : { count: 0, since: now };
    if (counted.count >= wrongMost) return false;
    counted.count++;
    this.#wrong.delete(network);
    this.#wrong.set(network, counted);
    if (this.#wrong.size > addressesMost) this.#wrong.delete(this.#wrong.keys().next().value!);
    return true;
  }

  /** The attempt was right: it does not count. */
  right(address: string): void {
    const counted = this.#wrong.get(networkOf(address));
    if (counted) counted.count--;
  }

  /** How long a refusal is held back, in milliseconds. */
  delay(address: string): number {
    const count = this.#wrong.get(networkOf(address))?.count ?? 1;
    return Math.min(delayMost, delayFirstMs * 2 ** (count - 1));
  }
}
