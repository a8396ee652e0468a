import { randomBytes } from 'node:crypto';
import { base32, fromBase32 } from '../lib/base32.ts';
import { type Address, canonicalOf, localPartOctetsMost } from '../mail/address.ts';
import { embed, rolePrefix } from './grammar.ts';
import type { Keys } from './list.ts';
import type { ListName, MailRole, Role } from './name.ts';
import type { Request, RequestAction } from './store.ts';

/**
 * Tokens of confirmation addresses: expiry (minutes since 1970, 32 bits) and nonce (32 bits) in 13 base32 characters, then the
 * 80-bit MAC over (action, role, canonical address, expiry, nonce) in 16. Lower case, since gateways fold it.
 */
const claimCharacters = 13;
const minuteMs = 60_000;

/** A nonce for a new request. */
export function newNonce(): number {
  return randomBytes(4).readUInt32BE();
}

/** When a request that is made now expires, in milliseconds; whole minutes, as the token has them. */
export function expiryIn(days: number, now: number): number {
  return (Math.floor(now / minuteMs) + days * 1_440) * minuteMs;
}

/**
 * The address that confirms a request: `L-[role-]sc.<token>-user=dom@H` where it fits 64 octets, else
 * `confirm.<list id>.<request>.<mac>@H`, for which the request is looked up.
 */
export function confirmAddress(list: ListName, request: Request, address: Address, keys: Keys): string {
  const readable = readableLocal(list, request, address, keys);
  if (readable !== undefined && readable.length <= localPartOctetsMost) return `${readable}@${list.domain}`;
  return `confirm.${list.id}.${request.id}.${keys.tokenMac(idPartsOf(request, address.canonical))}@${list.domain}`;
}

/** What a token of the readable form proves; undefined when its MAC is wrong. Expiry is for the caller to judge. */
export function readToken(
  token: string,
  action: RequestAction,
  role: MailRole,
  address: Address,
  keys: Keys,
): { expires: number; nonce: number } | undefined {
  const claim = fromBase32(token.slice(0, claimCharacters));
  if (claim?.length !== 8 || token.length !== claimCharacters + 16) return undefined;
  // 13 characters hold one bit more than 8 octets: only one of the two spellings is ours.
  if (base32(claim) !== token.slice(0, claimCharacters).toLowerCase()) return undefined;
  const expires = claim.readUInt32BE(0) * minuteMs;
  const nonce = claim.readUInt32BE(4);
  const parts = partsOf(action, role, address.canonical, expires, nonce);
  return keys.tokenMatches(parts, token.slice(claimCharacters)) ? { expires, nonce } : undefined;
}

/** Whether the MAC of a `confirm.<list id>.<request>.<mac>` address belongs to this request. */
export function matchesRequest(request: Request, mac: string, keys: Keys): boolean {
  return keys.tokenMatches(idPartsOf(request, canonicalOf(request.address)), mac);
}

// Moderators have no command addresses of their own, hence no readable form.
function readableLocal(list: ListName, request: Request, address: Address, keys: Keys): string | undefined {
  const { action, role, expires, nonce } = request;
  const who = embed(address);
  if (who === undefined || !hasAddresses(role)) return undefined;
  const token =
    base32(claimOctets(expires, nonce)) + keys.tokenMac(partsOf(action, role, address.canonical, expires, nonce));
  return `${list.name}-${rolePrefix(role)}${action}.${token}-${who}`;
}

function hasAddresses(role: Role): role is MailRole {
  return role !== 'mod';
}

function partsOf(action: string, role: string, canonical: string, expires: number, nonce: number): string[] {
  return [action, role, canonical, String(expires), String(nonce)];
}

function idPartsOf(request: Request, canonical: string): string[] {
  return [
    'id',
    String(request.id),
    ...partsOf(request.action, request.role, canonical, request.expires, request.nonce),
  ];
}

function claimOctets(expires: number, nonce: number): Buffer {
  const octets = Buffer.alloc(8);
  octets.writeUInt32BE(expires / minuteMs, 0);
  octets.writeUInt32BE(nonce, 4);
  return octets;
}
