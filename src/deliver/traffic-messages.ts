import type { Dialect } from '../smtp/reply-class.ts';
import type { AttemptResult } from './delivery.ts';
import type { Blame, PutOff } from './post-breakers.ts';

/** A lane as the book must know it. */
export interface LaneIdentity {
  readonly lane: string;
  readonly hosts: readonly string[];
  readonly isRoute: boolean;
}

/** What a lane of one deliverer holds now, and what it has done since it was last told. */
export interface LaneCounts {
  readonly lane: string;
  readonly waiting: number;
  /** Connections that are being set up. */
  readonly opening: number;
  readonly delivered: number;
  readonly deferred: number;
  readonly failed: number;
  readonly uncertain: number;
  /** The latest reply that was no delivery; empty: none came. */
  readonly lastReply: string;
}

/** What a deliverer tells the book: per connection, per refusal that speaks of us, and counts now and then; never per delivery. */
export type ToTraffic =
  /** The lane could use this many connections more; it replaces what was wanted before. First: nothing is known of it yet. */
  | { readonly kind: 'want'; readonly lane: LaneIdentity; readonly count: number; readonly isFirst: boolean }
  /** Setting up a granted connection takes a new one more (another address, or without TLS): may it be dialled? Answered by `dial`. */
  | { readonly kind: 'dial'; readonly lane: string }
  /** A connection has ended; not used: none was opened. */
  | { readonly kind: 'end'; readonly lane: string; readonly isUsed: boolean }
  /** A reply that backs something off; the book reads it with what it knows of the provider. */
  | { readonly kind: 'refusal'; readonly lane: string; readonly domain: string; readonly reply: string }
  /** A refusal that blames the post. */
  | { readonly kind: 'blame'; readonly lane: string; readonly blame: Blame; readonly reply: string }
  /** No host of the lane took a connection, while the deliverer has so many sessions there, or is opening them. */
  | { readonly kind: 'unreachable'; readonly lane: string; readonly result: AttemptResult; readonly sessions: number }
  | { readonly kind: 'timedOut' | 'answered'; readonly address: string }
  | {
      readonly kind: 'counts';
      readonly lanes: readonly LaneCounts[];
      /** Lists some of whose posts came to the lanes since the last time. */
      readonly lists: readonly string[];
      /** Results by `state class` since the last time. */
      readonly classes: readonly (readonly [name: string, count: number])[];
    };

/** What may be begun in a lane. */
export interface LaneState {
  readonly dialect: Dialect;
  /** Nothing goes there in clear text. */
  readonly mustTls: boolean;
  /** Nothing is begun before this, in milliseconds since 1970. */
  readonly closedUntil: number;
  /** What is said of recipients meanwhile. */
  readonly closedBy: AttemptResult | undefined;
  /** No host took a connection: that was an attempt for all who wait. Else they go back into the queue untried. */
  readonly wasTried: boolean;
  readonly paused: boolean;
  /** The share of its speed that an operator left it. */
  readonly factor: number;
  /** Transactions a second that this deliverer may begin in it, over all its connections. */
  readonly perSecond: number;
  /** Whom the lane belongs to: a provider, or nobody but itself. */
  readonly provider: string;
}

/** What the book tells a deliverer. */
export type FromTraffic =
  /** One connection may be opened, for so many transactions. */
  | { readonly kind: 'lease'; readonly lane: string; readonly messages: number }
  /** One of those who asked may dial. */
  | { readonly kind: 'dial'; readonly lane: string }
  | { readonly kind: 'lane'; readonly lane: string; readonly state: LaneState }
  | { readonly kind: 'domain'; readonly domain: string; readonly closedUntil: number; readonly closedBy: AttemptResult }
  /** The operator keeps mail of a domain from being begun, or no longer. */
  | { readonly kind: 'hold'; readonly domain: string; readonly isPaused: boolean }
  /** A post is put off at a provider, or goes on there. */
  | ({ readonly kind: 'post' } & PutOff)
  /** 0: the list is paused. */
  | { readonly kind: 'list'; readonly list: string; readonly factor: number }
  /** What waits of a list goes back into the queue, once. */
  | { readonly kind: 'putBack'; readonly list: string }
  /** 0: somebody answers there. */
  | { readonly kind: 'dead'; readonly address: string; readonly until: number };

/** How a deliverer speaks with the book: here, or through a thread's port. */
export interface TrafficPort {
  tell(message: ToTraffic): void;
  /** Who is told; set once, before the first `tell`. */
  hear(listener: (message: FromTraffic) => void): void;
}
