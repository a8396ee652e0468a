import { isUtf8 } from 'node:buffer';
import { parseContentType } from './content-type.ts';
import { type Header, parseHeader, valuesOf } from './header.ts';
import { splitMultipart } from './multipart.ts';
import { base64Lines, quotedPrintable } from './transfer-encoding.ts';

/** Entities within each other; what is nested deeper is no letter. */
const depthMost = 20;
/** Parts of one message, at all depths together. */
const partsMost = 1_000;
/** The header of one entity. */
const headerMost = Object.freeze({ fields: 1_000, octets: 262_144 });
/** Quoted-printable costs two octets for each that is not ASCII, base64 a third of all: above one in six it is the shorter. */
const base64From = 1 / 6;

/** What is known of an entity from its header (RFC 2045). */
interface Entity {
  readonly octets: Buffer;
  readonly header: Header;
  readonly type: string;
  readonly boundary: string;
  readonly hasType: boolean;
  readonly body: Buffer;
  /** A message, not a part of one. */
  readonly isMessage: boolean;
  readonly depth: number;
  readonly room: Room;
}

type Place = Pick<Entity, 'depth' | 'room'>;

/** Parts that may still be looked at. */
interface Room {
  parts: number;
}

/**
 * Writes a message with CRLF line ends in ASCII only, for a host without 8BITMIME (RFC 6152 §3): eight-bit parts become quoted-printable
 * or base64, at any depth, and what is ASCII stays as it is to the octet. Undefined when that cannot be done without doubt: octets above
 * ASCII in a header, in a signed or encrypted part, beside the parts, or in a part that says that it is encoded; and when it has very many parts or header fields.
 */
export function sevenBit(message: Buffer): Buffer | undefined {
  return converted(message, 'text/plain', true, { depth: 0, room: { parts: partsMost } });
}

/** True when an octet is above ASCII. */
export function isEightBit(octets: Buffer): boolean {
  for (let at = 0; at < octets.length; at++) if (octets[at]! > 127) return true;
  return false;
}

function converted(octets: Buffer, usualType: string, isMessage: boolean, place: Place): Buffer | undefined {
  if (!isEightBit(octets)) return octets;
  const isBounded = place.depth < depthMost && place.room.parts-- > 0;
  const entity = isBounded ? readEntity(octets, usualType, isMessage, place) : undefined;
  if (!entity) return undefined;
  if (entity.type.startsWith('multipart/')) return multipart(entity);
  if (entity.type === 'message/rfc822') {
    const inner = converted(entity.body, 'text/plain', true, below(entity));
    return inner && rewritten(entity, '7bit', inner);
  }
  return entity.type.startsWith('message/') ? undefined : leaf(entity);
}

function below({ depth, room }: Place): Place {
  return { depth: depth + 1, room };
}

function readEntity(octets: Buffer, usualType: string, isMessage: boolean, place: Place): Entity | undefined {
  const header = parseHeader(octets, headerMost);
  if (header.fields.length > headerMost.fields || header.bodyStart > headerMost.octets) return undefined;
  if (isEightBit(octets.subarray(0, header.bodyStart))) return undefined;
  // A header without an empty line behind it: nobody can say where the body begins.
  const end = header.fields.at(-1)?.end ?? 0;
  if (octets.toString('latin1', end, header.bodyStart) !== '\r\n') return undefined;
  const [encoding = '7bit', ...encodings] = valuesOf(header, 'content-transfer-encoding');
  const [type, ...types] = valuesOf(header, 'content-type');
  if (encodings.length > 0 || types.length > 0 || !/^(?:7bit|8bit|binary)$/i.test(encoding)) return undefined;
  const read = type === undefined ? { type: usualType, parameters: new Map<string, string>() } : parseContentType(type);
  return {
    octets,
    header,
    type: read.type,
    boundary: read.parameters.get('boundary') ?? '',
    hasType: type !== undefined,
    body: octets.subarray(header.bodyStart),
    isMessage,
    ...place,
  };
}

// RFC 1847 §2.1: what is signed is signed to the octet.
function multipart(entity: Entity): Buffer | undefined {
  const { type, body, boundary } = entity;
  if (type === 'multipart/signed' || type === 'multipart/encrypted') return undefined;
  const usualType = type === 'multipart/digest' ? 'message/rfc822' : 'text/plain';
  const pieces: Buffer[] = [];
  for (const { octets, isPart } of splitMultipart(body, boundary)) {
    const piece = isPart ? converted(octets, usualType, false, below(entity)) : octets;
    if (!piece || (!isPart && isEightBit(piece))) return undefined;
    pieces.push(piece);
  }
  return rewritten(entity, '7bit', Buffer.concat(pieces));
}

function leaf(entity: Entity): Buffer {
  const { type, body } = entity;
  let high = 0;
  for (let at = 0; at < body.length; at++) if (body[at]! > 127) high++;
  return type.startsWith('text/') && high < body.length * base64From
    ? rewritten(entity, 'quoted-printable', quotedPrintable(body))
    : rewritten(entity, 'base64', base64Lines(body));
}

function rewritten(
  { octets, header, hasType, type, body, isMessage }: Entity,
  encoding: string,
  content: Buffer,
): Buffer {
  const kept = header.fields
    .filter(({ name }) => name !== 'content-transfer-encoding')
    .map(({ start, end }) => octets.subarray(start, end));
  const added = [`Content-Transfer-Encoding: ${encoding}\r\n`];
  // RFC 1428 §3: text of which nobody said what it is.
  if (!hasType && type === 'text/plain')
    added.unshift(`Content-Type: text/plain; charset=${isUtf8(body) ? 'utf-8' : 'unknown-8bit'}\r\n`);
  if (isMessage && !header.fields.some(({ name }) => name === 'mime-version')) added.unshift('MIME-Version: 1.0\r\n');
  return Buffer.concat([...kept, Buffer.from(`${added.join('')}\r\n`, 'latin1'), content]);
}
