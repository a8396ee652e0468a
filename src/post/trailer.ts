import { parseContentType } from '../mail/content-type.ts';
import { valueOf } from '../mail/header.ts';
import { type Draft, headerOf, newField } from './draft.ts';

const crlf = '\r\n';
/** Character sets that hold ASCII as it is: ASCII text may be appended to them. */
const asciiBased = /^(?:us-ascii|utf-8|iso-8859-\d+|windows-125\d|koi8-[ru]|gb2312|gbk|big5|euc-(?:jp|kr))$/i;

/**
 * Appends the trailer so that every reader still shows the message as it was: to plain text in its own encoding, as a part of its own
 * before the end of a multipart/mixed, and by wrapping everything else (HTML, alternatives, signed mail) into a multipart/mixed whose
 * first part has the octets of the original unchanged.
 */
export function addTrailer(draft: Draft, text: string, boundary: string): Draft {
  const header = headerOf(draft);
  const trailer = text.replace(/\r\n|\r|\n/g, crlf).trimEnd() + crlf;
  const { type, parameters } = parseContentType(valueOf(header, 'content-type'));
  const encoding = (valueOf(header, 'content-transfer-encoding') ?? '7bit').trim().toLowerCase();
  const body = Buffer.concat(draft.body);
  // A text that is attached is a file: nothing is written into it.
  const isFile = /^\s*attachment\b/i.test(valueOf(header, 'content-disposition') ?? '');
  const appended =
    type === 'text/plain' && !isFile
      ? appendToText(body, trailer, encoding, parameters.get('charset') ?? 'us-ascii')
      : type === 'multipart/mixed'
        ? insertPart(body, trailer, parameters.get('boundary'))
        : undefined;
  return appended ? { fields: draft.fields, body: appended } : wrap(draft, trailer, boundary);
}

function appendToText(body: Buffer, trailer: string, encoding: string, charset: string): Buffer[] | undefined {
  const isPlain = /^[\t\r\n -~]*$/.test(trailer);
  const fits = isPlain ? asciiBased.test(charset) : /^utf-8$/i.test(charset);
  const gap = body.length === 0 || body.subarray(-2).equals(Buffer.from(crlf)) ? '' : crlf;
  if (!fits) return undefined;
  if (encoding === 'quoted-printable') {
    // Behind a soft line break the next line would be the same one to a reader.
    const end = /=[ \t]*(?:\r\n)?$/.test(body.subarray(-80).toString('latin1')) ? crlf : '';
    return [body, Buffer.from(gap + end + quotedPrintable(trailer))];
  }
  const isUnencoded = encoding === '8bit' || encoding === 'binary' || (encoding === '7bit' && isPlain);
  return isUnencoded ? [body, Buffer.from(gap + trailer, 'utf8')] : undefined;
}

// RFC 2046 §5.1.1: the close delimiter is the boundary at the beginning of a line with two dashes behind it.
function insertPart(body: Buffer, trailer: string, boundary: string | undefined): Buffer[] | undefined {
  if (!boundary) return undefined;
  const at = closeDelimiter(body, `${crlf}--${boundary}--`);
  if (at < 0) return undefined;
  const part = Buffer.from(`${crlf}--${boundary}${crlf}${partOf(trailer)}`.slice(0, -crlf.length), 'utf8');
  return [body.subarray(0, at), part, body.subarray(at)];
}

// The last that is a whole line: an inner boundary may begin with the outer one and two dashes.
function closeDelimiter(body: Buffer, close: string): number {
  const octets = Buffer.from(close, 'utf8');
  let at = body.lastIndexOf(octets);
  while (at >= 0 && !/^(?:[ \t]|\r\n|$)/.test(body.toString('latin1', at + octets.length, at + octets.length + 2))) {
    at = at === 0 ? -1 : body.lastIndexOf(octets, at - 1);
  }
  return at;
}

function wrap(draft: Draft, trailer: string, boundary: string): Draft {
  const isContent = (name: string): boolean => name.startsWith('content-');
  const content = draft.fields.filter(({ name }) => isContent(name));
  const fields = [
    ...draft.fields.filter(({ name }) => !isContent(name) && name !== 'mime-version'),
    newField('MIME-Version', '1.0'),
    newField('Content-Type', `multipart/mixed; boundary="${boundary}"`),
  ];
  const body = [
    Buffer.from(`--${boundary}${crlf}`),
    ...content.map(({ octets }) => octets),
    Buffer.from(crlf),
    ...draft.body,
    Buffer.from(`${crlf}--${boundary}${crlf}${partOf(trailer)}--${boundary}--${crlf}`, 'utf8'),
  ];
  return { fields, body };
}

function partOf(trailer: string): string {
  return [
    'Content-Type: text/plain; charset=utf-8',
    'Content-Transfer-Encoding: 8bit',
    'Content-Disposition: inline',
    '',
    trailer,
  ].join(crlf);
}

// RFC 2045 §6.7, for short texts of our own: lines of at most 76 characters.
function quotedPrintable(text: string): string {
  return text
    .split(crlf)
    .map((line) => {
      const encoded = Buffer.from(line, 'utf8')
        .toString('latin1')
        .replace(
          /[^ -<>-~\t]|[ \t]$/g,
          (octet) => `=${octet.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`,
        );
      // 73 leaves room for an escape that must not be cut, and for the mark at the end.
      return encoded.replace(/.{71,73}(?<!=[0-9A-F]?)(?=.)/g, `$&=${crlf}`);
    })
    .join(crlf);
}
