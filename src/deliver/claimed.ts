/**
 * What a deliverer has claimed and not settled. A lease that runs out on the way has the queue give the same work again, which must not be
 * delivered twice; a try whose result stands in the queue and is still on its way to the disk is over, and the next may begin.
 */
export class Claimed {
  /** The attempts before the try that is under way, by what is tried. */
  readonly #attempts = new Map<string, number>();

  /** False when this very try is under way. `attempts`: the results that the queue had of it when it was claimed. */
  take(key: string, attempts = 0): boolean {
    const known = this.#attempts.get(key);
    if (known !== undefined && known >= attempts) return false;
    this.#attempts.set(key, attempts);
    return true;
  }

  has(key: string): boolean {
    return this.#attempts.has(key);
  }

  /** A try is settled; one that has begun since then is not. */
  settle(key: string, attempts = 0): void {
    if (this.#attempts.get(key) === attempts) this.#attempts.delete(key);
  }
}
