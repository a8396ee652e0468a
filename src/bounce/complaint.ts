import { valueOf } from '../mail/header.ts';
import type { ReturnedParts } from './returned-parts.ts';
import { addressIn, type Understood, verdict } from './verdict.ts';

const recipientField =
  /^(?:Original-Rcpt-To|Removal-Recipient):[ \t]*(?:rfc822;)?[ \t]*<?([^\s<>]{1,300}@[^\s<>;]{1,255})/gim;

/** Reads a complaint (ARF, RFC 5965): who no longer wants the mail. Providers leave the recipient out; then the mail itself may name it. */
export function readComplaint(feedback: string, { returned }: ReturnedParts): Understood {
  const named = [...feedback.matchAll(recipientField)].map((found) => found[1]!);
  const addresses = named.length > 0 ? [...new Set(named)] : [addressIn(returned && valueOf(returned, 'to')) ?? ''];
  const diagnostic = /^Feedback-Type:[ \t]*([a-z-]{1,40})/im.exec(feedback)?.[1] ?? '';
  return { kind: 'complaint', recipients: addresses.map((address) => verdict(address, 'feedback', { diagnostic })) };
}

/** Reads a complaint of Outlook.com's junk mail programme: the mail itself, with the recipient in a field of its own; undefined when it is none. */
export function readJunkReport({ header, returned }: ReturnedParts): Understood | undefined {
  const address = addressIn(returned && valueOf(returned, 'x-hmxmroriginalrecipient'));
  if (address === undefined || !/^complaint about message from/i.test(valueOf(header, 'subject') ?? ''))
    return undefined;
  return { kind: 'complaint', recipients: [verdict(address, 'feedback', { diagnostic: 'abuse' })] };
}
