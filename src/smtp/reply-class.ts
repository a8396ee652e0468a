import { type Dialect, replyRows, type ReplyRow, type ReplyVerdict } from './reply-table.ts';

export type { Dialect, ReplyClass, ReplyVerdict, Resume } from './reply-table.ts';

/** What is known beside the reply itself. */
export interface ReplyContext {
  /** Whose house rules its host follows, from the provider's profile. */
  readonly dialect?: Dialect;
  /** It came instead of a greeting, or to EHLO: before anything was said of a recipient. */
  readonly isGreeting?: boolean;
}

/** Letters of a reply that are looked at; the reply parser keeps no more either. */
const lettersMost = 1_000;

const plain: Omit<ReplyVerdict, 'class' | 'isPermanent' | 'rule'> = {
  score: 'none',
  scope: 'nothing',
  waitMs: 0,
  resume: 'profile',
  alarm: false,
  blamesPost: false,
};

interface ReadReply {
  readonly code: number;
  /** Subject and detail of the enhanced code; empty without one. */
  readonly details: string;
  readonly text: string;
}

/**
 * Says what a reply means and what backs off (`421 4.7.28 text`, its lines joined by blanks). The first digit decides whether it is
 * permanent (RFC 5321 §4.2.1), also against its enhanced code; code and text explain. What is no reply is temporary and unknown.
 */
export function classify(reply: string, context: ReplyContext = {}): ReplyVerdict {
  const read = readReply(reply);
  const digit = Math.floor(read.code / 100);
  if (digit === 2) return Object.freeze({ ...plain, class: 'delivered', isPermanent: false, rule: 'delivered' });
  const row = replyRows.find((candidate) => holds(candidate, read, digit, context));
  if (!row) return Object.freeze({ ...plain, class: 'unknown', isPermanent: false, rule: 'no-reply' });
  return Object.freeze({ ...plain, isPermanent: digit === 5, ...row.says, rule: row.name });
}

function holds(row: ReplyRow, { code, details, text }: ReadReply, digit: number, context: ReplyContext): boolean {
  return (
    (digit === 4 || digit === 5) &&
    (row.digit === undefined || row.digit === digit) &&
    (row.codes === undefined || row.codes.includes(code)) &&
    (row.dialect === undefined || row.dialect === context.dialect) &&
    (row.isGreeting === undefined || context.isGreeting === true) &&
    (row.details === undefined || row.details.test(details)) &&
    (row.text === undefined || row.text.test(text))
  );
}

// The enhanced code follows the code (RFC 2034); qmail's relatives and some filters write it as (#5.1.1).
function readReply(reply: string): ReadReply {
  const line = reply.slice(0, lettersMost);
  const found = /^(\d{3})(?:[ -]+|$)(?:[245]\.(\d{1,3}\.\d{1,3})(?![\d.])[ :]*)?/.exec(line);
  if (!found) return { code: 0, details: '', text: '' };
  const text = line.slice(found[0].length).trim();
  const details = found[2] ?? /#[245]\.(\d{1,3}\.\d{1,3})(?![\d.])/.exec(text)?.[1] ?? '';
  return { code: Number(found[1]), details, text };
}
