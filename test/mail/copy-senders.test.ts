import assert from 'node:assert/strict';
import test from 'node:test';
import * as fc from 'fast-check';
import { CopyMac } from '../../src/mail/copy-mac.ts';
import { CopySenders } from '../../src/mail/copy-senders.ts';
import { keptAddress } from '../../src/mail/address.ts';
import { verpSender } from '../../src/mail/verp.ts';
import { anyAddress, anyListName } from '../helpers/addresses.ts';

const before = '<';
const octets = fc.uint8Array({ minLength: 16, maxLength: 16 });

test('from octets to octets it is what verpSender writes, for any list, number, member and ASCII address', () => {
  const number = fc.integer({ min: 0, max: 9_999_999 });
  const member = fc.oneof(fc.integer({ min: 1, max: 10_000_000 }), fc.constant(Number.MAX_SAFE_INTEGER));
  const property = fc.property(anyListName, number, member, anyAddress, octets, (list, post, id, address, key) => {
    const mac = new CopyMac(key);
    const of = { prefix: list.name, listId: list.id, domain: list.domain, number: post };
    const senders = new CopySenders(of, mac);
    const expected = verpSender(
      list.name,
      list.id,
      list.domain,
      { number: post, member: id, address: keptAddress(address.text) },
      (_, canonical) => mac.of(canonical),
    );
    assert.equal(senders.of(id, address.text), expected);
    const line = Buffer.from(`${id} ${address.text}\n`, 'utf8');
    // The form for addresses above ASCII is made from their text.
    if (line.length !== line.toString('utf8').length) return;
    const from = line.indexOf(' ') + 1;
    const into = Buffer.alloc(before.length + senders.most, before);
    const end = senders.put(into, before.length, id, line, from, line.length - 1);
    assert.equal(into.toString('latin1', before.length, end), expected);
  });
  fc.assert(property, { numRuns: 2_000 });
});
