/** Where one header field lies in a message: no octet is copied. */
export interface Field {
  /** Lower case. */
  readonly name: string;
  /** Offset of the first octet of the name. */
  readonly start: number;
  /** Offset just behind the colon. */
  readonly valueStart: number;
  /** Offset behind the line end of the last (folded) line. */
  readonly end: number;
}

/** An index over the header of a message (RFC 5322 §2.2). */
export interface Header {
  readonly source: Buffer;
  readonly fields: readonly Field[];
  /** Offset of the first octet of the body, or the length of the message when it has none. */
  readonly bodyStart: number;
}

const lf = 10;
const cr = 13;
const space = 32;
const tab = 9;
const colon = 58;

/** Where the reading of a header stops. */
export interface HeaderBounds {
  readonly fields: number;
  readonly octets: number;
}

const unbounded: HeaderBounds = { fields: Infinity, octets: Infinity };

/**
 * Indexes a message's header. An mbox `From ` line at the top, or behind the trace lines of hosts that let it pass, is passed over; any
 * other line that is no field ends the header, as Sendmail and Postfix read it, and is the first of the body. Never throws. A header that
 * goes beyond `bounds` is read only so far that the index shows it: one field more, or a body that begins later.
 */
export function parseHeader(source: Buffer, bounds: HeaderBounds = unbounded): Header {
  const fields: Field[] = [];
  let isTraceOnly = true;
  let at = 0;
  while (at < source.length && at <= bounds.octets && fields.length <= bounds.fields) {
    if (isEmptyLine(source, at)) return { source, fields, bodyStart: lineEnd(source, at) };
    const end = fieldEnd(source, at, bounds.octets);
    const field = readField(source, at, end);
    if (field) fields.push(field);
    else if (!isTraceOnly || !isMboxLine(source, at)) return { source, fields, bodyStart: at };
    isTraceOnly &&= !field || isTrace(field);
    at = end;
  }
  return { source, fields, bodyStart: at };
}

/** The value of the first field of that name: unfolded, trimmed, octets read as UTF-8. */
export function valueOf(header: Header, name: string): string | undefined {
  const field = header.fields.find((candidate) => candidate.name === name);
  return field && fieldValue(header, field);
}

/** The values of all fields of that name, in their order. */
export function valuesOf(header: Header, name: string): string[] {
  return header.fields.filter((field) => field.name === name).map((field) => fieldValue(header, field));
}

// RFC 5322 §2.2.3.
function fieldValue(header: Header, field: Field): string {
  return header.source
    .toString('utf8', field.valueStart, field.end)
    .replace(/\r?\n(?=[ \t])/g, '')
    .trim();
}

function isMboxLine(source: Buffer, at: number): boolean {
  return /^>?From /.test(source.toString('latin1', at, at + 6));
}

function isTrace({ name }: Field): boolean {
  return name === 'received' || name === 'return-path' || name === 'delivered-to';
}

function fieldEnd(source: Buffer, from: number, octetsMost: number): number {
  let end = lineEnd(source, from);
  while (end <= octetsMost && (source[end] === space || source[end] === tab)) end = lineEnd(source, end);
  return end;
}

function lineEnd(source: Buffer, from: number): number {
  const found = source.indexOf(lf, from);
  return found < 0 ? source.length : found + 1;
}

function isEmptyLine(source: Buffer, at: number): boolean {
  return source[at] === lf || (source[at] === cr && source[at + 1] === lf);
}

// RFC 5322 §3.6.8: a name is printable ASCII without the colon; §4.5.8 (obsolete) allows blanks before the colon. Octets above ASCII occur.
function readField(source: Buffer, start: number, end: number): Field | undefined {
  const at = colonIn(source, start, end);
  if (at <= start) return undefined;
  const name = source.toString('latin1', start, at).trimEnd();
  if (!/^[!-9;-~\u0080-\u00ff]+$/.test(name)) return undefined;
  return { name: name.toLowerCase(), start, valueStart: at + 1, end };
}

// Not `indexOf`, which would look through the whole message for the colon that a line has not.
function colonIn(source: Buffer, start: number, end: number): number {
  for (let at = start; at < end; at++) if (source[at] === colon) return at;
  return -1;
}
