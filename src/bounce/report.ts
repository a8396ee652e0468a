import { simpleParser } from 'mailparser';
import { likelyAutomaticReason } from '../mail/automatic.ts';
import { parseContentType } from '../mail/content-type.ts';
import { type Header, valueOf } from '../mail/header.ts';
import { plainLine } from '../mail/words.ts';

/** What came back to a VERP address. */
export type Returned =
  /** The mail did not arrive: RFC 3464, or a bounce whose form nobody knows. */
  | { readonly kind: 'failure'; readonly text: string }
  /** Nothing that counts against a member; `why` is for the log. */
  | { readonly kind: 'other'; readonly why: 'only news' | 'automatic mail' | 'no bounce' };

/** Octets of a report that are parsed: what counts stands in front. */
const parsedOctetsMost = 262_144;
/** RFC 3464 §2.1, RFC 6533 §3. */
const statusTypes = ['message/delivery-status', 'message/global-delivery-status'];
/** Octets of a bounce without a report in which its reason is looked for. */
const searchedOctetsMost = 16_384;

/**
 * Reads what came back. The test for a delivery report comes before the one for automatic mail: real reports carry `Auto-Submitted:
 * auto-replied` (RFC 3834 §5, Postfix and many others), and a filter that drops those first loses them.
 */
export async function readReturned(message: Buffer, header: Header, sender: string): Promise<Returned> {
  const { type, parameters } = parseContentType(valueOf(header, 'content-type'));
  const report = parameters.get('report-type')?.toLowerCase() ?? 'delivery-status';
  if (type === 'multipart/report') {
    // Receipts (RFC 8098) and complaints (RFC 5965) are about mail that did arrive.
    return report === 'delivery-status' ? readReport(message) : { kind: 'other', why: 'automatic mail' };
  }
  const isBounce = looksLikeBounce(header);
  if (!isBounce && likelyAutomaticReason(header) !== undefined) return { kind: 'other', why: 'automatic mail' };
  // People, and answering machines that do not say so, also write to the Return-Path; they have got the mail.
  if (!isBounce && sender !== '' && sender !== '#@[]') return { kind: 'other', why: 'no bounce' };
  return { kind: 'failure', text: reasonIn(message, header) };
}

async function readReport(message: Buffer): Promise<Returned> {
  const status = await deliveryStatus(message);
  if (isNews(status)) return { kind: 'other', why: 'only news' };
  const diagnostic = /^Diagnostic-Code:[ \t]*([^\r\n]*(?:\r?\n[ \t][^\r\n]*)*)/im.exec(status)?.[1];
  const code = /^Status:[ \t]*([245]\.\d{1,3}\.\d{1,3})/im.exec(status)?.[1];
  return {
    kind: 'failure',
    text: plainLine((diagnostic ?? '').replace(/\r?\n[ \t]+/g, ' ')) || (code ?? 'returned mail'),
  };
}

// RFC 3464 §2.3.3: delayed, delivered, relayed and expanded are no failure; real reports also have `deliverable`, and `expired` for a
// failure. Without an Action the class of the status tells.
function isNews(status: string): boolean {
  const actions = [...status.matchAll(/^Action:[ \t]*([a-z]+)/gim)].map(([, action]) => action!.toLowerCase());
  if (actions.length > 0) return actions.every((action) => /^(?:delayed|deliver|relayed|expanded)/.test(action));
  return /^Status:[ \t]*[24]\./im.test(status);
}

async function deliveryStatus(message: Buffer): Promise<string> {
  try {
    const mail = await simpleParser(message.subarray(0, parsedOctetsMost), {
      keepDeliveryStatus: true,
      skipHtmlToText: true,
      skipTextToHtml: true,
      skipTextLinks: true,
      skipImageLinks: true,
    });
    const part = mail.attachments.find(({ contentType }) => statusTypes.includes(contentType));
    return part ? part.content.toString('latin1') : '';
  } catch {
    return '';
  }
}

function looksLikeBounce(header: Header): boolean {
  const from = valueOf(header, 'from') ?? '';
  return header.fields.some(({ name }) => name === 'x-failed-recipients') || /mailer-daemon|postmaster@/i.test(from);
}

// The line with an SMTP code tells more than the subject.
function reasonIn(message: Buffer, header: Header): string {
  const body = message.toString('latin1', header.bodyStart, header.bodyStart + searchedOctetsMost);
  const line = body.split('\n').find((text) => /\b[45]\d\d[ -]|#?\b[45]\.\d{1,3}\.\d{1,3}\b/.test(text));
  return plainLine(line ?? valueOf(header, 'subject') ?? '') || 'returned mail';
}
