import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { decodeWords, encodePhrase } from '../../src/mail/words.ts';

test('a phrase is bare, quoted or encoded, as its marks ask for', () => {
  assert.equal(encodePhrase('Good News 7'), 'Good News 7');
  assert.equal(encodePhrase('News, "all" <x@y>'), '"News, \\"all\\" <x@y>"');
  assert.equal(encodePhrase('back\\slash'), '"back\\\\slash"');
  assert.equal(encodePhrase('a\tb\u0007'), 'a b');
});

test('an encoded phrase has no mark with a meaning of its own, and says the same', () => {
  fc.assert(
    fc.property(
      fc.string({ unit: fc.constantFrom('a', 'Z', 'ä', '😀', '<', '>', '@', '"', ',', '\\', '(', ' ', '.') }),
      (text) => {
        fc.pre(/[^ -~]/.test(text.trim()));
        const phrase = encodePhrase(text);
        assert.doesNotMatch(phrase, /[<>@",\\()]/);
        assert.equal(decodeWords(phrase), text.trim());
      },
    ),
  );
});
