import { likelyAutomaticReason } from '../mail/automatic.ts';
import { parseContentType } from '../mail/content-type.ts';
import { type Header, valueOf } from '../mail/header.ts';
import { decodeWords } from '../mail/words.ts';
import { judgeFields } from './by-fields.ts';
import { judgeWords } from './by-words.ts';
import { readComplaint, readJunkReport } from './complaint.ts';
import { readStatusFields } from './delivery-status.ts';
import { readNotification } from './notification.ts';
import { type ReturnedParts, returnedParts } from './returned-parts.ts';
import { hasSystemMarks, isFromSystem, isNamedSystem } from './sender.ts';
import { answerTongues, machineWords } from './tongues.ts';
import { addressIn, type Understood, verdict } from './verdict.ts';

/**
 * Says what any mail that came to an address for bounces is, and what it says of whom. Reads a bounded part of it, never throws. The test for a
 * report comes before the one for automatic mail: real reports carry `Auto-Submitted: auto-replied` (RFC 3834 §5).
 */
export function understand(message: Buffer): Understood {
  return understandAt(message, 0);
}

/** Reports in reports: gateways enclose what they got. */
const depthMost = 3;

function understandAt(message: Buffer, depth: number): Understood {
  const parts = returnedParts(message);
  const inner = depth < depthMost && isReport(parts.returned) ? parts.enclosed : undefined;
  const type = parseContentType(valueOf(parts.header, 'content-type'));
  const report =
    type.type === 'multipart/report' ? (type.parameters.get('report-type') ?? '').toLowerCase() : undefined;
  if (parts.isReceipt || report === 'disposition-notification') return { kind: 'autoreply', recipients: [] };
  if (report === undefined && !isFromSystem(parts.header)) return readJunkReport(parts) ?? notReturned(parts);
  if (parts.feedback !== undefined) return readComplaint(parts.feedback, parts);
  if (report === 'feedback-report') return { kind: 'complaint', recipients: [] };
  const fields = readStatusFields(parts.status);
  if (fields.length > 0) return judgeFields(fields, parts.notice);
  if (inner) return understandAt(inner, depth + 1);
  const told = readNotification(parts.notice) ?? judgeWords(parts);
  if (told && told.recipients.length > 0) return told;
  // A report of words that was sent on whole.
  if (parts.enclosed && parts.returned && isNamedSystem(parts.returned) && depth < depthMost)
    return understandAt(parts.enclosed, depth + 1);
  return told ?? (report === 'delivery-status' ? unnamed : notReturned(parts));
}

function isReport(header: Header | undefined): boolean {
  return header !== undefined && /^multipart\/report\b.*delivery-status/is.test(valueOf(header, 'content-type') ?? '');
}

/** A report that names nobody. */
const unnamed: Understood = Object.freeze({ kind: 'bounce', recipients: [] });

// An answering machine has got the mail (RFC 3834).
function notReturned({ header, notice }: ReturnedParts): Understood {
  const subject = decodeWords(valueOf(header, 'subject') ?? '');
  const isAutomatic =
    likelyAutomaticReason(header) !== undefined ||
    /^(?:out of (?:the )?office|vacation)/i.test(subject) ||
    answerTongues.test(subject) ||
    (hasSystemMarks(header) && machineWords.test(`${subject}\n${notice}`));
  if (!isAutomatic) return { kind: 'other', recipients: [] };
  const address = addressIn(valueOf(header, 'from'));
  return {
    kind: 'autoreply',
    recipients: address === undefined ? [] : [verdict(address, 'vacation', { diagnostic: subject })],
  };
}
