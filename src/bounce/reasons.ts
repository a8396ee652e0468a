import type { BounceReason, RefusedCommand } from './bounce-reason.ts';
import { tongueRows } from './tongues.ts';
import { ownWords, plainStatuses, plainWords, type Row, rows, unknownUser } from './reason-words.ts';

/** What is known of a refusal. */
export interface Said {
  /** Reply, diagnostic and words of the host, one text. */
  readonly text: string;
  /** `5.1.1`; empty when unknown. */
  readonly status: string;
  readonly command: RefusedCommand;
}

/** Characters that are looked at; a reason stands in front. */
const textMost = 12_000;

/** Characters that may be looked at for each of so many recipients, so that a report on many takes no longer than one on a few. */
export function shareOf(recipients: number): number {
  return Math.max(300, Math.floor((2 * textMost) / Math.max(1, recipients)));
}

/** The reason of a refusal, by its words, then by its code (RFC 3463, RFC 7505, RFC 7372 …). */
export function reasonOf({ text: whole, status, command }: Said): BounceReason {
  const lines = whole.slice(0, textMost);
  // Hosts break lines anywhere.
  const flat = lines.replace(/\s+/g, ' ');
  const text = flat === lines ? lines : `${lines}\n${flat}`;
  if (/^[45]\.4\.7$/.test(status) && !otherThanTime.test(text)) return 'expired';
  const plain =
    plainStatuses.find(([code]) => code.test(status))?.[1] ??
    plainWords.find((one) => holds(one, text, command))?.reason;
  if (plain !== undefined) return plain;
  if (command === 'MAIL' && /^[45]\.1\./.test(status)) return 'rejected';
  if (
    (unknownUser.test(text) || (isAtRecipient(text, status, command) && unknownUser.test(withoutAddresses(text)))) &&
    !isNoUserAtAll(text)
  )
    return isAtRecipient(text, status, command) ? 'userunknown' : 'filtered';
  const told = tongueRows.find((one) => holds(one, text, command))?.reason;
  if (told !== undefined) return told === 'userunknown' && command === 'DATA' ? 'filtered' : told;
  const row = rows.find((one) => holds(one, text, command));
  return row?.reason ?? byStatus(status) ?? byCommand(command);
}

// The dot in `user bob@example.org not found` ends no sentence.
function withoutAddresses(text: string): string {
  return text.replace(/<?[^\s<>@]{1,64}@[^\s<>@]{1,255}>?/g, '@');
}

/** The mail was kept until its time was over because of something that is told. */
const otherThanTime = /name server|name lookup|refused|rejected|reverse|disk space|ldap/i;

function holds({ text, command }: Row, words: string, refused: RefusedCommand): boolean {
  return (command === undefined || command === refused) && text.test(words);
}

// A host that takes the recipient and refuses the message may mean the message, whatever its words: only a code or a command that is about
// the address, or the words of the host that would keep the mailbox, prove that nobody lives there.
function isAtRecipient(text: string, status: string, command: RefusedCommand): boolean {
  if (/^[45]\.1\.[0136]$|^5\.1\.10$/.test(status) || command === 'RCPT') return true;
  return command !== 'DATA' && ownWords.test(text);
}

// The words are about the sender, or about a host.
function isNoUserAtAll(text: string): boolean {
  return /sender address|domain of sender|sender .{0,60}(?:rejected|invalid)|unknown (?:host|domain)|helo/i.test(text);
}

/** The command that a host refused. */
export function refusedCommand(text: string): RefusedCommand {
  const flat = text.slice(0, textMost).replace(/\s+/g, ' ');
  return commands.find(([words]) => words.test(flat))?.[1];
}

const commands: readonly (readonly [RegExp, RefusedCommand])[] = [
  [
    /(?:in reply to|after) (?:the )?(?:end of )?data|>>> data|smtp command\s{1,4}data|final data|text command|\(data\)|end-of-data/i,
    'DATA',
  ],
  [
    /(?:in reply to|after) (?:the )?rcpt|rcpt_to|>>> ?rcpt|following rcpt|smtp:rcpt|smtp command\s{1,4}rcpt|does not like recipient|rcpt to/i,
    'RCPT',
  ],
  [/(?:in reply to|after) (?:the )?mail|mail_from|>>> ?mail|sender was rejected|smtp command\s{1,4}mail/i, 'MAIL'],
  [
    /initial connection|refused to talk|my name was rejected|(?:in reply to|after) (?:the )?(?:helo|ehlo)|while performing the/i,
    'connection',
  ],
];

function byCommand(command: RefusedCommand): BounceReason {
  if (command === 'MAIL') return 'rejected';
  if (command === 'connection') return 'blocked';
  return 'undefined';
}

function byStatus(status: string): BounceReason | undefined {
  return statusReasons.find(([start]) => start.test(status))?.[1];
}

const statusReasons: readonly (readonly [RegExp, BounceReason])[] = [
  [/^[45]\.1\.(?:1|0|3)$/, 'userunknown'],
  [/^5\.1\.10$/, 'notaccept'],
  [/^[45]\.1\.2$/, 'hostunknown'],
  [/^[45]\.1\.[456]$/, 'hasmoved'],
  [/^[45]\.1\.[789]$/, 'rejected'],
  [/^[45]\.2\.1$/, 'suspend'],
  [/^[45]\.2\.2$/, 'mailboxfull'],
  [/^[45]\.2\.3$/, 'exceedlimit'],
  [/^[45]\.2\.0$/, 'filtered'],
  [/^[45]\.2\.4$/, 'filtered'],
  [/^[45]\.3\.1$/, 'systemfull'],
  [/^[45]\.3\.2$/, 'notaccept'],
  [/^[45]\.3\.4$/, 'mesgtoobig'],
  [/^[45]\.3\./, 'systemerror'],
  [/^[45]\.4\.4$/, 'hostunknown'],
  [/^[45]\.4\.1$/, 'expired'],
  [/^[45]\.4\.7$/, 'expired'],
  [/^[45]\.4\./, 'networkerror'],
  [/^[45]\.5\./, 'syntaxerror'],
  [/^[45]\.6\./, 'contenterror'],
  [/^[45]\.7\.1$/, 'securityerror'],
  [/^[45]\.7\.25$/, 'requireptr'],
  [/^[45]\.7\.2[0-9]$/, 'authfailure'],
  [/^[45]\.7\.13$/, 'suspend'],
  [/^[45]\.7\.[67]\d\d$/, 'blocked'],
  [/^[45]\.7\./, 'securityerror'],
];
