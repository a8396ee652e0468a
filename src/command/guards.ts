import type { ListName } from '../list/name.ts';
import { likelyAutomaticReason, listReason } from '../mail/automatic.ts';
import { type Header, valuesOf } from '../mail/header.ts';
import { originalSender } from '../mail/sender.ts';

/** What a guard looks at; nothing else may stop a command. */
interface Looked {
  /** The envelope sender as it came, and the person behind it. */
  readonly senders: readonly string[];
  readonly header: Header;
  readonly list: ListName;
}

interface Guard {
  /** For the log. */
  readonly name: string;
  /** Why such a mail is neither obeyed nor answered. */
  readonly reason: string;
  readonly isHit: (looked: Looked) => boolean;
}

const guards: readonly Guard[] = [
  {
    name: 'null sender',
    reason:
      'a bounce has nobody to answer, and one that comes back to a confirm address proves nothing (RFC 5321 §4.5.5)',
    isHit: ({ senders }) => senders.some((sender) => sender === '' || sender === '#@[]'),
  },
  {
    name: 'a machine as sender',
    reason: 'its answer to our answer would go on for ever',
    isHit: isSender(/^(?:mailer-daemon|postmaster|daemon|no-?reply|do-?not-?reply)@/i),
  },
  {
    name: 'a list as sender',
    reason: 'the addresses that list programs send from are read by programs (RFC 3834 §2)',
    isHit: isSender(/^owner-|-(?:owner|request|bounces?|return|admin)(?:[+-][^@]*)?@/i),
  },
  {
    name: 'the list itself as sender',
    reason: 'the answer would come back to us',
    isHit: ({ senders, list }) => senders.some((sender) => isOwnAddress(sender, list)),
  },
  {
    name: 'automatic mail',
    reason: 'a vacation message or a delivery report must not subscribe, confirm or be answered (RFC 3834 §2)',
    isHit: ({ header }) => likelyAutomaticReason(header) !== undefined,
  },
  {
    name: 'list mail',
    reason: 'a post of some list that got here was written to nobody in particular',
    isHit: ({ header }) => listReason(header) !== undefined,
  },
  {
    name: 'a loop',
    reason: 'it has been at an address of this list before',
    isHit: ({ header, list }) => valuesOf(header, 'delivered-to').some((value) => isOwnAddress(value, list)),
  },
];

/** The name of the first guard that stops a mail to a command or confirm address, or undefined. */
export function guardAgainst(sender: string, header: Header, list: ListName): string | undefined {
  const person = originalSender(sender)?.text;
  const senders = person === undefined || person === sender ? [sender] : [sender, person];
  return guards.find((guard) => guard.isHit({ senders, header, list }))?.name;
}

function isSender(pattern: RegExp): Guard['isHit'] {
  return ({ senders }) => senders.some((sender) => pattern.test(sender));
}

function isOwnAddress(address: string, list: ListName): boolean {
  const lower = address.toLowerCase().replace(/^<|>$/g, '');
  const at = lower.lastIndexOf('@');
  if (lower.slice(at + 1) !== list.domain) return false;
  const local = lower.slice(0, at);
  const beginnings = [`${list.name}-`, `return.${list.id}.`, `confirm.${list.id}.`];
  return local === list.name || beginnings.some((beginning) => local.startsWith(beginning));
}
