import { type Header, parseHeader } from '../mail/header.ts';
import { splitNotice } from './notice.ts';
import { enclosedTypes, type Part, partsOf, textOf } from './parts.ts';

/** What a mail that came back consists of. */
export interface ReturnedParts {
  readonly header: Header;
  /** Fields of the delivery report (RFC 3464), as text; empty without one. */
  readonly status: string;
  /** Fields of a complaint (RFC 5965). */
  readonly feedback: string | undefined;
  /** It has a disposition notification (RFC 8098). */
  readonly isReceipt: boolean;
  /** The host's own words. */
  readonly notice: string;
  /** The header of the mail that is given back. */
  readonly returned: Header | undefined;
  /** That mail, where it is a part of its own. */
  readonly enclosed: Buffer | undefined;
}

/** Characters of words, and of fields; a report on 200 recipients has less. */
const textMost = 65_536;

/** Takes a mail apart. */
export function returnedParts(message: Buffer): ReturnedParts {
  const parts = partsOf(message);
  const text = wordsOf(parts).slice(0, textMost);
  const status = parts.filter(isStatus).map(textOf);
  const enclosed = parts.find(({ type }) => enclosedTypes.test(type));
  const feedback = parts.find(({ type }) => type === 'message/feedback-report');
  const split = enclosed ? { notice: text, returned: '' } : splitNotice(text);
  return {
    header: parseHeader(message),
    // Some hosts write the fields into the text.
    status: (status.length === 0 && /^(?:Final|Original)-Recipient:/im.test(text) ? text : status.join('\n\n')).slice(
      0,
      textMost,
    ),
    feedback: feedback && textOf(feedback),
    isReceipt: parts.some(({ type }) => type === 'message/disposition-notification'),
    notice: split.notice,
    enclosed: enclosed?.body,
    returned: enclosed ? parseHeader(enclosed.body) : headerIn(split.returned),
  };
}

/** The first that a mail has is read. */
const wordTypes = ['text/plain', 'text/html', 'application/json'];

function wordsOf(parts: readonly Part[]): string {
  for (const type of wordTypes) {
    const words = parts.filter((part) => part.type === type);
    if (words.length > 0) return words.map(textOf).join('\n\n');
  }
  return '';
}

// Gateways that do not know the type keep the fields as a file.
function isStatus({ type, body }: Part): boolean {
  if (/^message\/(?:global-)?delivery-status$/.test(type)) return true;
  return type === 'application/octet-stream' && /^Final-Recipient:/im.test(body.toString('latin1', 0, 4_000));
}

function headerIn(returned: string): Header | undefined {
  const lines = returned.split('\n');
  const at = lines.findIndex((line) => /^[A-Za-z][A-Za-z-]{1,60}:[ \t]/.test(line));
  return at < 0 ? undefined : parseHeader(Buffer.from(lines.slice(at).join('\n'), 'utf8'));
}
