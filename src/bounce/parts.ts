import { parseContentType } from '../mail/content-type.ts';
import { type Header, parseHeader, valueOf } from '../mail/header.ts';

/** A leaf of a MIME message, or a message that is enclosed in it. */
export interface Part {
  /** `text/plain`, lower case. */
  readonly type: string;
  readonly header: Header;
  /** Its octets, transfer encoding undone. */
  readonly body: Buffer;
  readonly charset: string;
}

/** What counts in a report stands in front; nobody makes us read more. */
const octetsMost = 262_144;
const partsMost = 50;
const depthMost = 8;
const boundaryMost = 200;

/** Parts that enclose a message or the header of one: they are not looked into. */
export const enclosedTypes =
  /^(?:message\/(?:rfc822|global|partial)|text\/rfc822-headers|message\/(?:rfc822|global)-headers|message\/news)$/;

/**
 * The leaves of a message in their order (RFC 2046 §5.1), enclosed messages whole. Reads a bounded part of it and never throws: what is
 * broken is read as text. Reports of real hosts have wrong boundaries, missing ends and lies about their type.
 */
export function partsOf(message: Buffer): Part[] {
  const leaves: Part[] = [];
  collect(message.subarray(0, octetsMost), 'text/plain', 0, leaves);
  return leaves;
}

function collect(octets: Buffer, initial: string, depth: number, leaves: Part[]): void {
  if (leaves.length >= partsMost) return;
  const header = parseHeader(octets);
  const given = valueOf(header, 'content-type');
  const { type, parameters } = parseContentType(given ?? initial);
  const body = octets.subarray(header.bodyStart);
  const boundary = parameters.get('boundary');
  const pieces = type.startsWith('multipart/') && boundary && depth < depthMost ? piecesOf(body, boundary) : [];
  if (pieces.length > 0) {
    const inner = type === 'multipart/digest' ? 'message/rfc822' : 'text/plain';
    for (const piece of pieces) collect(piece, inner, depth + 1, leaves);
    return;
  }
  const encoding = valueOf(header, 'content-transfer-encoding')?.toLowerCase() ?? '';
  const charset = parameters.get('charset') ?? '';
  leaves.push({
    type: type.startsWith('multipart/') ? 'text/plain' : type,
    header,
    body: decoded(body, encoding),
    charset,
  });
}

// RFC 2046 §5.1.1: what stands before the first delimiter and behind the last is no part. An end that is missing is the end of the octets.
function piecesOf(body: Buffer, boundary: string): Buffer[] {
  const delimiter = Buffer.from(`--${boundary.slice(0, boundaryMost)}`, 'latin1');
  const pieces: Buffer[] = [];
  let from = -1;
  for (let at = body.indexOf(delimiter); at >= 0 && pieces.length < partsMost; at = body.indexOf(delimiter, at + 1)) {
    if (at > 0 && body[at - 1] !== 10) continue;
    if (from >= 0) pieces.push(body.subarray(from, at));
    const isEnd = body.toString('latin1', at + delimiter.length, at + delimiter.length + 2) === '--';
    const end = body.indexOf(10, at);
    from = isEnd || end < 0 ? -1 : end + 1;
    if (isEnd) break;
  }
  if (from >= 0) pieces.push(body.subarray(from));
  return pieces;
}

function decoded(body: Buffer, encoding: string): Buffer {
  if (encoding === 'base64') return Buffer.from(body.toString('latin1'), 'base64');
  if (encoding !== 'quoted-printable') return body;
  const text = body.toString('latin1').replace(/=[ \t]*\r?\n/g, '');
  return Buffer.from(
    text.replace(/=([0-9A-Fa-f]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16))),
    'latin1',
  );
}

/** A part's text with LF line ends; octets that are not of its charset are shown, not refused. Tags of HTML are left out. */
export function textOf({ type, body, charset }: Part): string {
  const text = inCharset(body, charset).replace(/\r\n?/g, '\n');
  return type === 'text/html' ? withoutTags(text) : text;
}

function inCharset(body: Buffer, charset: string): string {
  if (charset !== '' && !/^(?:us-ascii|utf-?8|iso-8859-1)$/i.test(charset)) {
    try {
      return new TextDecoder(charset).decode(body);
    } catch {
      // A charset that nobody has registered.
    }
  }
  const utf8 = body.toString('utf8');
  return utf8.includes('\ufffd') ? body.toString('latin1') : utf8;
}

function withoutTags(html: string): string {
  return withoutElements(html)
    .replace(/<(?:br|p|div|tr|li|h\d|td)\b[^<>]{0,2000}>/gi, '\n')
    .replace(/<[a-z]{1,12}\s[^<>]{0,2000}>/gi, ' ')
    .replace(/<\/?[a-z!][^<>@]{0,2000}>/gi, ' ')
    .replace(/&lt;/g, '<')
    .replace(/&gt;/g, '>')
    .replace(/&quot;/g, '"')
    .replace(/&nbsp;|&#160;/g, ' ')
    .replace(/&#(\d{2,7});/g, (whole, code: string) =>
      Number(code) <= 0x10_ffff ? String.fromCodePoint(Number(code)) : whole,
    )
    .replace(/&amp;/g, '&');
}

// Elements that hold no words. A name that is never closed is looked for once, not at each of a thousand openings.
function withoutElements(html: string): string {
  const unclosed = new Set<string>();
  let kept = '';
  let at = 0;
  for (const { 1: name, index } of html.matchAll(/<(style|script|head)\b/gi)) {
    const element = name!.toLowerCase();
    if (index < at || unclosed.has(element)) continue;
    const closing = new RegExp(`</${element}>`, 'gi');
    closing.lastIndex = index;
    if (!closing.test(html)) {
      unclosed.add(element);
      continue;
    }
    kept += `${html.slice(at, index)} `;
    at = closing.lastIndex;
  }
  return kept + html.slice(at);
}
