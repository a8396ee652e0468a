import type { Id } from '../lib/ids.ts';

/** What became of a recipient, so far or for good. */
export type OutcomeState = 'delivered' | 'deferred' | 'failed' | 'uncertain';

/** What became of one recipient of one post at the latest attempt. */
export interface Outcome {
  readonly post: Id;
  /** Which recipient of the post it is, in the order of the fan-out: what an outcome is found by. */
  readonly position: number;
  readonly member: number;
  readonly address: string;
  readonly state: OutcomeState;
  /** Time of the attempt in milliseconds since 1970. */
  readonly at: number;
  /** The host that answered, as `name[address]`; empty when none did. */
  readonly host: string;
  /** Its reply or our reason, one line. */
  readonly reply: string;
  /** For `deferred` and `uncertain`: when it is tried again. */
  readonly next?: number;
}
