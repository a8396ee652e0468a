import libmime from 'libmime';

/** Octets of one unfolded header value that we write: RFC 5322 §2.1.1 has 998 for a line. */
const valueOctetsMost = 2_000;

/** Decodes the encoded words of a header value (RFC 2047); what cannot be decoded stays as it is. */
export function decodeWords(value: string): string {
  try {
    return libmime.decodeWords(value.slice(0, 10_000));
  } catch {
    return value;
  }
}

/** Encodes a text for a header value where it has more than printable ASCII; words of at most 75 octets, ready to be folded. */
export function encodeWords(text: string): string {
  return libmime.encodeWords(text, 'Q', 52);
}

/** Writes a display name or other phrase (RFC 5322 §3.2.5): bare, quoted, or wholly in encoded words, so that none of its marks has a meaning. */
export function encodePhrase(text: string): string {
  const plain = plainLine(text);
  if (/^[A-Za-z0-9 ]*$/.test(plain)) return plain;
  if (/^[ -~]*$/.test(plain)) return `"${plain.replace(/["\\]/g, '\\$&')}"`;
  // RFC 2047 §5 (3): in a phrase Q may hold few marks, and the package leaves quotes in it.
  return libmime.encodeWord(plain, /["(),.:;<>@[\\\]]/.test(plain) ? 'B' : 'Q', 52);
}

/** Writes one header field, folded, with its line end. A value that could become two fields, or is too long, is a bug of the caller. */
export function headerField(name: string, value: string): string {
  if (/[\u0000-\u0008\u000a-\u001f\u007f]/.test(value) || Buffer.byteLength(value) > valueOctetsMost) {
    throw new Error(`a header value for ${name} that cannot be written`);
  }
  return `${folded(`${name}: ${value}`)}\r\n`;
}

/** A text of others made fit for a header value or a log line: control characters become blanks, cut at 500 characters. */
export function plainLine(text: string): string {
  return text
    .replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029]+/g, ' ')
    .trim()
    .slice(0, 500);
}

/** Octets of a line that a field is folded at: RFC 5322 §2.1.1 recommends 78 with the line end. */
const lineOctets = 76;

// Only at a blank before a word (RFC 5322 §2.2.3). libmime also breaks at U+2028 and its like, which begin no folded line: the header would
// end there.
function folded(line: string): string {
  let text = '';
  let length = 0;
  for (const part of line.split(/(?= [^ \t])/)) {
    const octets = Buffer.byteLength(part);
    const isNew = length > 0 && length + octets > lineOctets;
    text += isNew ? `\r\n${part}` : part;
    length = isNew ? octets : length + octets;
  }
  return text;
}
