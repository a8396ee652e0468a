import { crc32 } from 'node:zlib';
import type { Id } from '../lib/ids.ts';
import type { Claimant, NewEntry, NewMessage } from './store.ts';

/** Messages that have come in with their entries, and who claimed them with it; `created`: when, in milliseconds since 1970. */
export interface Work {
  readonly messages: readonly NewMessage[];
  readonly entries: readonly NewEntry[];
  readonly claimant: Claimant;
  readonly created: number;
}

/** What a journal says: what has come in, or which entries have ended. */
export type JournalRecord =
  { readonly kind: 'work'; readonly work: Work } | { readonly kind: 'ended'; readonly ids: readonly Id[] };

/** A file of a journal as it was read. */
export interface Segment {
  /** Counts how often a file was begun anew; the file with the higher number is the later one. */
  readonly generation: number;
  readonly records: readonly JournalRecord[];
}

/** How a work stands in its record; the bodies follow. */
interface WorkHead extends Omit<Work, 'messages'> {
  readonly messages: readonly { readonly id: Id; readonly size: number }[];
}

const magic = Buffer.from('ezlmJ01\n');
/** Of a segment: the magic, its generation, and a checksum of both. */
export const segmentHeadOctets = magic.length + 8;
/** Of a record: its length, a checksum, and the length of what stands before the bodies. */
const recordHeadOctets = 12;

/** The first octets of a segment. */
export function segmentHead(generation: number): Buffer {
  const head = Buffer.alloc(segmentHeadOctets);
  magic.copy(head);
  head.writeUInt32LE(generation, magic.length);
  head.writeUInt32LE(crc32(head.subarray(0, magic.length + 4)), magic.length + 4);
  return head;
}

/** The octets of a record but for its head, which depends on where it comes to stand: text first, then bodies. */
export function recordParts(record: JournalRecord): readonly Uint8Array[] {
  if (record.kind === 'ended') return [Buffer.from(JSON.stringify({ ended: record.ids }))];
  const { messages, ...rest } = record.work;
  const head: WorkHead = { ...rest, messages: messages.map(({ id, body }) => ({ id, size: body.length })) };
  return [Buffer.from(JSON.stringify(head)), ...messages.map(({ body }) => body)];
}

/** How many octets a record takes. */
export function recordOctets(parts: readonly Uint8Array[]): number {
  return parts.reduce((sum, { length }) => sum + length, recordHeadOctets);
}

/** The head of a record in the segment of this generation: what an earlier one has left behind there has another checksum. */
export function recordHead(parts: readonly Uint8Array[], generation: number): Buffer {
  const head = Buffer.alloc(recordHeadOctets);
  head.writeUInt32LE(recordOctets(parts) - recordHeadOctets, 0);
  head.writeUInt32LE(parts[0]?.length ?? 0, 8);
  head.writeUInt32LE(checksum(head.subarray(8), parts, generation), 4);
  return head;
}

/** Reads a segment up to the first octets that are no record of its generation; undefined: there is none. */
export function readSegment(octets: Buffer): Segment | undefined {
  if (octets.length < segmentHeadOctets) return undefined;
  const generation = octets.readUInt32LE(magic.length);
  if (!octets.subarray(0, segmentHeadOctets).equals(segmentHead(generation))) return undefined;
  const records: JournalRecord[] = [];
  for (let at = segmentHeadOctets; ;) {
    const length = lengthAt(octets, at, generation);
    if (length === undefined) return { generation, records };
    const end = at + recordHeadOctets + length;
    records.push(readRecord(octets.subarray(at + 8, end)));
    at = end;
  }
}

// Undefined where no whole record stands.
function lengthAt(octets: Buffer, at: number, generation: number): number | undefined {
  if (at + recordHeadOctets > octets.length) return undefined;
  const length = octets.readUInt32LE(at);
  const from = at + recordHeadOctets;
  if (length === 0 || from + length > octets.length) return undefined;
  const isWhole =
    checksum(octets.subarray(at + 8, from), [octets.subarray(from, from + length)], generation) ===
    octets.readUInt32LE(at + 4);
  return isWhole ? length : undefined;
}

// From the length of the text on.
function readRecord(octets: Buffer): JournalRecord {
  const textEnd = 4 + octets.readUInt32LE(0);
  const head = JSON.parse(octets.toString('utf8', 4, textEnd)) as WorkHead | { readonly ended: readonly Id[] };
  if ('ended' in head) return { kind: 'ended', ids: head.ended };
  let from = textEnd;
  const messages = head.messages.map(({ id, size }): NewMessage => {
    const body = octets.subarray(from, from + size);
    from += size;
    return { id, body };
  });
  return { kind: 'work', work: { ...head, messages } };
}

function checksum(first: Uint8Array, parts: readonly Uint8Array[], generation: number): number {
  return parts.reduce((sum, part) => crc32(part, sum), crc32(first, generation));
}
