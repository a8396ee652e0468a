import { type Header, valueOf, valuesOf } from '../mail/header.ts';
import { decodeWords } from '../mail/words.ts';
import { type Mentioned, mentionedIn } from './mentioned.ts';
import { reasonOf, refusedCommand, shareOf } from './reasons.ts';
import type { ReturnedParts } from './returned-parts.ts';
import { isNamedSystem } from './sender.ts';
import { delayTongues, failureTongues } from './tongues.ts';
import { addressIn, statusIn, uncounted, unwrapped, type Understood, type Verdict, verdict } from './verdict.ts';

const recipientsMost = 100;

/** Judges a report that has no fields, by the words of its host; undefined when it is none. */
export function judgeWords(parts: ReturnedParts): Understood | undefined {
  const { header, notice } = parts;
  const failed = valuesOf(header, 'x-failed-recipients').flatMap((value) =>
    value.split(',', recipientsMost).map((one) => one.trim()),
  );
  if (failed.length === 0 && !looksLikeReport(parts)) return undefined;
  const found = foundIn(parts, failed.filter((one) => one.includes('@')).slice(0, recipientsMost));
  const isAlone = found.length === 1;
  const most = shareOf(found.length);
  const lower = notice.toLowerCase();
  const before = isAlone ? '' : notice.slice(0, Math.max(0, notice.indexOf(found[0]?.address ?? '')));
  const recipients = found.map(({ address, text }) => {
    const said = judgeSaid(
      address,
      `${transcriptOf(notice, lower, address)}${text}`.slice(0, most),
      isAlone && text !== notice ? notice : '',
    );
    // One reason stands before them all.
    return said.reason === 'undefined' && before !== ''
      ? judgeSaid(address, `${before}\n${text}`.slice(0, most), '')
      : said;
  });
  const isDelay = speaksOfDelay(decodeWords(valueOf(header, 'subject') ?? '')) && isStillTrying(notice);
  return isDelay ? { kind: 'delay', recipients: recipients.map(uncounted) } : { kind: 'bounce', recipients };
}

// Sendmail's transcript: what was asked about an address, and the answer.
function transcriptOf(notice: string, lower: string, address: string): string {
  const asked = `>>> RCPT To:<${address}>`.toLowerCase();
  const at = lower.indexOf(asked);
  const end = notice.indexOf('\n', notice.indexOf('<<<', at));
  return at < 0 || end < at ? '' : `${notice.slice(at, end)}\n`;
}

// What a server says for another one stands behind such words; the words before them are the same in every report.
const quoting =
  /(?:error that the other server returned was|response (?:from the remote server )?was|error was|remote host said|failed with(?: the following error)?|diagnostic-code)[ \t]*:/i;

/** Judges one recipient by what is said of it; `around` is what else the report says, when it speaks of nobody else. */
export function judgeSaid(address: string, text: string, around: string): Verdict {
  const near = /\b[45]\d\d\b|[45]\.\d\.\d/.test(text) ? text : `${text}\n${around}`;
  const quoted = quoting.exec(near);
  const words = unwrapped(quoted ? near.slice(quoted.index + quoted[0].length) : near);
  const status = statusIn(words) || statusIn(near);
  const command = refusedCommand(near) ?? refusedCommand(around);
  const told = reasonOf({ text: words, status, command });
  const reason = told === 'undefined' ? reasonOf({ text: `${near}\n${around}`, status, command }) : told;
  return verdict(address, reason, { status, diagnostic: words });
}

function foundIn({ header, notice, returned }: ReturnedParts, failed: readonly string[]): Mentioned[] {
  const mentioned = mentionedIn(notice, othersIn(header, returned));
  if (failed.length > 0) {
    return failed.map((address) => {
      const own = mentioned.find((one) => one.address.toLowerCase() === address.toLowerCase());
      return own ?? { address, text: failed.length === 1 ? notice : '' };
    });
  }
  if (mentioned.length > 0) return mentioned;
  const to = addressIn(returned && (valueOf(returned, 'x-envelope-to') ?? valueOf(returned, 'to')));
  return to === undefined ? [] : [{ address: to, text: notice }];
}

// Whoever wrote the report, gets it, or wrote the mail that is given back.
function othersIn(header: Header, returned: Header | undefined): Set<string> {
  const own = ['from', 'to', 'reply-to', 'return-path'].map((name) => addressIn(valueOf(header, name)));
  const theirs = returned ? ['from', 'sender', 'return-path'].map((name) => addressIn(valueOf(returned, name))) : [];
  return new Set([...own, ...theirs].flatMap((one) => (one === undefined ? [] : [one.toLowerCase()])));
}

const failureSubject =
  /undeliver|delivery (?:status|fail|problem|notification|report)|returned mail|failure notice|mail system error|could not be delivered|non[- ]?(?:delivery|remis)|mail fail|delivery has failed|message status|sending failed|\bbounced?\b|not deliver/i;
const failureWords =
  /(?:could not|cannot|can't|unable to|was not|were not|not be|did not|didn't|couldn't be|failed to) (?:be )?(?:deliver|reach|send|sent)|undeliver|delivery (?:has )?failed|permanent (?:fatal )?error|mailbox is full|returned to sender/i;

function looksLikeReport({ header, notice, returned }: ReturnedParts): boolean {
  if (isNamedSystem(header)) return true;
  // RFC 3834 §5: what an office's program replies is an answer, unless it has the code of a refusal.
  const isReply = /^auto-replied\b/i.test(valueOf(header, 'auto-submitted') ?? '');
  if (isReply && !/\b[45]\d\d[ -]|\b[45]\.\d{1,2}\.\d/.test(notice)) return false;
  const subject = decodeWords(valueOf(header, 'subject') ?? '');
  if (failureSubject.test(subject) && /\b[45]\d\d\b|@/.test(notice)) return true;
  if (failureTongues.test(subject)) return true;
  if (!failureWords.test(notice) && !failureTongues.test(notice)) return false;
  return returned !== undefined || /^[ \t]*(?:[^\n:@]{1,30}:[ \t]*)?[^\s@]{1,80}@|\b[45]\d\d[ -]/im.test(notice);
}

function speaksOfDelay(subject: string): boolean {
  return /\b(?:warning|delay(?:ed)?)\b/i.test(subject) || delayTongues.test(subject);
}

function isStillTrying(notice: string): boolean {
  if (delayTongues.test(notice)) return true;
  return /warning message only|has not yet been delivered|has been delayed|will (?:be retried|continue)|still being (?:tried|attempted)|delivery attempts will continue|not been delivered yet/i.test(
    notice,
  );
}
