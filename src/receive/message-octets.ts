const dot = 46;
const cr = 13;
const lf = 10;

/** What the last octets were. */
type Behind = 'text' | 'CR' | 'CRLF' | 'CRLF dot' | 'CRLF dot CR';

const lineDot = Buffer.from('\r\n.', 'latin1');
const dotAlone = Buffer.from('.', 'latin1');
const dotCr = Buffer.from('.\r', 'latin1');

/**
 * Reads the octets that follow a 354, at any split: takes the transparency dots off (RFC 5321 §4.5.2) and finds the end, which is CRLF, dot,
 * CRLF and nothing else. A dot that was not doubled stays.
 */
export class MessageOctets {
  readonly #take: (octets: Buffer) => void;
  #behind: Behind = 'CRLF';
  /** Where the octets of the chunk begin that were not handed on yet. */
  #from = 0;

  constructor(take: (octets: Buffer) => void) {
    this.#take = take;
  }

  /** Takes the next octets; gives where those begin that follow the message, once its end has come. */
  feed(chunk: Buffer): number | undefined {
    this.#from = 0;
    for (let at = 0; at < chunk.length;) {
      if (this.#behind === 'text') at = this.#toLineDot(chunk, at);
      else if (this.#behind === 'CRLF dot CR' && chunk[at] === lf) return at + 1;
      else at = this.#step(chunk, at);
    }
    this.#handOn(chunk, chunk.length, chunk.length);
    return undefined;
  }

  // One search of the whole chunk costs less than a look at each of its octets by a factor of ten.
  #toLineDot(chunk: Buffer, at: number): number {
    const found = chunk.indexOf(lineDot, at);
    if (found >= 0) {
      this.#handOn(chunk, found + 2, found + 3);
      this.#behind = 'CRLF dot';
      return found + 3;
    }
    const last = chunk.length - 1;
    if (chunk[last] === cr) this.#behind = 'CR';
    else if (last > at && chunk[last] === lf && chunk[last - 1] === cr) this.#behind = 'CRLF';
    return chunk.length;
  }

  // A dot at the start of a line is held until the next octets tell what it is. Gives where to go on.
  #step(chunk: Buffer, at: number): number {
    const octet = chunk[at]!;
    switch (this.#behind) {
      case 'CRLF':
        if (octet === dot) this.#handOn(chunk, at, at + 1);
        this.#behind = octet === dot ? 'CRLF dot' : octet === cr ? 'CR' : 'text';
        return at + 1;
      case 'CRLF dot':
        if (octet === cr) this.#from = at + 1;
        else if (octet !== dot) this.#take(dotAlone);
        this.#behind = octet === cr ? 'CRLF dot CR' : 'text';
        return octet === cr || octet === dot ? at + 1 : at;
      case 'CRLF dot CR':
        this.#take(dotCr);
        this.#behind = 'CR';
        return at;
      case 'CR':
      case 'text':
        this.#behind = octet === lf ? 'CRLF' : octet === cr ? 'CR' : 'text';
        return at + 1;
    }
  }

  #handOn(chunk: Buffer, end: number, next: number): void {
    if (end > this.#from)
      this.#take(this.#from === 0 && end === chunk.length ? chunk : chunk.subarray(this.#from, end));
    this.#from = next;
  }
}
