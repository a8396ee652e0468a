import type { DsnLetter, DsnReport } from './dsn-report.ts';
import { plainLine } from './words.ts';

/** The subject of a notification, in words for people. */
export function dsnSubject({ action, recipient }: DsnReport): string {
  return `${subjects[action]}: ${plainLine(recipient).slice(0, shownMost)}`;
}

/** Characters of an address that a subject shows. */
const shownMost = 80;

/** What a notification says to people: what became of the mail, who said so, and what can be done. Lines end with LF. */
export function dsnText(letter: DsnLetter): string {
  const { reporter, report } = letter;
  const paragraphs = [
    `This is the mail system of ${plainLine(reporter)}.`,
    opening(letter),
    `    ${plainLine(report.recipient)}`,
    ...answerOf(report),
    ...afterwards(letter),
    enclosure(report),
  ];
  return `${paragraphs.join('\n\n')}\n`;
}

const subjects = {
  failed: 'Mail could not be delivered',
  delayed: 'Mail is delayed',
  delivered: 'Mail has arrived',
  relayed: 'Mail was passed on',
} as const satisfies Record<DsnReport['action'], string>;

const openings = {
  failed: 'Your mail could not be delivered to this address, and will not be tried again:',
  delayed: 'Your mail could not be delivered yet to this address. Nothing is lost, and you need not send it again:',
  delivered: 'As you have asked to be told: your mail has arrived at this address:',
  relayed: 'As you have asked to be told: your mail was passed on to the host that takes mail for this address:',
} as const satisfies Record<DsnReport['action'], string>;

function opening({ isForPostmaster, report }: DsnLetter): string {
  return isForPostmaster
    ? 'A mail without a sender who could be told could not be delivered to this address, and will not be tried again:'
    : openings[report.action];
}

function answerOf({ host, reply }: DsnReport): string[] {
  if (reply === '') return [];
  const who = host === '' ? 'The reason:' : `The host ${plainLine(host)} said:`;
  return [who, `    ${plainLine(reply)}`];
}

/** What helps, by the code of the failure (RFC 3463); the first that fits. */
const advice: readonly (readonly [status: RegExp, text: string])[] = [
  [/^5\.1\.[13]$/, 'Look for a mistake in the address; if there is none, ask the person for a new one in another way.'],
  [/^5\.(?:1\.2|1\.10|4\.4)$/, 'The part behind the @ takes no mail: look for a mistake in it.'],
  [/^[45]\.2\.2/, 'The mailbox is full: tell the person in another way, and send your mail again when there is room.'],
  [/^5\.(?:2\.3|3\.4)/, 'The mail is too large for that host: send less at a time, or a link.'],
  [/^5\.7\./, 'The host does not want this mail: the person, or the postmaster there, can tell you why.'],
  [/^4\./, 'The host could not take it for all of that time: ask the person in another way, or send it again later.'],
];

function afterwards({ isForPostmaster, report, at }: DsnLetter): string[] {
  if (isForPostmaster) return ['It is told to you because nobody else can be told.'];
  if (report.action === 'relayed') return ['That host does not tell of what becomes of it: this is the last news.'];
  if (report.action === 'delayed') {
    const until = new Date(report.retryUntil ?? at).toUTCString();
    return [`It is tried again until ${until}. If it has not arrived by then, you are told.`];
  }
  const found = advice.find(([status]) => status.test(report.status))?.[1];
  return report.action === 'failed' ? [found ?? 'If you do not know why, ask the postmaster of that domain.'] : [];
}

function enclosure({ action }: DsnReport): string {
  const what = action === 'failed' ? 'Your mail, or its header when it is large,' : 'The header of your mail';
  return `Below, the same is said for programs (RFC 3464). ${what} is enclosed.`;
}
