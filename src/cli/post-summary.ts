import type { Home } from '../home.ts';
import { domainOf } from '../queue/entry-operations.ts';
import type { OutcomeState } from '../queue/outcome.ts';
import type { Trace } from '../queue/store.ts';
import { timeText } from './door.ts';

/** How many recipients of a post stand in which state, and when the next of them is tried again. */
export type Counts = Record<OutcomeState, number> & { next?: number };

/** Why mail was not delivered: replies with the same code count as one reason. */
export interface Reason {
  /** `550 5.1.1`, or the beginning of a reason of ours. */
  readonly code: string;
  count: number;
  /** One of those recipients, and what was said about them. */
  readonly address: string;
  readonly reply: string;
}

/** What came of a post so far, for all of its recipients that were tried. */
export interface PostSummary {
  readonly all: Counts;
  /** By domain; those with most undelivered recipients first. */
  readonly domains: readonly (readonly [domain: string, counts: Counts])[];
  /** The commonest first. */
  readonly reasons: readonly Reason[];
}

/** Hosts that write the recipient into their replies must not fill the memory. */
const reasonsMost = 1_000;
const codeLettersMost = 60;

/** Counts the latest outcome of everybody who was tried. */
export async function summaryOf(
  { queue }: Home,
  list: string,
  number: number,
  isWanted: (trace: Trace) => boolean = () => true,
): Promise<PostSummary> {
  const all = noCounts();
  const domains = new Map<string, Counts>();
  const reasons = new Map<string, Reason>();
  for await (const page of queue.trace(list, number)) {
    for (const trace of page) {
      if (!isWanted(trace)) continue;
      const domain = domainOf(trace.address);
      const ofDomain = domains.get(domain) ?? noCounts();
      domains.set(domain, ofDomain);
      for (const counts of [all, ofDomain]) count(counts, trace);
      giveReason(reasons, trace);
    }
  }
  return {
    all,
    domains: [...domains].toSorted(
      ([a, x], [b, y]) => undelivered(y) - undelivered(x) || tried(y) - tried(x) || (a < b ? -1 : 1),
    ),
    reasons: [...reasons.values()].toSorted((a, b) => b.count - a.count),
  };
}

/** `97 delivered, 2 deferred, 1 failed`; `uncertain` only where there are such. */
export function countsText({ delivered, deferred, failed, uncertain, next }: Counts): string {
  const doubtful = uncertain > 0 ? `, ${uncertain} uncertain` : '';
  const again = next === undefined ? '' : `; the next try is at ${timeText(next)}`;
  return `${delivered} delivered, ${deferred} deferred, ${failed} failed${doubtful}${again}`;
}

/** How many were tried at least once. */
export function tried({ delivered, deferred, failed, uncertain }: Counts): number {
  return delivered + deferred + failed + uncertain;
}

function undelivered(counts: Counts): number {
  return tried(counts) - counts.delivered;
}

function noCounts(): Counts {
  return { delivered: 0, deferred: 0, failed: 0, uncertain: 0 };
}

function count(counts: Counts, { attempts }: Trace): void {
  const { state, next } = attempts.at(-1)!;
  counts[state]++;
  if (next !== undefined) counts.next = Math.min(next, counts.next ?? next);
}

function giveReason(reasons: Map<string, Reason>, { address, attempts }: Trace): void {
  const { state, reply } = attempts.at(-1)!;
  if (state === 'delivered') return;
  const code = /^\d{3}(?:[ -]\d\.\d{1,3}\.\d{1,3})?/.exec(reply)?.[0] ?? reply.slice(0, codeLettersMost);
  const known = reasons.get(code);
  if (known) known.count++;
  else if (reasons.size < reasonsMost) reasons.set(code, { code, count: 1, address, reply });
}
