import { base32Integer } from '../lib/base32.ts';
import { addressOctetsMost, keptAddress, localPartOctetsMost } from './address.ts';
import { type CopyMac, copyMacOctets } from './copy-mac.ts';
import { type VerpMac, verpSender } from './verp.ts';

/** Whose post it is, and which. */
export interface CopiesOf {
  /** The list's name, with `-digest` for a digest. */
  readonly prefix: string;
  readonly listId: string;
  readonly domain: string;
  readonly number: number;
}

const at = 64;
const bracket = 91;
const dash = 45;
const dot = 46;
const equals = 61;

// The readable form holds nothing else of a local part: see `verp.ts`, whose table this is, by octets.
const isReadable = Uint8Array.from({ length: 256 }, (_, octet) =>
  /[A-Za-z0-9.+_-]/.test(String.fromCharCode(octet)) ? 1 : 0,
);

/**
 * The envelope senders of one post's copies, as `verpSender` writes them, from octets to octets: nothing of them becomes text on its way from
 * the chunk to the wire.
 */
export class CopySenders {
  readonly #of: CopiesOf;
  readonly #mac: CopyMac;
  readonly #verpMac: VerpMac;
  /** What stands before the MAC in the readable form, before the member in the other, and behind both. */
  readonly #readable: Buffer;
  readonly #opaque: Buffer;
  readonly #end: Buffer;
  /** Octets of `user=domain` that the readable form has room for. */
  readonly #roomFor: number;
  readonly #canonical = Buffer.alloc(addressOctetsMost + 1);
  /** Octets that a sender has at the most. */
  readonly most: number;

  constructor(of: CopiesOf, mac: CopyMac) {
    this.#of = of;
    this.#mac = mac;
    this.#verpMac = (_, canonical) => mac.of(canonical);
    this.#readable = Buffer.from(`${of.prefix}-return-${of.number}.`, 'latin1');
    this.#opaque = Buffer.from(`return.${of.listId}.${base32Integer(of.number)}.`, 'latin1');
    this.#end = Buffer.from(`@${of.domain}`, 'latin1');
    this.#roomFor = localPartOctetsMost - this.#readable.length - copyMacOctets - 1;
    this.most = localPartOctetsMost + this.#end.length;
  }

  /** The sender for any address. */
  of(member: number, address: string): string {
    const { prefix, listId, domain, number } = this.#of;
    return verpSender(prefix, listId, domain, { number, member, address: keptAddress(address) }, this.#verpMac);
  }

  /** Writes the sender for an ASCII address, the octets `from` to before `end`, at `to`; gives the place behind it. */
  put(into: Buffer, to: number, member: number, octets: Uint8Array, from: number, end: number): number {
    const canonical = this.#canonical;
    const length = end - from;
    for (let n = 0; n < length; n++) canonical[n] = lower(octets[from + n]!);
    const local = canonical.lastIndexOf(at, length - 1);
    const isPlain = length <= this.#roomFor && canonical[local + 1] !== bracket && isReadableLocal(canonical, local);
    return isPlain ? this.#putReadable(into, to, local, length) : this.#putOpaque(into, to, member, length);
  }

  #putReadable(into: Buffer, to: number, local: number, length: number): number {
    let place = putAll(into, to, this.#readable);
    this.#mac.put(into, place, this.#canonical, 0, length);
    place += copyMacOctets;
    into[place++] = dash;
    for (let n = 0; n < length; n++) into[place + n] = this.#canonical[n]!;
    into[place + local] = equals;
    return putAll(into, place + length, this.#end);
  }

  #putOpaque(into: Buffer, to: number, member: number, length: number): number {
    let place = putAll(into, to, this.#opaque);
    place += into.write(base32Integer(member), place, 'latin1');
    into[place++] = dot;
    this.#mac.put(into, place, this.#canonical, 0, length);
    return putAll(into, place + copyMacOctets, this.#end);
  }
}

function putAll(into: Buffer, to: number, octets: Buffer): number {
  for (let n = 0; n < octets.length; n++) into[to + n] = octets[n]!;
  return to + octets.length;
}

function isReadableLocal(octets: Uint8Array, end: number): boolean {
  for (let n = 0; n < end; n++) if (isReadable[octets[n]!] === 0) return false;
  return end > 0;
}

// What `canonicalOf` does to an ASCII address.
function lower(octet: number): number {
  return octet >= 65 && octet <= 90 ? octet + 32 : octet;
}
