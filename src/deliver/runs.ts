import { ChunkLines } from './chunk-lines.ts';
import { type Copies, Copy } from './copy.ts';
import type { Delivery, Job, Run } from './delivery.ts';

/**
 * Members of a chunk who live in one domain. A delivery is made when a session takes it: what waits costs a line of octets each, and no object
 * of a fan-out lives longer than its transaction.
 */
class MemberRun implements Run {
  readonly #copies: Copies;
  readonly #lines: ChunkLines;
  readonly #known: ReadonlySet<number>;
  #at: number;
  readonly #end: number;
  readonly domain: string;
  remaining: number;

  /** Lines `from` to `end` of a chunk; positions in `known` are done. */
  constructor(copies: Copies, lines: ChunkLines, from: number, end: number, known: ReadonlySet<number>) {
    this.domain = lines.domainOf(from);
    this.#copies = copies;
    this.#lines = lines;
    this.#known = known;
    this.#at = from;
    this.#end = end;
    this.remaining = end - from;
    if (known.size > 0) for (let at = from; at < end; at++) if (known.has(lines.first + at)) this.remaining--;
  }

  get job(): Job {
    return this.#copies.job;
  }

  get birth(): number {
    return this.#copies.load.birth;
  }

  take(): Delivery | undefined {
    while (this.#at < this.#end) {
      const line = this.#at++;
      if (this.#known.size > 0 && this.#known.has(this.#lines.first + line)) continue;
      this.remaining--;
      return new Copy(this.#copies, this.#lines, line);
    }
    return undefined;
  }
}

/** Runs of a chunk's members by domain, in which order they stand; those whose position is known are passed over. */
export function runsOf(packed: Uint8Array, first: number, known: ReadonlySet<number>, copies: Copies): Run[] {
  const lines = new ChunkLines(packed, first);
  const runs: Run[] = [];
  for (let from = 0, end = 0; from < lines.count; from = end) {
    end = lines.endOfDomain(from);
    const run = new MemberRun(copies, lines, from, end, known);
    if (run.remaining > 0) runs.push(run);
  }
  return runs;
}

/** A single delivery as a run. */
export class SingleRun implements Run {
  readonly job: Job;
  readonly birth: number;
  #delivery: Delivery | undefined;

  constructor(delivery: Delivery) {
    this.job = delivery.job;
    this.birth = delivery.load.birth;
    this.#delivery = delivery;
  }

  /** Empty when it was taken. */
  get domain(): string {
    return this.#delivery ? domainOf(this.#delivery.recipient) : '';
  }

  get remaining(): number {
    return this.#delivery ? 1 : 0;
  }

  take(): Delivery | undefined {
    const delivery = this.#delivery;
    this.#delivery = undefined;
    return delivery;
  }
}

/** The domain of an address, or of a line that ends with one, in lower case. */
export function domainOf(address: string): string {
  return address.slice(address.lastIndexOf('@') + 1).toLowerCase();
}
