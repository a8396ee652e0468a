import { base32Integer, fromBase32Integer } from '../lib/base32.ts';
import { canonicalOf } from '../mail/address.ts';
import type { Keys } from './list.ts';
import type { ListName } from './name.ts';

/**
 * The address that stands in one member's copies and ends that membership: `confirm.<list id>.leave.<member>.<mac>`, with 80 bits of MAC.
 * It holds as long as the membership does: member ids are never used again, so that who comes back is not ended by an old mail, and a second
 * mail changes nothing.
 */
export interface LeaveClaim {
  readonly listId: string;
  readonly member: number;
  readonly mac: string;
}

/** Whose membership it ends. */
interface Leaving {
  readonly id: number;
  readonly address: string;
}

/** Writes the address; it fits RFC 5321's 64 octets whatever the list and the member are called. */
export function leaveAddress(list: ListName, member: Leaving, keys: Keys): string {
  return `confirm.${list.id}.leave.${base32Integer(member.id)}.${keys.tokenMac(partsOf(member))}@${list.domain}`;
}

/** Reads a local part of that form; its MAC is still to be checked. Undefined when it is something else. */
export function parseLeaveAddress(local: string): LeaveClaim | undefined {
  const found = /^confirm\.([a-z2-7]{8})\.leave\.([a-z2-7]{1,11})\.([a-z2-7]{16})$/.exec(local.toLowerCase());
  const member = fromBase32Integer(found?.[2] ?? '');
  return found && member !== undefined ? Object.freeze({ listId: found[1]!, member, mac: found[3]! }) : undefined;
}

/** Whether the address stood in a copy for this member. */
export function provesLeaving({ mac }: LeaveClaim, member: Leaving, keys: Keys): boolean {
  return keys.tokenMatches(partsOf(member), mac);
}

function partsOf({ id, address }: Leaving): string[] {
  return ['leave', String(id), canonicalOf(address)];
}
