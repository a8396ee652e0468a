import type { Id } from '../lib/ids.ts';
import type { OutcomeState } from './outcome.ts';

/** The states of those who are tried again, and of those who stand in chunks and were not tried so far. */
export type WaitingState = Extract<OutcomeState, 'deferred' | 'uncertain'> | 'untried';
/** What an operator does with recipients. A post, a lane and a list can be held; a recipient cannot. */
export type RecipientMove = 'retry' | 'drop';

/** A recipient of a post. */
export interface RecipientKey {
  readonly post: Id;
  readonly position: number;
}

/** A recipient of a post who is still to be tried. */
export interface WaitingRecipient extends RecipientKey {
  readonly list: string;
  /** Of the post. */
  readonly number: number;
  readonly member: number;
  readonly address: string;
  readonly state: WaitingState;
  /** 0 of the untried. */
  readonly attempts: number;
  /** Of the latest attempt, in milliseconds since 1970, as is `next`; undefined: there was none. */
  readonly at?: number;
  readonly next: number;
  /** That answered last, and its reply; empty of the untried. */
  readonly host: string;
  readonly reply: string;
  /** An untried one whom delivery has: on the wire, or waiting in memory. */
  readonly isTaken?: true;
}

export interface RecipientFilter {
  readonly post?: Id;
  readonly position?: number;
  readonly list?: string;
  /** In lower case. */
  readonly domain?: string;
  readonly state?: WaitingState;
  /** Whose post is older than this many milliseconds. */
  readonly olderThan?: number;
  /** Whose post is newer than this many milliseconds. */
  readonly newerThan?: number;
  /** What the latest reply contains; ASCII letters in either case. */
  readonly reply?: string;
}

/** Those recipients of posts who are still to be tried, as an operator sees and moves them. */
export interface WaitingRecipients {
  /**
   * In pages: first the untried, then those who were tried, so that nobody is missed who is tried just now. The recipients of a post follow
   * each other in either part.
   */
  find(filter: RecipientFilter): AsyncIterable<WaitingRecipient[]>;
  /**
   * Makes recipients due now, or fails them for good, in one commit per file; gives those that it was done to. Who is being tried just now
   * is not dropped unless `isNobodyTrying`, nor is an untried one whom delivery has. Callers keep to some 1,000 at a time.
   */
  move(move: RecipientMove, keys: readonly RecipientKey[], isNobodyTrying?: boolean): Promise<RecipientKey[]>;
}

/** The reply of those whom an operator has dropped. */
export const droppedReply = 'dropped by the operator';
