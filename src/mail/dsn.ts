import { isUtf8 } from 'node:buffer';
import { dsnSubject, dsnText } from './dsn-words.ts';
import type { DsnLetter, DsnReport } from './dsn-report.ts';
import { parseHeader, valueOf } from './header.ts';
import { mailDate } from './received.ts';
import { isEightBit } from './seven-bit.ts';
import { quotedPrintable } from './transfer-encoding.ts';
import { encodeWords, headerField, plainLine } from './words.ts';

/** A message up to so many octets is given back whole. */
const wholeMost = 32_768;
/** Octets of a header that are given back. */
const headerMost = 16_384;
/** Characters of one field of a report. */
const fieldMost = 1_900;
/** Octets of a line: RFC 5322 §2.1.1. */
const lineMost = 998;

/** Writes a delivery status notification (RFC 3464 in RFC 6522), of at most some 60 KiB, for the null sender. Never throws. */
export function composeDsn(letter: DsnLetter): Buffer {
  const returned = returnedPart(letter.report);
  const parts = [textPart(dsnText(letter)), statusPart(letter), returned.part];
  const boundary = boundaryFor(letter.id, parts);
  const pieces = parts.flatMap((part) => [Buffer.from(`--${boundary}\r\n`), part, Buffer.from('\r\n')]);
  const header = letterHeader(letter, boundary, returned.isEightBit);
  return Buffer.concat([Buffer.from(header), ...pieces, Buffer.from(`--${boundary}--\r\n`)]);
}

/** Writes an address for the fields of a report and for ORCPT: with its type, in ASCII (RFC 3464 §2.3.1, RFC 6533 §3). */
export function typedAddress(address: string): { readonly type: string; readonly address: string } {
  if (!/[^ -~]/.test(address)) return { type: 'rfc822', address };
  const escaped = plainLine(address).replace(/[^!-*,-<>-[\]-~]/gu, (one) => {
    const hex = one.codePointAt(0)!.toString(16).toUpperCase();
    return `\\x{${hex.padStart(2, '0')}}`;
  });
  return { type: 'utf-8', address: escaped };
}

/** The enhanced code of a reply when it is of this class; without one `usual`, or the class alone (RFC 3463). */
export function statusOf(reply: string, digit: '2' | '4' | '5', usual = `${digit}.0.0`): string {
  const found = /^\d{3}[ -]([245])\.(\d{1,3}\.\d{1,3})(?![\d.])/.exec(reply);
  return found?.[1] === digit ? `${digit}.${found[2]}` : usual;
}

function letterHeader(
  { reporter, from, to, id, at, report }: DsnLetter,
  boundary: string,
  hasEightBit: boolean,
): string {
  const answered = /^<[!-;=?-~]{1,250}>$/.exec(valueOf(parseHeader(report.message), 'message-id') ?? '')?.[0];
  return [
    headerField('From', `Mail Delivery System <${plainLine(from)}>`),
    // Not folded: a blank in a quoted local part is no place to break.
    `To: <${plainLine(to)}>\r\n`,
    headerField('Subject', encodeWords(dsnSubject(report))),
    headerField('Date', mailDate(at)),
    headerField('Message-ID', `<${id}@${plainLine(reporter)}>`),
    ...(answered === undefined ? [] : [`In-Reply-To: ${answered}\r\n`, `References: ${answered}\r\n`]),
    'Auto-Submitted: auto-replied\r\n',
    'MIME-Version: 1.0\r\n',
    `Content-Type: multipart/report; report-type=delivery-status;\r\n boundary="${boundary}"\r\n`,
    hasEightBit ? 'Content-Transfer-Encoding: 8bit\r\n\r\n' : '\r\n',
  ].join('');
}

function textPart(text: string): Buffer {
  return encodedPart('text/plain', Buffer.from(text.replaceAll('\n', '\r\n')));
}

