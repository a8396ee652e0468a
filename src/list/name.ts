import { hash } from 'node:crypto';
import { base32 } from '../lib/base32.ts';
import { parseDomain } from '../mail/address.ts';

/** The parts that an address can have in a list (ezmlm's databases). */
export const roles = ['subscriber', 'digest', 'allow', 'deny', 'mod'] as const;
export type Role = (typeof roles)[number];

/** The roles that have command addresses of their own: `L-digest-subscribe`, `L-allow-…`, `L-deny-…`. */
export type MailRole = Exclude<Role, 'mod'>;

/** Which list: `news@lists.example.org`. Frozen. */
export interface ListName {
  readonly name: string;
  readonly domain: string;
  /** `name@domain`. */
  readonly address: string;
  /** 40 bits of the address's hash in base32: stands for the list where its name does not fit. */
  readonly id: string;
}

/** Octets of a list name: leaves room for every command within a local part of 64 (DESIGN: addresses). */
export const listNameOctetsMost = 40;

const grammar = /^[a-z0-9]+(?:[._-][a-z0-9]+)*$/;

/** Reads a list's address; undefined when no list may bear it. The letter case of the input does not matter. */
export function parseListName(address: string): ListName | undefined {
  const at = address.lastIndexOf('@');
  const name = address.slice(0, at).toLowerCase();
  const domain = parseDomain(address.slice(at + 1));
  if (at < 1 || domain === undefined || domain.startsWith('[')) return undefined;
  if (name.length > listNameOctetsMost || !grammar.test(name)) return undefined;
  return Object.freeze({ name, domain, address: `${name}@${domain}`, id: listId(`${name}@${domain}`) });
}

function listId(address: string): string {
  return base32(hash('sha256', address, 'buffer').subarray(0, 5));
}

/** Local parts that belong to the domain, never to a list (RFC 5321 §4.5.1, RFC 2142) or to our opaque addresses. */
export function isReservedLocal(local: string): boolean {
  return /^(?:postmaster|abuse|mailer-daemon)$|^(?:return|confirm)(?:\.|$)/.test(local.toLowerCase());
}
