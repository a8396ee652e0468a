import type { Failure } from '../mail/failure.ts';
import type { NewEntry, NewMessage } from './store.ts';

/** What a stage makes of an entry; dispatch writes it to the queue in one commit. */
export type Handled =
  | {
      readonly kind: 'done';
      /** What follows: replies, forwards, a fan-out. Empty when nothing does. */
      readonly messages: readonly NewMessage[];
      readonly entries: readonly NewEntry[];
      /** One word or two for the log: `subscribed`, `ignored: null sender`. */
      readonly result: string;
    }
  | { readonly kind: 'later'; readonly failure: Failure };

/** Done, and nothing follows. */
export function doneWith(result: string): Handled {
  return Object.freeze({ kind: 'done', messages: [], entries: [], result });
}

/** To be tried again. */
export function later(failure: Failure): Handled {
  return Object.freeze({ kind: 'later', failure });
}
