import type { Id } from '../lib/ids.ts';
import type { Octets } from '../lib/octets.ts';
import type { OutcomeState } from '../queue/outcome.ts';
import type { Entry, FullLane } from '../queue/store.ts';
import type { WireMessage } from '../smtp/data.ts';
import type { CopyHead, CopyHeads } from './copy-heads.ts';

/** A message being delivered: shared by all its recipients. */
export interface Load {
  readonly message: WireMessage;
  /** Stamps what only one copy has; undefined: all copies are the same. */
  readonly copies?: CopyHeads | undefined;
  /** Milliseconds since 1970: the retry curve and the lifetime count from here. */
  readonly birth: number;
}

/** What a delivery belongs to, and what must be ended when it is. */
export type Job = MailJob | ChunkJob | DueJob;

export interface MailJob {
  readonly kind: 'mail';
  readonly entry: Entry;
}

export interface ChunkJob {
  readonly kind: 'chunk';
  readonly chunk: number;
  readonly post: Id;
  /** The list's address: an operator can slow it. */
  readonly list?: string;
  /** Members whose outcome is not on disk yet. */
  owed: number;
  /** Those of them who wait in the queue again; when nobody else is owed, the chunk goes back there. */
  back: number;
  /** When it is due again then. */
  backUntil: number;
}

export interface DueJob {
  readonly kind: 'due';
  readonly post: Id;
  /** Results before this try. */
  readonly attempts: number;
  readonly list?: string;
}

/** Envelope sender and recipient of a copy, ASCII without line ends: written where they go. `put` writes the recipient. */
export interface EnvelopeOctets extends Octets {
  /** Writes the sender at `to`, which has at most `most` octets too; gives the place behind it. */
  putSender(into: Buffer, to: number): number;
}

/** One recipient on its way: lives only between the claim and its result. */
export interface Delivery {
  readonly load: Load;
  /** What stands before the message in this copy alone; undefined while it is not stamped, and where nothing does. */
  head?: CopyHead | undefined;
  /** Envelope sender, with VERP for a post. */
  readonly sender: string;
  readonly recipient: string;
  /** Both as octets, where they need not become text to be sent. */
  readonly envelope?: EnvelopeOctets | undefined;
  /** Sender and recipient are ASCII: nobody needs SMTPUTF8 for them. */
  readonly isAscii: boolean;
  /** 0 for a single mail. */
  readonly member: number;
  /** Which recipient of its post it is; 0 for a single mail. */
  readonly position: number;
  readonly job: Job;
}

/** Deliveries of one job to one domain; each is made when it is taken. */
export interface Run {
  readonly job: Job;
  /** In lower case. */
  readonly domain: string;
  /** Milliseconds since 1970: see `Load`. */
  readonly birth: number;
  /** Deliveries that are left. */
  readonly remaining: number;
  take(): Delivery | undefined;
}

/** How an attempt ended. */
export interface AttemptResult {
  readonly state: OutcomeState;
  /** The host that spoke, as `name[address]`; empty when none did. */
  readonly host: string;
  /** Its reply (`550 5.1.1 …`) or our reason, one line. */
  readonly reply: string;
  /** The same as octets, good until `settle` returns. */
  readonly octets?: Octets;
  /**
   * Of a mail that was taken: the host tells its sender of what becomes of it (RFC 3461), or it was the last one (LMTP). Otherwise it was
   * passed on to a host that tells nothing.
   */
  readonly onward?: 'tells' | 'arrived';
  /** When it is tried again, where the retry curve does not say so. */
  readonly next?: number;
}

/** What a carrier asks of and tells to the deliverer. */
export interface CarrierPort {
  /** False while too many results wait for their commit (promise P2): no new transaction may begin. */
  mayBegin(): boolean;
  /** A delivery was taken from what waits: it will be settled or returned. */
  begun(): void;
  /** It waits again. */
  returned(): void;
  settle(delivery: Delivery, result: AttemptResult): void;
  /** Nobody was asked: the rest of a run goes back into the queue. `reply` says why, in case its time is over. */
  putBack(run: Run, until: number, reply: string): void;
  /** What stood still moves again: what was put back may come at once. */
  opened(): void;
}

/** What takes deliveries to where they go: SMTP sessions, or the sandbox's Maildirs. */
export interface Carrier {
  /** Takes deliveries to one domain; single mails are carried before bulk. */
  carry(domain: string, run: Run, isSingle: boolean): void;
  /** `mayBegin` may have become true. */
  resume(): void;
  /** Domains whose lanes are shut, or have as many single mails as they may hold: single mails for them are left in the queue. */
  closedDomains(): string[];
  /** Domains that cannot take more now: second tries for them are left in the queue. */
  busyDomains(): string[];
  /** Lanes that will take more soon: chunks for them alone are left where they are, others are put off (`shutUntil`). */
  fullLanes(): FullLane[];
  /** Lists that are paused: their posts are left in the queue. */
  pausedLists(): string[];
  /** When a domain whose lane stands still may be looked at again by a post; undefined: it does not, or the post has nothing there. */
  shutUntil(domain: string, post: Id): number | undefined;
  /** Deliveries that wait in lanes too slow to get to them soon: they do not count as work at hand. */
  slow(): number;
  /** Settings have changed: who is carried from now on goes the ways of today. */
  renew(): void;
  /**
   * Ends: running transactions finish within this time, what has not begun is given up without a result. Says how many connections still
   * had not ended.
   */
  stop(withinMs: number): Promise<number>;
}
