import { putDecimal } from '../lib/decimal.ts';
import type { Octets } from '../lib/octets.ts';
import type { Failure } from '../mail/failure.ts';

/** Octets of one reply line; RFC 5321 §4.5.3.1.5 asks for 512, some hosts write more. */
const lineOctetsMost = 4_096;
const lineEndOctets = 2;
/** Lines of one reply: an EHLO answer has a dozen, an endless one is an attack. */
const linesMost = 128;
/** Octets of a reply's text that are kept. */
const textOctetsMost = 1_000;

const lf = 10;
const cr = 13;
const dash = 45;
const space = 32;
const zero = 48;

/** Gets every complete reply: its code, and its text on demand, until it returns. */
export type OnReply = (code: number, text: () => string) => void;

/**
 * Reads SMTP replies (RFC 5321 §4.2) from octets as they come, at any split. Text is made only when somebody asks for it: most
 * replies of a fan-out are looked at by their code alone.
 */
export class ReplyParser implements Octets {
  readonly #onReply: OnReply;
  #rest: Buffer | undefined;
  #code = 0;
  #lines: string[] = [];
  /** Where the last line of the reply stands. */
  #octets: Buffer = Buffer.alloc(0);
  #start = 0;
  #end = 0;

  constructor(onReply: OnReply) {
    this.#onReply = onReply;
  }

  /** Takes the next octets; false when they are no SMTP reply, or one without end: the connection is of no use then. */
  feed(octets: Buffer): boolean {
    const all = this.#rest ? Buffer.concat([this.#rest, octets]) : octets;
    this.#rest = undefined;
    let from = 0;
    // A reply has some thirty octets: a call into the runtime to find its end costs more than looking at them.
    for (let at = 0; at < all.length; at++) {
      if (all[at] !== lf) continue;
      if (!this.#line(all, from, at > from && all[at - 1] === cr ? at - 1 : at)) return false;
      from = at + 1;
    }
    if (all.length - from > lineOctetsMost + lineEndOctets) return false;
    // A copy, because the caller may use its buffer again.
    if (from < all.length) this.#rest = Buffer.from(all.subarray(from));
    return true;
  }

  #line(octets: Buffer, start: number, end: number): boolean {
    const code = end - start > lineOctetsMost ? 0 : codeAt(octets, start, end);
    if (code === 0 || (this.#lines.length > 0 && code !== this.#code)) return false;
    if (octets[start + 3] === dash) {
      this.#code = code;
      this.#lines.push(octets.toString('latin1', start + 4, end));
      return this.#lines.length < linesMost;
    }
    this.#code = code;
    this.#octets = octets;
    this.#start = start + 4;
    this.#end = end;
    this.#onReply(code, this.text);
    if (this.#lines.length > 0) this.#lines = [];
    return true;
  }

  /** The reply that is being told, as one line. */
  readonly text = (): string => {
    const last = this.#octets.toString('latin1', this.#start, this.#end);
    return replyLine(this.#code, this.#lines.length === 0 ? last : [...this.#lines, last].join(' '));
  };

  get most(): number {
    return textOctetsMost * 3;
  }

  /** Writes the reply that is being told, as `text` gives it. */
  put(into: Buffer, to: number): number {
    const end = Math.min(this.#end, this.#start - 4 + textOctetsMost);
    if (this.#lines.length > 0 || end <= this.#start) return to + into.write(this.text(), to, 'utf8');
    let place = putDecimal(into, to, this.#code);
    into[place++] = space;
    for (let at = this.#start; at < end; at++) place = putVisible(into, place, this.#octets[at]!);
    return place;
  }
}

/** Writes a failure as a reply: `451 4.3.0 text`. `code` replaces the basic code that the status suggests. */
export function failureReply(
  failure: Failure,
  code = basicCode(failure),
): { readonly code: number; readonly text: string } {
  return { code, text: `${failure.status} ${failure.text}` };
}

function basicCode(failure: Failure): number {
  if (failure.status === '4.3.1') return 452;
  if (failure.status === '5.3.4') return 552;
  if (failure.status === '5.4.6') return 554;
  return failure.temporary ? 451 : 550;
}

function codeAt(octets: Buffer, start: number, end: number): number {
  if (end - start < 3) return 0;
  const after = end - start === 3 ? space : octets[start + 3];
  const [a, b, c] = [octets[start]! - zero, octets[start + 1]! - zero, octets[start + 2]! - zero];
  const isReply = a >= 2 && a <= 5 && b >= 0 && b <= 9 && c >= 0 && c <= 9 && (after === space || after === dash);
  return isReply ? a * 100 + b * 10 + c : 0;
}

// A latin1 character as UTF-8, or a blank for one of control, as in `replyLine`.
function putVisible(into: Buffer, to: number, octet: number): number {
  if (octet < 127) into[to] = octet < space ? space : octet;
  else if (octet < 160) into[to] = space;
  else {
    into[to] = 0xc0 | (octet >> 6);
    into[to + 1] = 0x80 | (octet & 63);
    return to + 2;
  }
  return to + 1;
}

// The text of others goes into logs and databases: control characters become blanks.
function replyLine(code: number, text: string): string {
  const line = text === '' ? String(code) : `${code} ${text}`;
  return line.slice(0, textOctetsMost).replace(/[\u0000-\u001f\u007f-\u009f]/g, ' ');
}
