import type { ChunkLines } from './chunk-lines.ts';
import type { CopyHead } from './copy-heads.ts';
import type { Delivery, EnvelopeOctets, Job, Load } from './delivery.ts';

/** Makes the envelope senders of a post's copies, as text and as octets. */
export interface Senders {
  /** Octets that a sender has at the most. */
  readonly most: number;
  of(member: number, address: string): string;
  /** Writes the sender for an ASCII address, the octets `from` to before `end`, at `to`; gives the place behind it. */
  put(into: Buffer, to: number, member: number, octets: Uint8Array, from: number, end: number): number;
}

/** What the copies of a post have in common. */
export interface Copies {
  readonly load: Load;
  readonly job: Job;
  readonly senders: Senders;
}

const blank = 32;
const zero = 48;

/** A post's copy for one member of a chunk. Its addresses become text only where somebody wants to read them. */
export class Copy implements Delivery, EnvelopeOctets {
  readonly #copies: Copies;
  readonly #lines: ChunkLines;
  readonly #from: number;
  readonly #end: number;
  readonly member: number;
  readonly position: number;
  head: CopyHead | undefined = undefined;

  constructor(copies: Copies, lines: ChunkLines, line: number) {
    this.#copies = copies;
    this.#lines = lines;
    const { octets } = lines;
    let place = lines.startOf(line);
    let member = 0;
    for (; octets[place] !== blank; place++) member = 10 * member + octets[place]! - zero;
    this.member = member;
    this.position = lines.first + line;
    this.#from = place + 1;
    this.#end = lines.endOf(line);
  }

  get load(): Load {
    return this.#copies.load;
  }

  get job(): Job {
    return this.#copies.job;
  }

  get recipient(): string {
    return this.#lines.octets.toString('utf8', this.#from, this.#end);
  }

  get sender(): string {
    return this.#copies.senders.of(this.member, this.recipient);
  }

  // VERP senders are ASCII: the form for others has numbers only.
  get isAscii(): boolean {
    return this.#lines.isAscii || isAsciiText(this.recipient);
  }

  get envelope(): EnvelopeOctets | undefined {
    return this.#lines.isPlain ? this : undefined;
  }

  get most(): number {
    return Math.max(this.#copies.senders.most, this.#end - this.#from);
  }

  putSender(into: Buffer, to: number): number {
    return this.#copies.senders.put(into, to, this.member, this.#lines.octets, this.#from, this.#end);
  }

  put(into: Buffer, to: number): number {
    const { octets } = this.#lines;
    let place = to;
    for (let from = this.#from; from < this.#end; from++) into[place++] = octets[from]!;
    return place;
  }
}

/** True when no character is above U+007F. */
export function isAsciiText(text: string): boolean {
  for (let at = 0; at < text.length; at++) if (text.charCodeAt(at) > 127) return false;
  return true;
}
