/** What a message that is coming in has told of itself. */
export interface Incoming {
  /** Octets that have come and count. */
  readonly octets: number;
}

/** Milliseconds that a message may be behind its least speed: 5 minutes, which RFC 5321 §4.5.3.2.7 has a server wait for a client. */
const behindMost = 300_000;

/**
 * The least speed of messages that are coming in. Each begins with five minutes, which every octet prolongs by its share of a second and the
 * clock shortens, never to more than five: so a message of any size has the time it needs at that speed, and nobody saves up time by sending
 * the first part fast. Nothing is done when octets come, only when somebody looks.
 */
export class Pace {
  readonly #least: () => number;
  readonly #known = new WeakMap<Incoming, { octets: number; at: number; left: number }>();

  /** `least`: octets per second. */
  constructor(least: () => number) {
    this.#least = least;
  }

  /** True when a message has used up its time. It counts from the first look on, `now` in milliseconds. */
  isTooSlow(message: Incoming, now: number): boolean {
    const known = this.#known.get(message);
    if (!known) {
      this.#known.set(message, { octets: 0, at: now, left: behindMost });
      return false;
    }
    const earned = ((message.octets - known.octets) * 1_000) / this.#least();
    known.left = Math.min(behindMost, known.left + earned - (now - known.at));
    known.octets = message.octets;
    known.at = now;
    return known.left <= 0;
  }
}
