import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { leaveAddress, parseLeaveAddress, provesLeaving } from '../../src/list/leave-address.ts';
import { parseListName } from '../../src/list/name.ts';
import { localPartOctetsMost } from '../../src/mail/address.ts';
import { routeText } from '../../src/route.ts';
import { anyAddress, anyListName } from '../helpers/addresses.ts';
import { fixedKeys } from '../helpers/keys.ts';
import { placesOf } from '../helpers/places.ts';

const news = parseListName('news@lists.example.org')!;

test('every address fits 64 octets and leads back to its member, also in another letter case', async (t) => {
  const keys = await fixedKeys(t, news.address);
  const anyId = fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER });
  const property = fc.property(anyListName, anyAddress, anyId, (list, address, id) => {
    const member = { id, address: address.text };
    const text = leaveAddress(list, member, keys);
    assert.ok(text.lastIndexOf('@') <= localPartOctetsMost, text);
    for (const folded of [text, text.toUpperCase()]) {
      const to = routeText(folded, placesOf([list.address]));
      assert.ok(to.kind === 'leave', to.kind);
      assert.equal(to.list.address, list.address);
      assert.equal(to.claim.member, id);
      assert.ok(provesLeaving(to.claim, { id, address: address.canonical }, keys));
    }
  });
  fc.assert(property);
});

test('it proves nothing of another member, another address or another list', async (t) => {
  const keys = await fixedKeys(t, news.address);
  const others = await fixedKeys(t, 'other@lists.example.org');
  const text = leaveAddress(news, { id: 7, address: 'bob@example.net' }, keys);
  const claim = parseLeaveAddress(text.slice(0, text.indexOf('@')))!;
  assert.ok(provesLeaving(claim, { id: 7, address: 'Bob@Example.net' }, keys));
  assert.ok(!provesLeaving(claim, { id: 8, address: 'bob@example.net' }, keys));
  assert.ok(!provesLeaving(claim, { id: 7, address: 'eve@example.net' }, keys));
  assert.ok(!provesLeaving(claim, { id: 7, address: 'bob@example.net' }, others));
});

test('what is no such address is not read as one', () => {
  const mac = 'abcdefghijklmnop';
  assert.equal(parseLeaveAddress(`confirm.${news.id}.leave.h.${mac}`)?.member, 7);
  const wrong = [
    `${news.id}.7.${mac}`,
    `${news.id}.leave.1.${mac}`,
    `${news.id}.leave.h.${mac}a`,
    `${news.id}.leave..${mac}`,
  ];
  for (const local of wrong) assert.equal(parseLeaveAddress(`confirm.${local}`), undefined, local);
});
