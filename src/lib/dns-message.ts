/** Types of records, by their numbers (RFC 1035 §3.2.2, RFC 3596, RFC 6698). */
export const dnsTypes = { a: 1, cname: 5, mx: 15, txt: 16, aaaa: 28, tlsa: 52 } as const;

/** A record of an answer. */
export interface DnsRecord {
  /** Lower case, without the final dot. */
  readonly name: string;
  readonly type: number;
  readonly octets: Buffer;
  /** The host of an MX record, or what an alias stands for. */
  readonly target: string;
}

/** An answer of a name server. */
export interface DnsReply {
  readonly id: number;
  /** What was asked. */
  readonly name: string;
  readonly type: number;
  readonly rcode: number;
  /** It did not fit, and is to be asked for over TCP. */
  readonly isCut: boolean;
  /** The server has checked all of it by DNSSEC (RFC 4035 §3.2.3). */
  readonly isSigned: boolean;
  readonly records: readonly DnsRecord[];
}

const headerOctets = 12;
/** RFC 1035 §2.3.4. */
const nameOctetsMost = 255;
const labelOctetsMost = 63;
/** What passes through every network in one piece (DNS flag day 2020). */
const udpOctets = 1_232;
/** Records of an answer that are read: a name server can send thousands. */
const recordsMost = 200;

/**
 * A question with recursion wanted, AD (RFC 6840 §5.7) and EDNS0 with DO (RFC 3225): what was proved is to be marked. Undefined: the name
 * is none that can be asked for.
 */
export function dnsQuery(id: number, name: string, type: number): Buffer | undefined {
  const labels = name.split('.').map((label) => Buffer.from(label, 'latin1'));
  const isName = labels.every(({ length }) => length > 0 && length <= labelOctetsMost);
  if (!isName || name.length + 2 > nameOctetsMost || /[^\u0021-\u007e]/.test(name)) return undefined;
  const header = [id, 0x0120, 1, 0, 0, 1].map(u16);
  const question = labels.flatMap((label) => [Buffer.from([label.length]), label]);
  const edns = [Buffer.from([0]), u16(41), u16(udpOctets), Buffer.from([0, 0, 0x80, 0]), u16(0)];
  return Buffer.concat([...header, ...question, Buffer.from([0]), u16(type), u16(1), ...edns]);
}

/** Reads an answer to one question; undefined: it is none. Nothing in it is trusted: lengths and pointers end within it. */
export function readDnsReply(message: Buffer): DnsReply | undefined {
  try {
    return replyIn(message);
  } catch (error) {
    // What ends before it should.
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}

function replyIn(message: Buffer): DnsReply | undefined {
  const flags = message.readUInt16BE(2);
  const isReply = (flags & 0x8000) !== 0 && message.readUInt16BE(4) === 1;
  if (!isReply) return undefined;
  const question = nameAt(message, headerOctets);
  const records: DnsRecord[] = [];
  let at = question.end + 4;
  for (let left = Math.min(message.readUInt16BE(6), recordsMost); left > 0; left--) {
    const { name, end } = nameAt(message, at);
    const type = message.readUInt16BE(end);
    const [from, to] = [end + 10, end + 10 + message.readUInt16BE(end + 8)];
    if (to > message.length) return undefined;
    records.push({ name, type, octets: message.subarray(from, to), target: targetOf(message, type, from) });
    at = to;
  }
  return {
    id: message.readUInt16BE(0),
    name: question.name,
    type: message.readUInt16BE(question.end),
    rcode: flags & 15,
    isCut: (flags & 0x0200) !== 0,
    isSigned: (flags & 0x0020) !== 0,
    records,
  };
}

function targetOf(message: Buffer, type: number, from: number): string {
  if (type === dnsTypes.mx) return nameAt(message, from + 2).name;
  return type === dnsTypes.cname ? nameAt(message, from).name : '';
}

/** RFC 1035 §4.1.4: a pointer leads backwards, so that there is an end. */
function nameAt(message: Buffer, start: number): { name: string; end: number } {
  const labels: string[] = [];
  let end: number | undefined;
  let octets = 0;
  for (let [at, before] = [start, start]; ;) {
    const length = message.readUInt8(at);
    if (length >= 0xc0) {
      const target = message.readUInt16BE(at) & 0x3fff;
      end ??= at + 2;
      if (target >= before) throw new RangeError('a pointer that leads nowhere');
      [at, before] = [target, target];
    } else if (length > labelOctetsMost || (octets += length + 1) > nameOctetsMost) throw new RangeError('no name');
    else if (length === 0) return { name: labels.join('.'), end: end ?? at + 1 };
    else {
      labels.push(labelIn(message, at + 1, at + 1 + length));
      at += length + 1;
    }
  }
}

// A dot in a label is another name than one between two.
function labelIn(message: Buffer, from: number, to: number): string {
  const label = message.toString('latin1', from, to).toLowerCase();
  if (to > message.length || label.includes('.')) throw new RangeError('no label');
  return label;
}

function u16(value: number): Buffer {
  return Buffer.from([value >> 8, value & 255]);
}
