import { putBase32Of40 } from '../lib/base32.ts';
import { SipHash } from '../lib/siphash.ts';

/** Octets of a MAC as it is written: 40 bits in base32 (DESIGN: addresses). */
export const copyMacOctets = 8;

/** Proves the envelope senders of one post's copies: SipHash-2-4 of the member's canonical address under the post's own key, cut to 40 bits. */
export class CopyMac {
  readonly #hash: SipHash;

  /** `key`: 16 octets, of this post alone. */
  constructor(key: Uint8Array) {
    this.#hash = new SipHash(key);
  }

  /** Writes the MAC of an address, the octets `from` to before `end`, at `at`. */
  put(into: Uint8Array, at: number, octets: Uint8Array, from: number, end: number): void {
    this.#hash.of(octets, from, end);
    putBase32Of40(into, at, this.#hash.low, this.#hash.high);
  }

  of(canonical: string): string {
    const octets = Buffer.from(canonical, 'utf8');
    const text = Buffer.alloc(copyMacOctets);
    this.put(text, 0, octets, 0, octets.length);
    return text.toString('latin1');
  }
}
