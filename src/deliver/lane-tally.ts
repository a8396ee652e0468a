import type { OutcomeState } from '../queue/outcome.ts';
import type { ReplyClass } from '../smtp/reply-class.ts';
import type { AttemptResult } from './delivery.ts';
import type { LaneCounts } from './traffic-messages.ts';

/** The two words that results are counted by. */
export function stateAndClass(name: string): { state: OutcomeState; class: string } {
  const blank = name.indexOf(' ');
  return { state: name.slice(0, blank) as OutcomeState, class: name.slice(blank + 1) };
}

/** Counts the results of one lane until they are told. */
export class LaneTally {
  #counts = { delivered: 0, deferred: 0, failed: 0, uncertain: 0 };
  #classes = new Map<string, number>();
  #lastReply = '';

  /** A copy was delivered; kept apart because a fan-out has nothing but these. */
  delivered(): void {
    this.#counts.delivered++;
  }

  /** Any other result, with the class of its reply. */
  add({ state, reply }: AttemptResult, className: ReplyClass): void {
    this.#counts[state]++;
    const name = `${state} ${className}`;
    this.#classes.set(name, (this.#classes.get(name) ?? 0) + 1);
    this.#lastReply = reply;
  }

  /** What was counted since the last time; classes are added to `classes`. */
  take(now: Pick<LaneCounts, 'lane' | 'waiting' | 'opening'>, classes: Map<string, number>): LaneCounts {
    const told = { ...now, ...this.#counts, lastReply: this.#lastReply };
    if (told.delivered > 0) this.#classes.set('delivered delivered', told.delivered);
    for (const [name, count] of this.#classes) classes.set(name, (classes.get(name) ?? 0) + count);
    this.#counts = { delivered: 0, deferred: 0, failed: 0, uncertain: 0 };
    this.#classes = new Map();
    this.#lastReply = '';
    return told;
  }
}
