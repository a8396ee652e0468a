/** A stretch of a multipart body; all of them joined are the body. */
interface Stretch {
  readonly octets: Buffer;
  /** A part; otherwise a delimiter line with the line end before it, a preamble or an epilogue. */
  readonly isPart: boolean;
}

/** Characters of a boundary; RFC 2046 §5.1.1 allows 70, some write more. */
const boundaryMost = 200;

/** Cuts the body of a multipart with CRLF line ends at its delimiter lines (RFC 2046 §5.1.1). A body without them has no part. */
export function* splitMultipart(body: Buffer, boundary: string): Generator<Stretch> {
  let isPart = false;
  let from = 0;
  for (const { start, end, isClosing } of delimitersOf(body, boundary)) {
    yield { octets: body.subarray(from, Math.max(from, start)), isPart };
    yield { octets: body.subarray(Math.max(from, start), end), isPart: false };
    from = end;
    isPart = !isClosing;
    if (isClosing) break;
  }
  yield { octets: body.subarray(from), isPart };
}

interface Delimiter {
  /** Where the line end before it begins: that belongs to it. */
  readonly start: number;
  readonly end: number;
  readonly isClosing: boolean;
}

function* delimitersOf(body: Buffer, boundary: string): Generator<Delimiter> {
  if (boundary === '' || boundary.length > boundaryMost || /[^ -~]/.test(boundary)) return;
  const mark = Buffer.from(`--${boundary}`, 'latin1');
  if (body.subarray(0, mark.length).equals(mark)) yield* delimiterAt(body, 0, mark.length);
  const next = Buffer.concat([Buffer.from('\r\n', 'latin1'), mark]);
  for (let at = body.indexOf(next); at >= 0; at = body.indexOf(next, at + 2)) {
    yield* delimiterAt(body, at, at + next.length);
  }
}

/** What can stand behind a boundary: a line end, a blank, or the two dashes that close. */
const mayFollow = new Set(Buffer.from('\r \t-', 'latin1'));

// Another boundary may begin with this one: the rest of the line decides.
function* delimiterAt(body: Buffer, start: number, markEnd: number): Generator<Delimiter> {
  if (markEnd < body.length && !mayFollow.has(body[markEnd]!)) return;
  const lineEnd = body.indexOf('\r\n', markEnd);
  const end = lineEnd < 0 ? body.length : lineEnd;
  const rest = body.toString('latin1', markEnd, Math.min(end, markEnd + boundaryMost));
  if (/^(?:--)?[ \t]*$/.test(rest)) yield { start, end: lineEnd < 0 ? end : end + 2, isClosing: rest.startsWith('--') };
}
