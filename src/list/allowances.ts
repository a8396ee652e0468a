/** Why one more mail may or may not be sent to somebody who has not proved that they asked (promise P3). */
export interface Allowance {
  readonly list: string;
  /** `subscribe`, `help` …: what the mail is about. */
  readonly action: string;
  /** Canonical address of the person who would get the mail. */
  readonly address: string;
  /** The queue entry that asks: asked again for the same cause, the answer is the same. */
  readonly cause: string;
}

/**
 * Counts unproved mail per (list, action, address) and per address on the whole server over the last 24 hours.
 * Backed by `server.db`.
 */
export interface Allowances {
  /** True when the mail may go; it is counted then. */
  take(allowance: Allowance, now: number): Promise<boolean>;
  /** The person has answered: the mails about it no longer count. */
  answered(list: string, action: string, address: string): Promise<void>;
}
