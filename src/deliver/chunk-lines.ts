const lf = 10;
const cr = 13;
const at = 64;
/** Lines of a usual chunk. */
const firstLines = 1_024;

/** The members of a chunk, a line each (see `list/packed.ts`), as the octets that they came in. */
export class ChunkLines {
  readonly octets: Buffer;
  /** The position of the first line's member in its post. */
  readonly first: number;
  /** Nothing is above ASCII. */
  readonly isAscii: boolean;
  /** And nothing is a line end or a zero octet: an address can be sent as it stands. */
  readonly isPlain: boolean;
  /** Of each line where its domain begins, the `@` included, and where it ends. Outside of the heap: it waits as long as the chunk does. */
  #places = new Uint32Array(2 * firstLines);
  #count = 0;

  constructor(packed: Uint8Array, first: number) {
    this.octets = Buffer.from(packed.buffer, packed.byteOffset, packed.byteLength);
    this.first = first;
    let octetsSeen = 0;
    let isPlain = true;
    let domain = 0;
    for (let place = 0; place < this.octets.length; place++) {
      const octet = this.octets[place]!;
      octetsSeen |= octet;
      if (octet === at) domain = place;
      else if (octet === cr || octet === 0) isPlain = false;
      else if (octet === lf) {
        this.#add(domain, place);
      }
    }
    this.isAscii = octetsSeen < 128;
    this.isPlain = this.isAscii && isPlain;
  }

  get count(): number {
    return this.#count;
  }

  startOf(line: number): number {
    return line === 0 ? 0 : this.endOf(line - 1) + 1;
  }

  /** Where a line's address ends. */
  endOf(line: number): number {
    return this.#places[2 * line + 1]!;
  }

  /** The domain of a line's address, in lower case. */
  domainOf(line: number): string {
    return this.octets.toString('utf8', this.#places[2 * line]! + 1, this.endOf(line)).toLowerCase();
  }

  /** The first line behind `line` whose domain is written in another way. */
  endOfDomain(line: number): number {
    let next = line + 1;
    while (next < this.count && this.#isSameDomain(line, next)) next++;
    return next;
  }

  #add(domain: number, end: number): void {
    if (2 * this.#count === this.#places.length) {
      const more = new Uint32Array(2 * this.#places.length);
      more.set(this.#places);
      this.#places = more;
    }
    this.#places[2 * this.#count] = domain;
    this.#places[2 * this.#count + 1] = end;
    this.#count++;
  }

  #isSameDomain(a: number, b: number): boolean {
    const [from, other] = [this.#places[2 * a]!, this.#places[2 * b]!];
    const length = this.endOf(a) - from;
    if (this.endOf(b) - other !== length) return false;
    for (let n = 0; n < length; n++) if (this.octets[from + n] !== this.octets[other + n]) return false;
    return true;
  }
}
