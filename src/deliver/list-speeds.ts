import type { LaneChange } from '../lane-report.ts';

/** How long a list counts as being sent after its last copies came to the lanes. */
const sentMs = 60_000;
const listsMost = 10_000;

/** The lists that are being sent, and the shares of its speed that an operator left to some. */
export class ListSpeeds {
  readonly #lists = new Map<string, { seenAt: number; factor: number }>();

  /** Copies of a post of the list came to the lanes. */
  sees(list: string, now: number): void {
    const known = this.#lists.get(list);
    if (known) known.seenAt = now;
    else this.#lists.set(list, { seenAt: now, factor: 1 });
    if (this.#lists.size <= listsMost) return;
    for (const [name, { seenAt, factor }] of this.#lists)
      if (factor === 1 && now - seenAt > sentMs) this.#lists.delete(name);
  }

  /** Slows, pauses (0) or resumes a list, and says its share then; undefined when it is not being sent. */
  set(name: string, { paused, factor }: LaneChange, now: number): number | undefined {
    const list = this.#lists.get(name);
    if (!list || (list.factor === 1 && now - list.seenAt > sentMs)) return undefined;
    list.factor = paused === true ? 0 : (factor ?? (paused === false ? 1 : list.factor));
    return list.factor;
  }
}
