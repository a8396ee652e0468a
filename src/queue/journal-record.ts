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
/** Of a record: its length without this, the length of its text, and a checksum. */
const recordHeadOctets = 12;

/** The first octets of a segment. */
export function segmentHead(generation: number): Buffer {
  const head = Buffer.alloc(segmentHeadOctets);
  magic.copy(head);
  head.writeUInt32LE(generation, magic.length);
  head.writeUInt32LE(crc32(head.subarray(0, magic.length + 4)), magic.length + 4);
  return head;
}

/** The octets of a record but for its head, which depends on what it comes to stand behind: text first, then bodies. */
export function recordParts(record: JournalRecord): readonly Uint8Array[] {
  if (record.kind === 'ended') return [Buffer.from(JSON.stringify({ ended: record.ids }))];
  const { messages, entries, claimant, created } = record.work;
  const sizes = messages.map(({ id, body }) => ({ id, size: body.length }));
  const head: WorkHead = { entries, claimant, created, messages: sizes };
  return [Buffer.from(JSON.stringify(head)), ...messages.map(({ body }) => body)];
}

/** How many octets a record takes. */
export function recordOctets(parts: readonly Uint8Array[]): number {
  return parts.reduce((sum, { length }) => sum + length, recordHeadOctets);
}

/**
 * The head of a record behind these octets, the head of its segment or that of the record before. Each checksum goes on from the one before it, as in
 * SQLite's log: what an earlier turn has left in the file, or a write that failed, belongs behind no other record.
 */
export function recordHead(parts: readonly Uint8Array[], before: Buffer): Buffer {
  const head = Buffer.alloc(recordHeadOctets);
  head.writeUInt32LE(recordOctets(parts) - recordHeadOctets, 0);
  head.writeUInt32LE(parts[0]?.length ?? 0, 4);
  head.writeUInt32LE(checksum(head.subarray(0, 8), parts, before), 8);
  return head;
}

/** Reads a segment up to the first octets that are no record of it; undefined: there is none. */
export function readSegment(octets: Buffer): Segment | undefined {
  if (octets.length < segmentHeadOctets) return undefined;
  const generation = octets.readUInt32LE(magic.length);
  let before = octets.subarray(0, segmentHeadOctets);
  if (!before.equals(segmentHead(generation))) return undefined;
  const records: JournalRecord[] = [];
  for (let at = segmentHeadOctets; ;) {
    const head = octets.subarray(at, at + recordHeadOctets);
    const end = endOf(octets, at, before);
    if (end === undefined) return { generation, records };
    records.push(readRecord(head.readUInt32LE(4), octets.subarray(at + recordHeadOctets, end)));
    [before, at] = [head, end];
  }
}

// Undefined where no whole record stands.
function endOf(octets: Buffer, at: number, before: Buffer): number | undefined {
  const from = at + recordHeadOctets;
  if (from > octets.length) return undefined;
  const end = from + octets.readUInt32LE(at);
  if (end === from || end > octets.length) return undefined;
  const sum = checksum(octets.subarray(at, at + 8), [octets.subarray(from, end)], before);
  return sum === octets.readUInt32LE(at + 8) ? end : undefined;
}

function readRecord(textOctets: number, octets: Buffer): JournalRecord {
  const head = JSON.parse(octets.toString('utf8', 0, textOctets)) as WorkHead | { readonly ended: readonly Id[] };
  if ('ended' in head) return { kind: 'ended', ids: head.ended };
  let from = textOctets;
  const messages = head.messages.map(({ id, size }): NewMessage => {
    const body = octets.subarray(from, from + size);
    from += size;
    return { id, body };
  });
  return { kind: 'work', work: { ...head, messages } };
}

// Both kinds of heads end with their checksum.
function checksum(first: Uint8Array, parts: readonly Uint8Array[], before: Buffer): number {
  return parts.reduce((sum, part) => crc32(part, sum), crc32(first, before.readUInt32LE(before.length - 4)));
}
