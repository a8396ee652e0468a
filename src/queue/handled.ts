import type { Failure } from '../mail/failure.ts';
import type { NewEntry, NewMessage } from './store.ts';

/** What a stage makes of an entry; dispatch writes it to the queue in one commit. */
export type Handled = Done | { readonly kind: 'later'; readonly failure: Failure };

/** Worked off. */
export interface Done {
  readonly kind: 'done';
  /** What follows: replies, forwards, a fan-out. Empty when nothing does. */
  readonly messages: readonly NewMessage[];
  readonly entries: readonly NewEntry[];
  /** One word or two for the log: `subscribed`, `ignored: null sender`. */
  readonly result: string;
  /** It could not be worked off for good: its sender is told of a failure (RFC 3464). */
  readonly failure?: Failure;
  /** It was not taken, and its sender knows or is not to know: nobody is told of a success. */
  readonly isRefused?: true;
}

/** Done, and nothing follows. */
export function doneWith(result: string): Done {
  return Object.freeze({ kind: 'done', messages: [], entries: [], result });
}

/** Given up: its sender is told why. */
export function dropped(failure: Failure): Done {
  return Object.freeze({ kind: 'done', messages: [], entries: [], result: `dropped: ${failure.text}`, failure });
}

/** To be tried again. */
export function later(failure: Failure): Handled {
  return Object.freeze({ kind: 'later', failure });
}
