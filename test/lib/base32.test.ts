import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { base32, base32Integer, fromBase32, fromBase32Integer } from '../../src/lib/base32.ts';

test('octets are written as in RFC 4648, in lower case and without padding', () => {
  const table = [
    ['', ''],
    ['f', 'my'],
    ['fo', 'mzxq'],
    ['foo', 'mzxw6'],
    ['foob', 'mzxw6yq'],
    ['fooba', 'mzxw6ytb'],
    ['foobar', 'mzxw6ytboi'],
  ] as const;
  for (const [plain, written] of table) assert.equal(base32(Buffer.from(plain)), written);
});

test('octets come back, in whatever letter case the text comes', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 40 }), (octets) => {
      const text = base32(octets);
      for (const form of [text, text.toUpperCase()]) assert.deepEqual(fromBase32(form), Buffer.from(octets));
    }),
  );
});

test('a text with a character outside the alphabet is no base32', () => {
  for (const text of ['0', '1', 'a8', 'm=', 'mz xq', 'ü', 'm\n', 'mz-q']) {
    assert.equal(fromBase32(text), undefined, text);
    assert.equal(fromBase32Integer(text), undefined, text);
  }
});

test('integers come back, in whatever letter case the text comes', () => {
  fc.assert(
    fc.property(fc.maxSafeNat(), (value) => {
      const text = base32Integer(value);
      assert.equal(fromBase32Integer(text), value);
      assert.equal(fromBase32Integer(text.toUpperCase()), value);
    }),
  );
  assert.equal(base32Integer(0), 'a');
  assert.equal(fromBase32Integer(base32Integer(Number.MAX_SAFE_INTEGER)), Number.MAX_SAFE_INTEGER);
});

test('what is no safe integer is not written, and not read', () => {
  for (const value of [-1, 1.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 53]) {
    assert.throws(() => base32Integer(value), RangeError, String(value));
  }
  for (const text of ['', '7'.repeat(11), 'a'.repeat(12)]) assert.equal(fromBase32Integer(text), undefined, text);
});
