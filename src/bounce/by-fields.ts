import type { StatusFields } from './delivery-status.ts';
import { mentionedIn } from './mentioned.ts';
import type { BounceReason } from './bounce-reason.ts';
import { reasonOf, refusedCommand, shareOf } from './reasons.ts';
import { preciser, uncounted, unwrapped, type Understood, type Verdict, verdict } from './verdict.ts';

const nobody: ReadonlySet<string> = new Set();

/** Judges the recipients of a delivery report (RFC 3464). What its fields leave open is looked for in the words beside them. */
export function judgeFields(fields: readonly StatusFields[], notice: string): Understood {
  const most = shareOf(fields.length);
  const mentioned = mentionedIn(notice, nobody);
  const recipients = fields.map((one) => {
    const own = mentioned.find(({ address }) => address.toLowerCase() === one.address.toLowerCase())?.text ?? '';
    const told = { ...one, diagnostic: unwrapped(one.diagnostic.slice(0, most)) };
    const judged = judgeOne(told, own.slice(0, most), fields.length === 1 ? notice : '');
    return isDelay(one) ? uncounted(judged) : judged;
  });
  if (fields.every(isDelay)) return { kind: 'delay', recipients };
  return { kind: recipients.some(({ counts }) => counts) ? 'bounce' : 'other', recipients };
}

// Dovecot's delivery agent says why in words, and puts a report of user unknown beside them that is the same for every reason.
function rejectedLocally(words: string): { reason: BounceReason; words: string } | undefined {
  const found = /^your message to <[^>\n]{1,300}> was automatically rejected:[ \t\r]*\n?([^\n]{1,300})/im.exec(
    words,
  )?.[1];
  if (found === undefined) return undefined;
  const isFull = /disk space/i.test(found);
  const reason = isFull ? 'mailboxfull' : reasonOf({ text: found, status: '', command: undefined });
  return reason === 'undefined' ? undefined : { reason, words: found };
}

// Without an action the class of the code tells.
function isDelay({ action, status }: StatusFields): boolean {
  return action === 'delayed' || (action === '' && status.startsWith('4'));
}

function judgeOne(
  { address, action, status, diagnostic, remoteHost: host }: StatusFields,
  own: string,
  notice: string,
): Verdict {
  // RFC 3464 §2.3.3; some hosts write `deliverable`.
  if (/^(?:deliver|relayed|expanded)/.test(action)) return verdict(address, 'delivered', { status, diagnostic, host });
  const around = `${own}\n${notice}`;
  const local = rejectedLocally(around);
  if (local) return verdict(address, local.reason, { diagnostic: local.words, host });
  const command = refusedCommand(diagnostic) ?? refusedCommand(around);
  const code = preciser(status, diagnostic);
  const told = diagnostic === '' ? 'undefined' : reasonOf({ text: diagnostic, status: code, command });
  const reason =
    told === 'undefined'
      ? reasonOf({ text: `${diagnostic}\n${around}`, status: preciser(code, around), command })
      : told;
  return verdict(address, reason, { status: code, diagnostic: diagnostic || own, host });
}
