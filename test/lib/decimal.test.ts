import assert from 'node:assert/strict';
import test from 'node:test';
import * as fc from 'fast-check';
import { putDecimal } from '../../src/lib/decimal.ts';

test('any whole number is written as text writes it, and nothing beside it', () => {
  const number = fc.oneof(fc.maxSafeNat(), fc.nat(1_000), fc.constantFrom(0, 9, 10, 99, 100, Number.MAX_SAFE_INTEGER));
  fc.assert(
    fc.property(number, (value) => {
      const into = Buffer.alloc(20, '.');
      const end = putDecimal(into, 2, value);
      assert.equal(into.toString('latin1'), `..${value}`.padEnd(20, '.'));
      assert.equal(end, 2 + String(value).length);
    }),
  );
});
