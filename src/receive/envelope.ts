import type { SMTPServerAddress } from 'smtp-server';
import { canonicalOf, parseAddress } from '../mail/address.ts';
import { type Failure, permanent } from '../mail/failure.ts';
import { type Places, type Route, routeText } from '../route.ts';

/** Why a sender or recipient is not taken, and the basic code of the reply. */
export interface Refusal {
  readonly failure: Failure;
  readonly code: number;
}

/** What a client may name with an address. */
interface EnvelopeParts {
  readonly domains: readonly string[];
  readonly places: Places;
  readonly isOffered: (route: Route) => boolean;
}

/** Parameters that our EHLO announces; RCPT has none. */
const mailParameters = ['SIZE', 'BODY', 'SMTPUTF8'];

/** Why MAIL FROM is refused. `isUtf8`: the client has said SMTPUTF8. */
export function senderRefusal({ address, args }: SMTPServerAddress, isUtf8: boolean): Refusal | undefined {
  const wrong = parameterRefusal(args, mailParameters) ?? octetRefusal(address, isUtf8);
  if (wrong || address === '' || parseAddress(address)) return wrong;
  return { failure: permanent('5.1.7', 'the sender is not a mail address'), code: 553 };
}

/** Why RCPT TO is refused. */
export function recipientRefusal(
  { address, args }: SMTPServerAddress,
  isUtf8: boolean,
  parts: EnvelopeParts,
): Refusal | undefined {
  const wrong = parameterRefusal(args, []) ?? octetRefusal(address, isUtf8);
  if (wrong) return wrong;
  const failure = routeFailure(routeText(recipientText(address, parts.domains), parts.places), parts);
  return failure && { failure, code: 550 };
}

/** A recipient as it is stored: one spelling of quotes and domains; Postmaster without a domain is ours (RFC 5321 §4.5.1). */
export function recipientText(address: string, [domain = '']: readonly string[]): string {
  return plainAddress(/^postmaster$/i.test(address) ? `postmaster@${domain}` : address);
}

/** An address in the one spelling that is stored and compared; what is none (the null sender) stays as it is. */
export function plainAddress(address: string): string {
  return parseAddress(address)?.text ?? address;
}

/** Each recipient once, whatever its letter case and quotes: a post must not come twice to a list that was named twice. */
export function withoutTwins(recipients: readonly string[]): string[] {
  return [...new Map(recipients.toReversed().map((one) => [canonicalOf(one), one])).values()].toReversed();
}

function routeFailure(route: Route, { isOffered }: EnvelopeParts): Failure | undefined {
  if (route.kind === 'foreign') return permanent('5.7.1', 'mail for that domain is not taken here: no relaying');
  if (route.kind === 'unknown') return permanent('5.1.1', 'there is no such address here');
  return isOffered(route) ? undefined : permanent('5.1.1', 'not offered by this list');
}

// RFC 5321 §4.1.1.11: a client that asks for what we do not do (a DSN, BINARYMIME) must not believe that it is done.
function parameterRefusal(args: SMTPServerAddress['args'], known: readonly string[]): Refusal | undefined {
  const unknown = args === false ? undefined : Object.keys(args).find((name) => !known.includes(name));
  return unknown === undefined
    ? undefined
    : { failure: permanent('5.5.4', 'a parameter that is not offered'), code: 555 };
}

// The package reads octets that are no UTF-8 as U+FFFD, and domains in their ASCII form as Unicode: only the local part tells.
function octetRefusal(address: string, isUtf8: boolean): Refusal | undefined {
  if (address.includes('\ufffd')) return { failure: permanent('5.6.7', 'the address is not UTF-8'), code: 553 };
  if (isUtf8 || !/[^\0-\u007f]/.test(address.slice(0, address.lastIndexOf('@')))) return undefined;
  return { failure: permanent('5.6.7', 'such an address needs SMTPUTF8'), code: 553 };
}
