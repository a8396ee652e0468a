import type { DsnRequest } from './dsn-request.ts';

/** What became of one recipient of a message (RFC 3464 §2.3). Texts may hold anything. */
export interface DsnReport {
  readonly action: 'failed' | 'delayed' | 'delivered' | 'relayed';
  /** `5.1.1` (RFC 3463). */
  readonly status: string;
  readonly recipient: string;
  /** What the sender asked: its RET, ENVID and ORCPT are in the report. */
  readonly request?: DsnRequest;
  /** When the message came to us, and when it was tried last; milliseconds since 1970. */
  readonly arrived: number;
  readonly attempted: number;
  /** For `delayed`: until when it is tried. */
  readonly retryUntil?: number;
  /** The host that answered, as `name[address]`; empty when none did. */
  readonly host: string;
  /** Its reply or our reason. */
  readonly reply: string;
  /** The message as it lies in the queue. */
  readonly message: Buffer;
}

/** A notification to be written. */
export interface DsnLetter {
  /** Our host name. */
  readonly reporter: string;
  readonly from: string;
  readonly to: string;
  /** Unique; letters and digits. */
  readonly id: string;
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly report: DsnReport;
  /** Nobody else can be told. */
  readonly isForPostmaster: boolean;
}