function statusPart({ reporter, report }: DsnLetter): Buffer {
  const { request = {}, arrived, attempted, retryUntil, host, reply } = report;
  const { envelopeId, originalRecipient } = request;
  const final = typedAddress(report.recipient);
  // RFC 3464 §2.3.5: what is no answer of a mail host has another type.
  const spoken = host !== '' && /^[245]\d\d\b/.test(reply) ? 'smtp' : 'x-ezlm';
  const fields = [
    ['Reporting-MTA', `dns; ${reporter}`],
    ['Original-Envelope-Id', envelopeId],
    ['Arrival-Date', mailDate(arrived)],
    [],
    ['Original-Recipient', originalRecipient && `${originalRecipient.type}; ${originalRecipient.address}`],
    ['Final-Recipient', `${final.type}; ${final.address}`],
    ['Action', report.action],
    ['Status', report.status],
    ['Remote-MTA', host === '' ? undefined : `dns; ${host.replace(/(?<=.)\[.*$/s, '')}`],
    ['Diagnostic-Code', reply === '' ? undefined : `${spoken}; ${reply}`],
    ['Last-Attempt-Date', mailDate(attempted)],
    ['Will-Retry-Until', retryUntil === undefined ? undefined : mailDate(retryUntil)],
  ];
  const lines = fields.map(([name, value]) => {
    if (name === undefined) return '\r\n';
    return value === undefined ? '' : headerField(name, asciiLine(value));
  });
  return Buffer.from(`Content-Type: message/delivery-status\r\n\r\n${lines.join('')}`);
}

// The words for people have every letter.
function asciiLine(text: string): string {
  return text
    .slice(0, fieldMost)
    .replace(/\s+/g, ' ')
    .replace(/[^ -~]/gu, '?')
    .trim();
}

function returnedPart(report: DsnReport): { readonly part: Buffer; readonly isEightBit: boolean } {
  const { message } = report;
  const header = message.subarray(0, parseHeader(message).bodyStart);
  // RFC 3461 §4.3: RET is about failures; the rest of the news needs no more than the header.
  const isWhole = report.action === 'failed' && report.request?.returns !== 'headers' && message.length <= wholeMost;
  if (!isWhole || isEightBit(header) || hasLongLine(message) || message.includes(0))
    return { part: encodedPart('text/rfc822-headers', cappedHeader(message)), isEightBit: false };
  const hasEightBit = isEightBit(message);
  const encoding = hasEightBit ? 'Content-Transfer-Encoding: 8bit\r\n' : '';
  return {
    part: Buffer.concat([Buffer.from(`Content-Type: message/rfc822\r\n${encoding}\r\n`), message]),
    isEightBit: hasEightBit,
  };
}

// What is too large is passed over, so that a giant field on top does not hide the subject.
function cappedHeader(message: Buffer): Buffer {
  const kept: Buffer[] = [];
  let room = headerMost;
  for (const { start, end } of parseHeader(message).fields) {
    if (end - start > room) continue;
    kept.push(message.subarray(start, end));
    room -= end - start;
  }
  return Buffer.concat(kept);
}

function encodedPart(type: string, octets: Buffer): Buffer {
  if (!isEightBit(octets) && !hasLongLine(octets) && !octets.includes(0))
    return Buffer.concat([Buffer.from(`Content-Type: ${type}; charset=us-ascii\r\n\r\n`), octets]);
  const charset = isUtf8(octets) ? 'utf-8' : 'unknown-8bit';
  const header = `Content-Type: ${type}; charset=${charset}\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n`;
  return Buffer.concat([Buffer.from(header), quotedPrintable(octets)]);
}

function hasLongLine(octets: Buffer): boolean {
  for (let from = 0; from < octets.length;) {
    const end = octets.indexOf('\n', from);
    const next = end < 0 ? octets.length : end + 1;
    if (next - from > lineMost + 2) return true;
    from = next;
  }
  return false;
}

function boundaryFor(id: string, parts: readonly Buffer[]): string {
  let boundary = `=_${id}`;
  while (parts.some((part) => part.includes(boundary))) boundary += '_';
  return boundary;
}
