import assert from 'node:assert/strict';
import test from 'node:test';
import { Collecting, MessageRoom } from '../../src/receive/collect.ts';

const all = (chunks: readonly Buffer[]): string => Buffer.concat(chunks).toString('latin1');

test('a message is kept in the order of its pieces, put together', () => {
  const message = new Collecting(new MessageRoom(100_000), 100_000);
  const small = Buffer.from('abc');
  const large = Buffer.alloc(20_000, 'x');
  for (const piece of [small, small, large, small]) message.take(piece);
  // The octets may be used for the next read.
  small.fill('z');
  large.fill('z');
  const { chunks, trouble } = message.end();
  assert.equal(trouble, undefined);
  assert.deepEqual([chunks.length, all(chunks)], [2, `abcabc${'x'.repeat(20_000)}abc`]);
});

test('thousands of small pieces take no more than their octets', () => {
  const room = new MessageRoom(65_536);
  const message = new Collecting(room, 65_536);
  for (let sent = 0; sent < 60_000; sent += 100) message.take(Buffer.alloc(100));
  const { chunks, trouble } = message.end();
  assert.deepEqual([trouble, chunks.length, all(chunks).length], [undefined, 4, 60_000]);
});

// Octets of the room, of a message at most, and what comes.
const troubles = [
  ['too large', 100_000, 5_000, [3_000, 3_000]],
  ['too large', 100_000, 40_000, [30_000, 5_000, 10_000, 10]],
  ['no room', 20_000, 100_000, [10_000, 10_000]],
  ['no room', 20_000, 100_000, [20_000, 10]],
  ['no room', 4_000, 100_000, [10]],
] as const;

test('what is too large or finds no room is thrown away, and its room is free at once', () => {
  for (const [why, octets, most, pieces] of troubles) {
    const room = new MessageRoom(octets);
    const message = new Collecting(room, most);
    for (const piece of pieces) message.take(Buffer.alloc(piece));
    assert.ok(room.take(octets), why);
    const { trouble, chunks } = message.end();
    assert.deepEqual([trouble, chunks], [why, []]);
  }
});

test('a message holds its room until it is released, once; one that broke off holds none', () => {
  const room = new MessageRoom(20_000);
  const message = new Collecting(room, 20_000);
  message.take(Buffer.alloc(3_000));
  const { release } = message.end();
  assert.ok(!room.take(16_000));
  release();
  release();
  assert.ok(room.take(20_000));
  room.give(20_000);
  const broken = new Collecting(room, 20_000);
  broken.take(Buffer.alloc(3_000));
  assert.equal(broken.end('broken off').trouble, 'broken off');
  assert.ok(room.take(20_000));
});

test('blocks serve again, and what one message left in them is in no other', () => {
  const room = new MessageRoom(100_000);
  const first = new Collecting(room, 100_000);
  first.take(Buffer.alloc(40_000, 'a'));
  const { chunks, release } = first.end();
  const blocks = new Set(chunks.map(({ buffer }) => buffer));
  release();
  const [second, third] = [new Collecting(room, 100_000), new Collecting(room, 100_000)];
  for (const [message, text] of [
    [second, 'b'],
    [third, 'c'],
    [second, 'd'],
  ] as const)
    message.take(Buffer.from(text));
  const kept = [second.end().chunks, third.end().chunks];
  assert.deepEqual(kept.map(all), ['bd', 'c']);
  const used = kept.flatMap((of) => of.map(({ buffer }) => buffer));
  assert.deepEqual([used.every((buffer) => blocks.has(buffer)), new Set(used).size], [true, 2]);
});
