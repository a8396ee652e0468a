import type { OutcomeCount } from '../lane-report.ts';
import { stateAndClass } from './lane-tally.ts';
import type { ToTraffic } from './traffic-messages.ts';

/** Results of all deliverers since the start, by state and class of the reply. */
export class ResultCounts {
  readonly #counts = new Map<string, number>();

  add(classes: (ToTraffic & { kind: 'counts' })['classes']): void {
    for (const [name, count] of classes) this.#counts.set(name, (this.#counts.get(name) ?? 0) + count);
  }

  get all(): OutcomeCount[] {
    return Array.from(this.#counts, ([name, count]) => ({ ...stateAndClass(name), count }));
  }
}
