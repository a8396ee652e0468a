import { type Header, valueOf } from '../mail/header.ts';
import { decodeWords } from '../mail/words.ts';

/** Nobody but a mail system calls itself so. */
const systemNames =
  /mailer[-_. ]?daemon|post_master@|mail delivery (?:sub)?system|system administrator|mail administrator|mail system|microsoft ?exchange|daemon@|^\s*<\s*>\s*$/i;
/** Mail systems call themselves so, and now and then the people who run them. */
const officeNames =
  /p(?:o|oo)st[-_ ]?master|\b(?:admin|administrat(?:or|eur|or)|sysadmin|no-?reply|do-?not-?reply)\b|administrator_at_|\b(?:root|mmdf|uucp|smtp|robot|gateway|gate|bounces?|notifications?|delivery|mail(?:er|robot|gate|server|admin|system)?)@/i;
const answerSubject = /^\s*(?:re|aw|sv|vs|antw|odp|fwd?|wg|tr|rv|vb|res|enc|rif|i)\s*(?:\[\d+\])?:/i;

/**
 * Whether a program of a mail system sent it: by its name, or by marks that people's mail does not have, with no mark of an answer. People's
 * mail quotes reports, encloses them, and speaks of them in its subject; it is theirs all the same.
 */
export function isFromSystem(header: Header): boolean {
  const from = decodeWords(valueOf(header, 'from') ?? '');
  // RFC 5322 §3.6.6: somebody sent it on by hand.
  if (header.fields.some(({ name }) => name === 'resent-from')) return false;
  if (systemNames.test(from)) return true;
  // fml, a list manager, refuses with the marks of its posts.
  if (officeNames.test(from) && header.fields.some(({ name }) => name === 'x-mlserver')) return true;
  const hasMarks = hasSystemMarks(header);
  if (officeNames.test(from)) return hasMarks || !hasHandMarks(header);
  return hasMarks && !hasHandMarks(header);
}

/** Its name says that it is a mail system, whatever its words. */
export function isNamedSystem(header: Header): boolean {
  return systemNames.test(decodeWords(valueOf(header, 'from') ?? ''));
}

function hasHandMarks(header: Header): boolean {
  return (
    header.fields.some(({ name }) => /^(?:in-reply-to|references|user-agent|list-id|list-post)$/.test(name)) ||
    answerSubject.test(decodeWords(valueOf(header, 'subject') ?? ''))
  );
}

/** Marks that only automatic mail has: a null sender (RFC 5321 §4.5.5), Auto-Submitted (RFC 3834 §5), Exim's own field. */
export function hasSystemMarks(header: Header): boolean {
  const submitted = valueOf(header, 'auto-submitted');
  return (
    valueOf(header, 'return-path')?.trim() === '<>' ||
    (submitted !== undefined && !/^no\b/i.test(submitted)) ||
    header.fields.some(({ name }) => name === 'x-failed-recipients')
  );
}
