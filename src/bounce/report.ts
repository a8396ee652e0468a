import { simpleParser } from 'mailparser';
import { parseContentType } from '../mail/content-type.ts';
import { type Header, valueOf } from '../mail/header.ts';
import { automaticReason } from '../mail/automatic.ts';
import { plainLine } from '../mail/words.ts';

/** What came back to a VERP address. */
export type Returned =
  /** A failure, for good or not: RFC 3464, or any bounce whose form nobody knows. */
  | { readonly kind: 'failure'; readonly text: string }
  /** Only news: delayed, relayed, delivered. */
  | { readonly kind: 'news' }
  /** A vacation message or the like. */
  | { readonly kind: 'automatic' };

/** Octets of a report that are parsed: what counts stands in front. */
const parsedOctetsMost = 262_144;

/**
 * Reads what came back. The test for a delivery report comes before the one for automatic mail: real reports carry `Auto-Submitted:
 * auto-replied` (RFC 3464 §2.1, Postfix and many others), and a filter that drops those first loses them.
 */
export async function readReturned(message: Buffer, header: Header): Promise<Returned> {
  const { type, parameters } = parseContentType(valueOf(header, 'content-type'));
  if (type === 'multipart/report' && parameters.get('report-type')?.toLowerCase() === 'delivery-status') {
    return readReport(message);
  }
  // A bounce that is no report comes from the null sender of a mail system and is no answer of a person's program.
  if (automaticReason(header) !== undefined && !looksLikeBounce(header)) return { kind: 'automatic' };
  return { kind: 'failure', text: plainLine(valueOf(header, 'subject') ?? 'returned mail') };
}

async function readReport(message: Buffer): Promise<Returned> {
  const status = await deliveryStatus(message);
  const actions = [...status.matchAll(/^Action:\s*([a-z]+)/gim)].map(([, action]) => action!.toLowerCase());
  if (actions.length > 0 && !actions.includes('failed')) return { kind: 'news' };
  const diagnostic = /^Diagnostic-Code:\s*([^\r\n]*(?:\r?\n[ \t][^\r\n]*)*)/im.exec(status)?.[1];
  const code = /^Status:\s*([245]\.\d{1,3}\.\d{1,3})/im.exec(status)?.[1];
  return { kind: 'failure', text: plainLine(diagnostic ?? code ?? 'returned mail') };
}

async function deliveryStatus(message: Buffer): Promise<string> {
  try {
    const mail = await simpleParser(message.subarray(0, parsedOctetsMost), {
      skipHtmlToText: true,
      skipTextToHtml: true,
      skipImageLinks: true,
    });
    const part = mail.attachments.find(({ contentType }) => contentType === 'message/delivery-status');
    return part ? part.content.toString('latin1') : '';
  } catch {
    return '';
  }
}

function looksLikeBounce(header: Header): boolean {
  const from = valueOf(header, 'from') ?? '';
  return header.fields.some(({ name }) => name === 'x-failed-recipients') || /mailer-daemon|postmaster/i.test(from);
}
