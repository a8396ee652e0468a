import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  type JournalRecord,
  readSegment,
  recordHead,
  recordOctets,
  recordParts,
  segmentHead,
} from '../../src/queue/journal-record.ts';
import { HandClock } from '../helpers/hand-clock.ts';
import { MemoryQueue } from '../helpers/memory-queue.ts';
import { ann, Desk } from './opening.ts';

const clock = new HandClock();
const desk = new Desk(new MemoryQueue(clock), clock);

function work(...bodies: readonly string[]): JournalRecord {
  const messages = bodies.map((body) => desk.message(body));
  const entries = messages.map((message) => desk.entry(message, { sender: 'jürgen@x.example' }));
  return { kind: 'work', work: { messages, entries, claimant: ann, created: clock.now() } };
}

// Each behind the one before it, the first behind the head of a segment.
function octetsOf(records: readonly JournalRecord[], generation: number): Buffer[] {
  let before = segmentHead(generation);
  return records.map((record) => {
    const parts = recordParts(record);
    before = recordHead(parts, before);
    const octets = Buffer.concat([before, ...parts]);
    assert.equal(octets.length, recordOctets(parts));
    return octets;
  });
}

const records: readonly JournalRecord[] = [
  work('one'),
  work('two', '', 'three\0\r\n'),
  { kind: 'ended', ids: [desk.newId(), desk.newId()] },
];

test('records are read as they were written', () => {
  const segment = readSegment(Buffer.concat([segmentHead(7), ...octetsOf(records, 7)]));
  assert.deepEqual(segment, { generation: 7, records });
});

test('a file without a whole head of its own is none', () => {
  const octets = Buffer.concat([segmentHead(7), ...octetsOf(records, 7)]);
  assert.equal(readSegment(Buffer.alloc(0)), undefined);
  assert.equal(readSegment(Buffer.alloc(4_096)), undefined);
  for (let at = 0; at < 16; at++) {
    const torn = Buffer.from(octets);
    torn[at]! ^= 1;
    assert.equal(readSegment(torn), undefined, `octet ${at}`);
  }
});

test('reading ends at the first octet that is wrong or missing, wherever it is', () => {
  const written = octetsOf(records, 7);
  const octets = Buffer.concat([segmentHead(7), ...written]);
  const ends = written.map((_, at) => 16 + Buffer.concat(written.slice(0, at + 1)).length);
  for (let at = 16; at < octets.length; at++) {
    const whole = records.slice(0, ends.filter((end) => end <= at).length);
    const torn = Buffer.from(octets);
    torn[at]! ^= 0x40;
    assert.deepEqual(readSegment(torn)?.records, whole, `octet ${at} wrong`);
    assert.deepEqual(readSegment(octets.subarray(0, at))?.records, whole, `cut at ${at}`);
  }
});

test('what an earlier turn has left behind the last record is none', () => {
  const [first, second] = [octetsOf(records, 7), octetsOf(records, 8)];
  const octets = Buffer.concat([segmentHead(8), second[0]!, ...first.slice(1)]);
  assert.deepEqual(readSegment(octets)?.records, records.slice(0, 1));
});

test('what a write that failed has left behind a record of the same length is none', () => {
  const [refused, behind, taken] = [work('a'), work('b'), work('c')];
  const failed = octetsOf([refused, behind], 7);
  const [written] = octetsOf([taken], 7);
  assert.equal(written!.length, failed[0]!.length);
  assert.deepEqual(readSegment(Buffer.concat([segmentHead(7), written!, failed[1]!]))?.records, [taken]);
});
