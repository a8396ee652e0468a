import type { Delivery, Job, Load, Run } from './delivery.ts';

/** What the copies of a post have in common. */
export interface Copies {
  readonly load: Load;
  readonly job: Job;
  readonly senderOf: (member: number, address: string) => string;
}

/** The members of a chunk as lines (see `list/packed.ts`). */
interface ChunkLines {
  readonly lines: readonly string[];
  /** The position of the first. */
  readonly first: number;
  /** Every line is. */
  readonly isAscii: boolean;
}

/**
 * Members of a chunk who live in one domain. A delivery is made when a session takes it: what waits costs a line of text each, and no object
 * of a fan-out lives longer than its transaction.
 */
class MemberRun implements Run {
  readonly #copies: Copies;
  readonly #chunk: ChunkLines;
  readonly #known: ReadonlySet<number>;
  #at: number;
  readonly #end: number;
  remaining: number;

  /** Lines `from` to `end` of a chunk; positions in `known` are done. */
  constructor(copies: Copies, chunk: ChunkLines, from: number, end: number, known: ReadonlySet<number>) {
    this.#copies = copies;
    this.#chunk = chunk;
    this.#known = known;
    this.#at = from;
    this.#end = end;
    this.remaining = end - from;
    if (known.size > 0) for (let at = from; at < end; at++) if (known.has(chunk.first + at)) this.remaining--;
  }

  get job(): Job {
    return this.#copies.job;
  }

  get birth(): number {
    return this.#copies.load.birth;
  }

  take(): Delivery | undefined {
    while (this.#at < this.#end) {
      const at = this.#at++;
      const position = this.#chunk.first + at;
      if (this.#known.size > 0 && this.#known.has(position)) continue;
      this.remaining--;
      return this.#delivery(this.#chunk.lines[at]!, position);
    }
    return undefined;
  }

  #delivery(line: string, position: number): Delivery {
    const { load, job, senderOf } = this.#copies;
    const blank = line.indexOf(' ');
    const member = Number(line.slice(0, blank));
    const recipient = line.slice(blank + 1);
    // VERP senders are ASCII: the form for others has numbers only.
    const isAscii = this.#chunk.isAscii || isAsciiText(recipient);
    return { load, head: undefined, sender: senderOf(member, recipient), recipient, isAscii, member, position, job };
  }
}

/** Runs of a chunk's members by domain, in which order they stand; those whose position is known are passed over. */
export function runsOf(
  packed: Uint8Array,
  first: number,
  known: ReadonlySet<number>,
  copies: Copies,
): { domain: string; run: Run }[] {
  const text = Buffer.from(packed.buffer, packed.byteOffset, packed.byteLength).toString('utf8');
  const isAscii = text.length === packed.byteLength;
  const lines = text.split('\n');
  lines.pop();
  const runs: { domain: string; run: Run }[] = [];
  for (let from = 0, end = 0; from < lines.length; from = end) {
    const domain = domainOf(lines[from]!);
    end = from + 1;
    while (end < lines.length && domainOf(lines[end]!) === domain) end++;
    const run = new MemberRun(copies, { lines, first, isAscii }, from, end, known);
    if (run.remaining > 0) runs.push({ domain, run });
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

/** True when no character is above U+007F. */
export function isAsciiText(text: string): boolean {
  for (let at = 0; at < text.length; at++) if (text.charCodeAt(at) > 127) return false;
  return true;
}
