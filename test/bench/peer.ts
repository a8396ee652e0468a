import type { Sink } from './sink-process.ts';

/** What is fanned out, and what the receiver is like. */
export interface Load {
  /** How many recipients. */
  readonly n: number;
  /** Octets of the post. */
  readonly octets: number;
  /** The receiver offers CHUNKING, and the sender that can uses it. */
  readonly chunking: boolean;
  /** Milliseconds before each of its replies: a network's round trip. */
  readonly delayMs: number;
  /** Connections that a sender which can be told opens. */
  readonly connections: number;
}

/** What a run cost. */
export interface Measure {
  /** Deliveries per second, from the moment the post was accepted to the last delivery. */
  readonly perSecond: number;
  /** CPU of the sending processes, user and system, in microseconds per delivery. */
  readonly cpuUs: number;
  /** The most memory of the sending processes, in MiB. */
  readonly peakMiB: number;
  /** The same above what they had before the first post; 0 where a run has a process of its own. */
  readonly grownMiB: number;
  /** From the 250 to the first delivery, in seconds; NaN where nothing is accepted. */
  readonly firstS: number;
}

/** A program that is ready to fan posts out. */
export interface OpenPeer {
  run(sink: Sink): Promise<Measure>;
  close(): Promise<void>;
}

/** A program that can fan a post out. */
export interface Peer {
  readonly name: string;
  /** Why it cannot run here; undefined when it can. */
  absent(): string | undefined;
  /** Makes it ready. `directory` is empty and its own; every run's sink will listen at `port`. */
  open(load: Load, directory: string, port: number): Promise<OpenPeer>;
}

/** How many domains the recipients are spread over. */
const domains = 1_000;

/** `user000017@d017.example.com`, as `blast.c` makes them. */
export function recipient(index: number): string {
  const pad = (value: number, width: number): string => String(value).padStart(width, '0');
  return `user${pad(index, 6)}@d${pad(index % domains, 3)}.example.com`;
}

/** A post, of 4 KiB unless said otherwise. */
export function postText(from: string, to: string, octets = 4_096): string {
  const header = `From: ${from}\r\nTo: ${to}\r\nSubject: bench\r\nMessage-ID: <1@example.org>\r\n\r\n`;
  return header + `${'x'.repeat(70)}\r\n`.repeat(Math.floor((octets - header.length) / 72));
}

/** How long a run may take before it counts as stuck: no peer is slower than 100 deliveries a second. */
export function patienceMs(n: number): number {
  return 60_000 + n * 10;
}
