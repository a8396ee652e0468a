import assert from 'node:assert/strict';
import test from 'node:test';
import { SipHash } from '../../src/lib/siphash.ts';

const key = Uint8Array.from({ length: 16 }, (_, at) => at);

function digest(hash: SipHash, octets: Uint8Array, from = 0, end = octets.length): string {
  hash.of(octets, from, end);
  const result = Buffer.alloc(8);
  result.writeInt32LE(hash.low, 0);
  result.writeInt32LE(hash.high, 4);
  return result.toString('hex');
}

test('the vectors of its authors: the octets 0, 1, 2 … under the key 0, 1, 2 …', () => {
  const table: [octets: number, expected: string][] = [
    [0, '310e0edd47db6f72'],
    [1, 'fd67dc93c539f874'],
    [15, 'e545be4961ca29a1'],
  ];
  const hash = new SipHash(key);
  const octets = Uint8Array.from({ length: 64 }, (_, at) => at);
  for (const [length, expected] of table) assert.equal(digest(hash, octets, 0, length), expected, `${length} octets`);
});

test('every length has a result of its own, wherever the octets stand', () => {
  const hash = new SipHash(key);
  const seen = new Set<string>();
  for (let length = 0; length < 64; length++) {
    const octets = new Uint8Array(length);
    const around = new Uint8Array(length + 9).fill(255);
    around.set(octets, 5);
    const here = digest(hash, octets);
    assert.equal(digest(hash, around, 5, 5 + length), here);
    seen.add(here);
  }
  assert.equal(seen.size, 64);
});

test('each bit of the key and of the octets matters', () => {
  const octets = Buffer.from('bob@example.net');
  const seen = new Set([digest(new SipHash(key), octets)]);
  const flipped = (some: Uint8Array, bit: number): Uint8Array =>
    some.map((octet, at) => (at === bit >> 3 ? octet ^ (1 << (bit & 7)) : octet));
  for (let bit = 0; bit < 128; bit++) seen.add(digest(new SipHash(flipped(key, bit)), octets));
  for (let bit = 0; bit < 8 * octets.length; bit++) seen.add(digest(new SipHash(key), flipped(octets, bit)));
  assert.equal(seen.size, 1 + 128 + 8 * octets.length);
});

test('a key of another length is a mistake of the caller', () => {
  assert.throws(() => new SipHash(new Uint8Array(15)), RangeError);
});
