/** How many are looked at for one that may go: they stand in the order of their silence. */
const lookMost = 1_000;

/** Within so many milliseconds nobody's place changes: to take a new one at each command costs a twentieth of a command (measured). */
const placeMs = 100;

/** Who has been silent for longest. */
export class Longest<T> {
  readonly #now: () => number;
  /** When each was heard last, the longest silence first. */
  readonly #heard = new Map<T, number>();

  /** `now`: milliseconds. */
  constructor(now: () => number) {
    this.#now = now;
  }

  heard(one: T): void {
    const now = this.#now();
    const before = this.#heard.get(one);
    if (before !== undefined && Math.abs(now - before) < placeMs) return;
    this.#heard.delete(one);
    this.#heard.set(one, now);
  }

  forget(one: T): void {
    this.#heard.delete(one);
  }

  /** Everybody with the milliseconds of their silence, as it is now: who is heard meanwhile does not come twice. */
  all(): [one: T, silentMs: number][] {
    const now = this.#now();
    return [...this.#heard].map(([one, at]) => [one, now - at]);
  }

  /** The one that has been silent for longest of those for which `mayGo` is true; few are asked. */
  find(mayGo: (one: T, silentMs: number) => boolean): T | undefined {
    const now = this.#now();
    let looked = 0;
    for (const [one, at] of this.#heard) {
      if (mayGo(one, now - at)) return one;
      if (++looked === lookMost) return undefined;
    }
    return undefined;
  }
}
