import { isIPv4, isIPv6 } from 'node:net';

/** What a front end says of a connection that it passes on, in the PROXY protocol, version 1 or 2. */
export type ProxyHeader =
  | { readonly kind: 'incomplete' }
  | { readonly kind: 'wrong' }
  /** `octets`: its length. Without a client the connection is the front end's own (a health check). */
  | {
      readonly kind: 'read';
      readonly octets: number;
      readonly client?: { readonly address: string; readonly port: number };
    };

const wrong: ProxyHeader = Object.freeze({ kind: 'wrong' });
const incomplete: ProxyHeader = Object.freeze({ kind: 'incomplete' });

const word = Buffer.from('PROXY ');
const signature = Buffer.from('\r\n\r\n\0\r\nQUIT\n', 'latin1');
/** Octets of a line of version 1 with its line end, by the protocol's text. */
const lineMost = 107;
/** Octets behind the fixed part of version 2: addresses and what front ends add to them. */
const restMost = 4_096;

/** Reads the header at the start of a connection from the octets that have come so far. */
export function readProxyHeader(octets: Buffer): ProxyHeader {
  if (startsLike(octets, word)) return octets.length < word.length ? incomplete : readLine(octets);
  if (startsLike(octets, signature)) return octets.length < signature.length + 4 ? incomplete : readBinary(octets);
  return wrong;
}

function startsLike(octets: Buffer, start: Buffer): boolean {
  const length = Math.min(octets.length, start.length);
  return octets.compare(start, 0, length, 0, length) === 0;
}

function readLine(octets: Buffer): ProxyHeader {
  const end = octets.subarray(0, lineMost).indexOf('\r\n');
  if (end < 0) return octets.length < lineMost ? incomplete : wrong;
  const text = octets.toString('latin1', 0, end);
  if (/^PROXY UNKNOWN(?: [ -~]*)?$/.test(text)) return { kind: 'read', octets: end + 2 };
  const [, family, from = '', to = '', port = '', toPort = '', ...more] = text.split(' ');
  const isAddress = family === 'TCP4' ? isIPv4 : family === 'TCP6' ? isIPv6 : () => false;
  if (more.length > 0 || !isAddress(from) || !isAddress(to) || !isPort(port) || !isPort(toPort)) return wrong;
  return { kind: 'read', octets: end + 2, client: { address: from, port: Number(port) } };
}

function isPort(text: string): boolean {
  return /^(?:0|[1-9]\d{0,4})$/.test(text) && Number(text) <= 65_535;
}

function readBinary(octets: Buffer): ProxyHeader {
  const [version, family] = [octets[12]!, octets[13]!];
  const rest = octets.readUInt16BE(14);
  if ((version !== 0x20 && version !== 0x21) || rest > restMost) return wrong;
  const length = 16 + rest;
  if (octets.length < length) return incomplete;
  // 0x20: the front end's own connection; family 0: it does not know whose.
  if (version === 0x20 || family === 0x00) return { kind: 'read', octets: length };
  if (family === 0x11 && rest >= 12) {
    return {
      kind: 'read',
      octets: length,
      client: { address: [...octets.subarray(16, 20)].join('.'), port: octets.readUInt16BE(24) },
    };
  }
  if (family !== 0x21 || rest < 36) return wrong;
  const groups = Array.from({ length: 8 }, (_, at) => octets.readUInt16BE(16 + 2 * at).toString(16));
  return { kind: 'read', octets: length, client: { address: groups.join(':'), port: octets.readUInt16BE(48) } };
}
