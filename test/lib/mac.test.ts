import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import test from 'node:test';
import * as fc from 'fast-check';
import { Mac } from '../../src/lib/mac.ts';

test('it is HMAC-SHA-256, whatever the secret and the texts before', () => {
  const texts = fc.array(fc.oneof(fc.string({ unit: 'binary' }), fc.string({ maxLength: 2_000 })), { maxLength: 5 });
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 64 }), texts, (secret, some) => {
      const mac = new Mac(secret);
      for (const text of some)
        assert.equal(mac.of(text), createHmac('sha256', secret).update(text, 'utf8').digest('binary'));
    }),
  );
});

test('RFC 4231, test case 2', () => {
  const mac = Buffer.from(new Mac(Buffer.from('Jefe')).of('what do ya want for nothing?'), 'latin1');
  assert.equal(mac.toString('hex'), '5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843');
});

test('a secret that is longer than a block is a mistake of the caller', () => {
  assert.throws(() => new Mac(new Uint8Array(65)), RangeError);
});
