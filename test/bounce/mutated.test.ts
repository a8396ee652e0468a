import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { understand } from '../../src/bounce/understand.ts';
import { mutate, numbersFrom, seedMails } from '../fuzz/mutate.ts';

// `npm run fuzz` reads a million of them, and takes the time.
const seeds = seedMails(process.env['EZLM_CORPORA']);

test('500 mutated bounces are read without a throw, and what they say is clean', () => {
  fc.assert(
    fc.property(fc.nat(4_000_000_000), (seed) => {
      const { kind, recipients } = understand(mutate(seeds, numbersFrom(seed)));
      assert.ok(recipients.length <= 200);
      for (const { address, diagnostic, counts } of recipients) {
        assert.ok(!/[\r\n\0]/.test(address + diagnostic), JSON.stringify([address, diagnostic]));
        assert.ok(!counts || kind === 'bounce');
      }
    }),
    { numRuns: 500 },
  );
});
