import { judgeSaid } from './by-words.ts';
import { type Understood, verdict } from './verdict.ts';

interface Notification {
  /** SNS's own envelope has it as text in JSON. */
  readonly Message?: unknown;
  readonly bounce?: { readonly bouncedRecipients?: readonly NotifiedRecipient[] };
  readonly complaint?: { readonly complainedRecipients?: readonly NotifiedRecipient[] };
  readonly delivery?: { readonly recipients?: readonly unknown[] };
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
  const bounced = told.bounce?.bouncedRecipients ?? [];
  if (bounced.length > 0) return { kind: 'bounce', recipients: bounced.map(judged) };
  const complained = told.complaint?.complainedRecipients ?? [];
  if (complained.length > 0)
    return {
      kind: 'complaint',
      recipients: complained.map(({ emailAddress }) => verdict(addressOf(emailAddress), 'feedback')),
    };
  const recipients = (told.delivery?.recipients ?? []).map((address) => verdict(addressOf(address), 'delivered'));
  return recipients.length > 0 ? { kind: 'other', recipients } : undefined;
}

function judged({ emailAddress, status, diagnosticCode }: NotifiedRecipient): ReturnType<typeof verdict> {
  return judgeSaid(
    addressOf(emailAddress),
    [diagnosticCode, status].filter((one) => typeof one === 'string').join(' '),
    '',
  );
}

function addressOf(told: unknown): string {
  return typeof told === 'string' ? told : '';
}

function unwrapped(told: Notification | undefined): Notification | undefined {
  return typeof told?.Message === 'string' ? parsed(told.Message) : told;
}

// Long lines are folded on the way, at blanks and with a blank.
function parsed(text: string): Notification | undefined {
  const end = text.search(/\n(?![ \t}"])/);
  try {
    return JSON.parse((end < 0 ? text : text.slice(0, end)).replace(/\n/g, '')) as Notification;
  } catch {
    return undefined;
  }
}
