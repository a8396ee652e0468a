import { maySendAs, type User } from '../domain/users.ts';
import { canonicalOf, parseAddress } from '../mail/address.ts';
import { type DsnRequest, readDsnOfMessage, readDsnOfRecipient } from '../mail/dsn-request.ts';
import { type Failure, permanent } from '../mail/failure.ts';
import { type Places, route, type Route } from '../route.ts';
import type { Path, Recipient } from './path.ts';

/** Why a sender or recipient is not taken, and the basic code of the reply. */
export interface Refusal {
  readonly failure: Failure;
  readonly code: number;
}

/** What is known of a session when it names an address. */
export interface Named {
  /** The client has said SMTPUTF8. */
  readonly isUtf8: boolean;
  /** Who has logged in; undefined where nobody needs to. */
  readonly user: User | undefined;
  /** DSN is announced (RFC 3461). */
  readonly isDsnHonoured: boolean;
}

/** What a client may name with an address. */
interface EnvelopeParts {
  readonly domains: readonly string[];
  readonly places: Places;
  readonly isOffered: (route: Route) => boolean;
}

/** Parameters that our EHLO announces, and those of DSN. */
const parametersOf = {
  mail: { plain: ['SIZE', 'BODY', 'SMTPUTF8'], dsn: ['RET', 'ENVID'] },
  rcpt: { plain: [], dsn: ['NOTIFY', 'ORCPT'] },
} as const;

/** Reads what MAIL FROM names, in the one spelling that is stored, empty for the null sender; or why it is refused. */
export function readSender(path: Path, named: Named): string | Refusal {
  const { address } = path;
  const wrong = parameterRefusal(path, 'mail', named) ?? octetRefusal(address, named);
  if (wrong) return wrong;
  const sender = address === '' ? '' : parseAddress(address)?.text;
  if (sender === undefined) return { failure: permanent('5.1.7', 'the sender is not a mail address'), code: 553 };
  if (!named.user || sender === '' || maySendAs(named.user, sender)) return sender;
  return { failure: permanent('5.7.1', 'you may not send mail from this address'), code: 553 };
}

/** Reads what RCPT TO names, once for the whole transaction; or why it is refused. */
export function readRecipient(path: Path, named: Named, parts: EnvelopeParts): Recipient | Refusal {
  const wrong = parameterRefusal(path, 'rcpt', named) ?? octetRefusal(path.address, named);
  if (wrong) return wrong;
  const recipient = recipientOf(path.address, parts);
  const failure = routeFailure(recipient.route, named, parts);
  return failure ? { failure, code: 550 } : recipient;
}

/** One spelling of quotes and domains; Postmaster without a domain is ours (RFC 5321 §4.5.1). */
function recipientOf(text: string, { domains: [domain = ''], places }: EnvelopeParts): Recipient {
  const whole = text.includes('@') || text.toLowerCase() !== 'postmaster' ? text : `${text.toLowerCase()}@${domain}`;
  const address = parseAddress(whole);
  return address
    ? { text: address.text, canonical: address.canonical, route: route(address, places) }
    : { text: whole, canonical: canonicalOf(whole), route: { kind: 'unknown' } };
}

/** Each recipient once, whatever its letter case and quotes: a post must not come twice to a list that was named twice. */
export function withoutTwins(recipients: readonly Recipient[]): readonly Recipient[] {
  if (recipients.length < 2) return recipients;
  return [...new Map(recipients.toReversed().map((one) => [one.canonical, one])).values()].toReversed();
}

function routeFailure(route: Route, { user }: Named, { isOffered }: EnvelopeParts): Failure | undefined {
  if (route.kind === 'foreign')
    return user ? undefined : permanent('5.7.1', 'mail for that domain is not taken here: no relaying');
  if (route.kind === 'unknown') return permanent('5.1.1', 'there is no such address here');
  return isOffered(route) ? undefined : permanent('5.1.1', 'not offered by this list');
}

// RFC 5321 §4.1.1.11: a client that asks for what we do not do (BINARYMIME) must not believe that it is done.
function parameterRefusal(
  { parameters }: Path,
  command: keyof typeof parametersOf,
  { isDsnHonoured }: Named,
): Refusal | undefined {
  if (!parameters) return undefined;
  const known: readonly string[] = [
    ...parametersOf[command].plain,
    ...(isDsnHonoured ? parametersOf[command].dsn : []),
  ];
  if (![...parameters.keys()].every((name) => known.includes(name)))
    return { failure: permanent('5.5.4', 'a parameter that is not offered'), code: 555 };
  const read = command === 'mail' ? readDsnOfMessage(parameters) : readDsnOfRecipient(parameters);
  return read.ok ? undefined : { failure: read.failure, code: 501 };
}

// The package reads octets that are no UTF-8 as U+FFFD, and domains in their ASCII form as Unicode: only the local part tells.
function octetRefusal(address: string, { isUtf8 }: Named): Refusal | undefined {
  if (address.includes('\ufffd')) return { failure: permanent('5.6.7', 'the address is not UTF-8'), code: 553 };
  if (isUtf8 || !/[^\0-\u007f]/.test(address.slice(0, address.lastIndexOf('@')))) return undefined;
  return { failure: permanent('5.6.7', 'such an address needs SMTPUTF8'), code: 553 };
}

/** What the client asked about notifications of each recipient, by its text as stored; nobody is in it who asked for nothing. */
export function dsnRequests(
  sender: Path | false,
  recipients: readonly Path[],
): ReadonlyMap<string, DsnRequest> | undefined {
  if (!sender || (!sender.parameters && !recipients.some(({ parameters }) => parameters))) return undefined;
  const requests = new Map<string, DsnRequest>();
  const ofMessage = sender.parameters && readDsnOfMessage(sender.parameters);
  for (const { recipient, parameters } of recipients) {
    if (!recipient) continue;
    const ofRecipient = parameters && readDsnOfRecipient(parameters);
    const request = Object.freeze({
      ...(ofMessage && ofMessage.ok && ofMessage.value),
      ...(ofRecipient?.ok && ofRecipient.value),
    });
    if (Object.keys(request).length > 0) requests.set(recipient.text, request);
  }
  return requests.size > 0 ? requests : undefined;
}
