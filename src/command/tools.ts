import type { Clock } from '../lib/clock.ts';
import type { Id } from '../lib/ids.ts';
import type { Allowances } from '../list/allowances.ts';
import type { Log } from '../log.ts';
import type { Suppressions } from '../list/suppressions.ts';
import type { Templates } from '../list/templates.ts';

/** What the command stage works with. */
export interface CommandTools {
  readonly clock: Clock;
  readonly log: Log;
  readonly newId: () => Id;
  readonly allowances: Allowances;
  readonly templates: Templates;
  /** Who gets no mail of any list here. */
  readonly suppressions: Suppressions;
  /** Mail for this domain is ours: it goes round through the queue instead of out. */
  readonly isOurs: (domain: string) => boolean;
  /** Who gets what has no owner; empty: the local mailbox `postmaster`. */
  readonly postmaster: string;
}
