import { plainLine } from '../mail/words.ts';
import { judgeSaid } from './by-words.ts';
import type { BounceReason } from './bounce-reason.ts';
import { addressIn, type Understood, type Verdict, verdict } from './verdict.ts';

/** What JSON says is taken for nothing before it is looked at. */
interface Notification {
  /** SNS's own envelope has it as text in JSON. */
  readonly Message?: unknown;
  readonly bounce?: { readonly bouncedRecipients?: unknown; readonly bounceSubType?: unknown } | null;
  readonly complaint?: { readonly complainedRecipients?: unknown } | null;
  readonly delivery?: { readonly recipients?: unknown } | null;
}

interface NotifiedRecipient {
  readonly emailAddress?: unknown;
  readonly status?: unknown;
  readonly diagnosticCode?: unknown;
}

/** Reads what Amazon's SES tells as JSON, which its SNS sends by mail; undefined when the text holds none. */
export function readNotification(notice: string): Understood | undefined {
  const at = notice.search(/^\{\s*"(?:notificationType|eventType|Type)"/m);
  const told = at < 0 ? undefined : unwrapped(parsed(notice.slice(at)));
  if (!told) return undefined;
  const bounced = recipientsIn(told.bounce?.bouncedRecipients);
  if (bounced.length > 0)
    return { kind: 'bounce', recipients: bounced.map((one) => judged(one, subTypes.get(told.bounce?.bounceSubType))) };
  const complained = recipientsIn(told.complaint?.complainedRecipients);
  if (complained.length > 0)
    return {
      kind: 'complaint',
      recipients: complained.map(({ emailAddress }) => verdict(addressOf(emailAddress), 'feedback')),
    };
  const recipients = listIn(told.delivery?.recipients).map((address) => verdict(addressOf(address), 'delivered'));
  return recipients.length > 0 ? { kind: 'other', recipients } : undefined;
}

const recipientsMost = 200;

function listIn(told: unknown): readonly unknown[] {
  return Array.isArray(told) ? told.slice(0, recipientsMost) : [];
}

function recipientsIn(told: unknown): readonly NotifiedRecipient[] {
  return listIn(told).filter((one): one is NotifiedRecipient => typeof one === 'object' && one !== null);
}

/** What SES says itself, where it has no words of the host. */
const subTypes: ReadonlyMap<unknown, BounceReason> = new Map([
  ['NoEmail', 'userunknown'],
  ['MailboxFull', 'mailboxfull'],
  ['MessageTooLarge', 'mesgtoobig'],
  ['ContentRejected', 'contenterror'],
  ['AttachmentRejected', 'policyviolation'],
]);

function judged(
  { emailAddress, status, diagnosticCode }: NotifiedRecipient,
  reason: BounceReason | undefined,
): Verdict {
  const words = [diagnosticCode, status].filter((one) => typeof one === 'string').join(' ');
  const said = judgeSaid(addressOf(emailAddress), words, '');
  return said.reason === 'undefined' && reason !== undefined ? verdict(said.address, reason, said) : said;
}

function addressOf(told: unknown): string {
  const text = typeof told === 'string' ? plainLine(told.slice(0, 320)) : '';
  return addressIn(text) ?? text;
}

function unwrapped(told: Notification | undefined): Notification | undefined {
  return typeof told?.Message === 'string' ? parsed(told.Message) : told;
}

// Long lines are folded on the way, at blanks and with a blank.
function parsed(text: string): Notification | undefined {
  const end = text.search(/\n(?![ \t}"])/);
  try {
    const told: unknown = JSON.parse((end < 0 ? text : text.slice(0, end)).replace(/\n/g, ''));
    return typeof told === 'object' && told !== null ? told : undefined;
  } catch {
    return undefined;
  }
}
