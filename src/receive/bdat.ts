import type { Collected } from './collect.ts';
import type { Cutter } from './command-stream.ts';

/** What a BDAT announces (RFC 3030 §2). */
export interface Chunk {
  /** Octets that follow the command. */
  readonly octets: number;
  /** The message ends with them. */
  readonly isLast: boolean;
}

const syntax = /^BDAT +(\d{1,16})(?: +(LAST))? *$/i;

/** Reads the command; undefined when nobody can know where its octets end. */
export function readBdat(command: string): Chunk | undefined {
  const [, octets, last] = syntax.exec(command) ?? [];
  const count = Number(octets);
  return Number.isSafeInteger(count) ? { octets: count, isLast: last !== undefined } : undefined;
}

/** The octets of one chunk, as they are: dots are not doubled, and only their count says where they end. */
export class ChunkOctets implements Cutter {
  readonly #take: (octets: Buffer) => void;
  #left: number;

  /** `count`: at least 1. */
  constructor(count: number, take: (octets: Buffer) => void) {
    this.#left = count;
    this.#take = take;
  }

  feed(read: Buffer): number | undefined {
    const octets = read.length > this.#left ? read.subarray(0, this.#left) : read;
    this.#left -= octets.length;
    this.#take(octets);
    return this.#left === 0 ? octets.length : undefined;
  }
}

const lf = 10;

/** The message, its last line with its end: DATA cannot be without it, and who reads lines counts on it. */
export function withLineEnd(message: Collected): Collected {
  const last = message.chunks.at(-1)?.at(-1);
  return last === undefined || last === lf ? message : { ...message, chunks: [...message.chunks, Buffer.from('\r\n')] };
}
