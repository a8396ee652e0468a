const lf = 10;
const cr = 13;
const space = 32;
const tab = 9;
const equals = 61;

/** Octets of an encoded line, RFC 2045 §6.7 and §6.8. */
const lineOctetsMost = 76;
const digits = Buffer.from('0123456789ABCDEF', 'latin1');

/** Encodes as quoted-printable (RFC 2045 §6.7). CRLF is a line end, any other control octet is data. */
export function quotedPrintable(octets: Buffer): Buffer {
  // Three octets for one, and a soft line end of three for each 73.
  const out = Buffer.allocUnsafe(octets.length * 3 + Math.ceil(octets.length / 24) * 3 + 3);
  let [to, column] = [0, 0];
  for (let at = 0; at < octets.length; at++) {
    const octet = octets[at]!;
    if (octet === cr && octets[at + 1] === lf) {
      to = out.writeUInt16BE((cr << 8) | lf, to);
      column = 0;
      at++;
      continue;
    }
    const width = isLiteral(octet, octets, at) ? 1 : 3;
    if (column + width > lineOctetsMost - 1) {
      out[to++] = equals;
      to = out.writeUInt16BE((cr << 8) | lf, to);
      column = 0;
    }
    column += width;
    if (width === 1) out[to++] = octet;
    else {
      out[to++] = equals;
      out[to++] = digits[octet >> 4]!;
      out[to++] = digits[octet & 15]!;
    }
  }
  return Buffer.from(out.subarray(0, to));
}

// A blank at the end of a line may get lost on the way.
function isLiteral(octet: number, octets: Buffer, at: number): boolean {
  if (octet === space || octet === tab) return at + 1 < octets.length && octets[at + 1] !== cr;
  return octet > space && octet < 127 && octet !== equals;
}

/** Encodes as base64 (RFC 2045 §6.8), in lines, without a line end behind the last. */
export function base64Lines(octets: Buffer): Buffer {
  const lines: string[] = [];
  const lineInput = (lineOctetsMost / 4) * 3;
  for (let at = 0; at < octets.length; at += lineInput) lines.push(octets.toString('base64', at, at + lineInput));
  return Buffer.from(lines.join('\r\n'), 'latin1');
}
