import { base32Integer, fromBase32Integer } from '../lib/base32.ts';
import { type Address, localPartOctetsMost, parseAddress } from './address.ts';

/**
 * VERP: the envelope sender of every copy tells the post and the member, so that a bounce needs no parsing.
 * Two forms (DESIGN: addresses): the readable `L-return-<number>.<mac>-user=dom@H` where it fits 64 octets, and
 * `return.<list id>.<number>.<member>.<mac>@H`, which always fits.
 */
export interface VerpTarget {
  /** Post number; 0 is a reply that belongs to no post. */
  readonly number: number;
  readonly member: number;
  readonly address: Address;
}

/** The MAC of a VERP address for one key: 40 bits in 8 base32 characters. Given by the list, which owns the keys. */
export type VerpMac = (number: number, canonical: string) => string;

// What gateways leave alone in a local part, and what has no meaning of its own in the readable form.
const readableLocal = /^[A-Za-z0-9.+_-]+$/;

/** The envelope sender for one copy. `prefix` is the list's name, with `-digest` for a digest. */
export function verpSender(prefix: string, listId: string, domain: string, target: VerpTarget, mac: VerpMac): string {
  const code = mac(target.number, target.address.canonical);
  const { local: user, domain: at } = target.address;
  if (readableLocal.test(user) && !at.startsWith('[')) {
    const local = `${prefix}-return-${target.number}.${code}-${user.toLowerCase()}=${at}`;
    if (local.length <= localPartOctetsMost) return `${local}@${domain}`;
  }
  return `return.${listId}.${base32Integer(target.number)}.${base32Integer(target.member)}.${code}@${domain}`;
}

/** What the tail of a readable form (behind `L-return-`) claims; the MAC is still to be checked. */
export interface ReadableVerp {
  readonly number: number;
  readonly mac: string;
  readonly address: Address;
}

/** Reads `<number>.<mac>-user=dom`; undefined when it is something else. */
export function parseReadableVerp(tail: string): ReadableVerp | undefined {
  const found = /^(\d{1,15})\.([a-z2-7]{8})-(.+)=([^=]+)$/i.exec(tail);
  if (!found) return undefined;
  const address = parseAddress(`${found[3]!}@${found[4]!}`);
  return address && Object.freeze({ number: Number(found[1]), mac: found[2]!.toLowerCase(), address });
}

/** What an opaque form claims; the address is looked up by the member's number, then the MAC is checked. */
export interface OpaqueVerp {
  readonly listId: string;
  readonly number: number;
  readonly member: number;
  readonly mac: string;
}

/** Reads `return.<list id>.<number>.<member>.<mac>`; undefined when it is something else. */
export function parseOpaqueVerp(local: string): OpaqueVerp | undefined {
  const [word, listId, number, member, mac, ...rest] = local.toLowerCase().split('.');
  if (word !== 'return' || rest.length > 0 || !listId || !mac || !/^[a-z2-7]{8}$/.test(mac)) return undefined;
  const post = fromBase32Integer(number ?? '');
  const who = fromBase32Integer(member ?? '');
  return post === undefined || who === undefined
    ? undefined
    : Object.freeze({ listId, number: post, member: who, mac });
}
