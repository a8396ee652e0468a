import type { Sink } from './sink-process.ts';

/** One run: the fan-out of one post into a sink. */
export interface Run {
  /** How many recipients. */
  readonly n: number;
  /** An empty directory that goes away after the run. */
  readonly directory: string;
  readonly sink: Sink;
  readonly chunking: boolean;
}

/** What a run cost. */
export interface Measure {
  /** Deliveries per second, from the moment the post was accepted to the last delivery. */
  readonly perSecond: number;
  /** CPU of the sending processes, user and system, in microseconds per delivery. */
  readonly cpuUs: number;
  /** The most memory of the sending processes, in MiB. */
  readonly peakMiB: number;
}

/** A program that can fan a post out. */
export interface Peer {
  readonly name: string;
  /** Why it cannot run here; undefined when it can. */
  absent(): string | undefined;
  run(run: Run): Promise<Measure>;
}

/** How many domains the recipients are spread over. */
const domains = 1_000;

/** `user000017@d017.example.com`, as `blast.c` makes them. */
export function recipient(index: number): string {
  const pad = (value: number, width: number): string => String(value).padStart(width, '0');
  return `user${pad(index, 6)}@d${pad(index % domains, 3)}.example.com`;
}

/** The post of every bench: 4 KiB. */
export function postText(from: string, to: string): string {
  const header = `From: ${from}\r\nTo: ${to}\r\nSubject: bench\r\nMessage-ID: <1@example.org>\r\n\r\n`;
  return header + `${'x'.repeat(70)}\r\n`.repeat(Math.floor((4_096 - header.length) / 72));
}

/** How long a run may take before it counts as stuck: no peer is slower than 100 deliveries a second. */
export function patienceMs(n: number): number {
  return 60_000 + n * 10;
}
