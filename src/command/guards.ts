import { automaticReason, listReason } from '../mail/automatic.ts';
import { type Header, valuesOf } from '../mail/header.ts';
import type { ListName } from '../list/name.ts';

interface Guard {
  readonly name: string;
  readonly isHit: (sender: string, header: Header, list: ListName) => boolean;
}

/**
 * Why a mail to a command address is not obeyed and not answered (RFC 3834 §2, and the loops that every list has seen). Confirmations pass
 * the same guards: a vacation message must not subscribe anybody.
 */
const guards: readonly Guard[] = [
  { name: 'null sender', isHit: (sender) => sender === '' || sender === '#@[]' },
  {
    name: 'a machine as sender',
    isHit: (sender) => /^(?:mailer-daemon|postmaster|daemon|noreply|no-reply)@/i.test(sender),
  },
  { name: 'a list as sender', isHit: (sender) => /-(?:owner|request|bounces?|return|return-[^@]*)@/i.test(sender) },
  { name: 'the list itself as sender', isHit: (sender, _header, list) => isOwnAddress(sender, list) },
  { name: 'automatic mail', isHit: (_sender, header) => automaticReason(header) !== undefined },
  { name: 'list mail', isHit: (_sender, header) => listReason(header) !== undefined },
  {
    name: 'a loop',
    isHit: (_sender, header, list) =>
      valuesOf(header, 'delivered-to').some(
        (value) => value.toLowerCase().endsWith(list.address) || isOwnAddress(value, list),
      ),
  },
];

/** The name of the first guard that is hit, or undefined. */
export function guardAgainst(sender: string, header: Header, list: ListName): string | undefined {
  return guards.find((guard) => guard.isHit(sender, header, list))?.name;
}

function isOwnAddress(address: string, list: ListName): boolean {
  const lower = address.toLowerCase();
  return lower.endsWith(`@${list.domain}`) && (lower === list.address || lower.startsWith(`${list.name}-`));
}
