import assert from 'node:assert/strict';
import test from 'node:test';
import * as fc from 'fast-check';
import { parseListName } from '../../src/list/name.ts';
import { localPartOctetsMost, parseAddress } from '../../src/mail/address.ts';
import { parseOpaqueVerp, parseReadableVerp, verpSender } from '../../src/mail/verp.ts';
import { routeText } from '../../src/route.ts';
import { anyAddress, anyListName } from '../helpers/addresses.ts';
import { fixedKeys } from '../helpers/keys.ts';
import { placesOf } from '../helpers/places.ts';

const news = parseListName('news@lists.example.org')!;

test('the readable form is used where it fits and holds only what gateways leave alone', () => {
  const table: [address: string, expected: RegExp][] = [
    ['Bob@Example.net', /^news-return-17\.abcdefgh-bob=example\.net@/],
    ['b.o-b+x_y@example.net', /^news-return-17\.abcdefgh-b\.o-b\+x_y=example\.net@/],
    ['b=ob@example.net', /^return\./],
    ["o'neil@example.net", /^return\./],
    ['bob@[192.0.2.1]', /^return\./],
    ['"b b"@example.net', /^return\./],
    ['jürgen@example.net', /^return\./],
    ['bob@bücher.example', /^news-return-17\.abcdefgh-bob=xn--bcher-kva\.example@/],
    [`${'b'.repeat(40)}@example.net`, /^return\.[a-z2-7]{8}\.r\.h\.abcdefgh@/],
  ];
  for (const [text, expected] of table) {
    const target = { number: 17, member: 7, address: parseAddress(text)! };
    assert.match(
      verpSender(news.name, news.id, news.domain, target, () => 'abcdefgh'),
      expected,
      text,
    );
  }
});

test('any list, number and address: 64 octets at most, and the way back through route and key, in any letter case', async (t) => {
  const keys = await fixedKeys(t, news.address);
  const number = fc.integer({ min: 0, max: 9_999_999 });
  const member = fc.oneof(fc.integer({ min: 1, max: 10_000_000 }), fc.constant(Number.MAX_SAFE_INTEGER));
  const property = fc.property(
    anyListName,
    number,
    member,
    anyAddress,
    fc.boolean(),
    (list, post, id, address, isDigest) => {
      const prefix = isDigest ? `${list.name}-digest` : list.name;
      const target = { number: post, member: id, address };
      const sender = verpSender(prefix, list.id, list.domain, target, keys.verpMac);
      assert.ok(Buffer.byteLength(sender.slice(0, sender.lastIndexOf('@'))) <= localPartOctetsMost, sender);
      assert.match(sender, /^[a-z0-9.+_=@-]+$/);
      for (const folded of [sender, sender.toUpperCase()]) {
        const to = routeText(folded, placesOf([list.address]));
        assert.ok(to.kind === 'bounce' && to.verp, folded);
        assert.deepEqual([to.list.address, to.verp.number], [list.address, post]);
        // The opaque form names the member, whose address the list looks up.
        if ('member' in to.verp) assert.equal(to.verp.member, id);
        else
          assert.deepEqual(
            [to.verp.address.canonical, to.role],
            [address.canonical, isDigest ? 'digest' : 'subscriber'],
          );
        assert.ok(keys.verpMatches(to.verp.number, address.canonical, to.verp.mac));
        assert.equal(keys.verpMatches(to.verp.number + 1, address.canonical, to.verp.mac), false);
      }
    },
  );
  fc.assert(property, { numRuns: 1_000 });
});

test('what is no VERP address is none', () => {
  for (const text of [
    '',
    '17',
    '17-bob=x.example',
    '17.short-bob=x.example',
    '17.abcdefgh-bob',
    '17.abcdefg1-bob=x.example',
    '1e3.abcdefgh-b=x.example',
    '1234567890123456.abcdefgh-b=x.example',
    '17.abcdefgh-=x.example',
    '17.abcdefgh-b=',
  ]) {
    assert.equal(parseReadableVerp(text), undefined, text);
  }
  for (const text of [
    '',
    'return',
    'return.a',
    'return.abcdefgh.b.c',
    'return.abcdefgh.b.c.abcdefgh.d',
    'return..b.c.abcdefgh',
    'return.abcdefgh..c.abcdefgh',
    'return.abcdefgh.b.1.abcdefgh',
    'return.abcdefgh.b.777777777777.abcdefgh',
    'other.abcdefgh.b.c.abcdefgh',
  ]) {
    assert.equal(parseOpaqueVerp(text), undefined, text);
  }
});
