import assert from 'node:assert/strict';
import test from 'node:test';
import * as fc from 'fast-check';
import { parseListName, roles } from '../../src/list/name.ts';
import type { Request, RequestAction } from '../../src/list/store.ts';
import { confirmAddress, expiryIn, matchesRequest, newNonce, readToken } from '../../src/list/tokens.ts';
import { localPartOctetsMost, parseAddress } from '../../src/mail/address.ts';
import { routeText } from '../../src/route.ts';
import { anyAddress, anyListName } from '../helpers/addresses.ts';
import { fixedKeys } from '../helpers/keys.ts';
import { placesOf } from '../helpers/places.ts';

const actions: readonly RequestAction[] = ['sc', 'uc', 'tc', 'rc', 'vc', 'wc'];
const news = parseListName('news@lists.example.org')!;
const bob = parseAddress('bob@example.net')!;
const request: Request = {
  id: 5,
  action: 'sc',
  role: 'subscriber',
  address: bob.text,
  expires: 29_000_000 * 60_000,
  nonce: 123_456,
};

test('a short address gets the readable form, with the role in front', async (t) => {
  const keys = await fixedKeys(t, news.address);
  const table: [role: Request['role'], action: RequestAction, pattern: RegExp][] = [
    ['subscriber', 'sc', /^news-sc\.[a-z2-7]{29}-bob=example\.net@lists\.example\.org$/],
    ['digest', 'uc', /^news-digest-uc\.[a-z2-7]{29}-bob=example\.net@lists\.example\.org$/],
    ['mod', 'sc', new RegExp(`^confirm\\.${news.id}\\.5\\.[a-z2-7]{16}@lists\\.example\\.org$`)],
  ];
  for (const [role, action, pattern] of table) {
    assert.match(confirmAddress(news, { ...request, role, action }, bob, keys), pattern);
  }
});

test('every confirmation address fits 64 octets and leads back to its request, also in another letter case', async (t) => {
  const allKeys = new Map(
    await Promise.all(['lists.example.org', 'x.example'].map(async (at) => [at, await fixedKeys(t, at)] as const)),
  );
  const anyRequest = fc.record({
    id: fc.integer({ min: 1, max: 10 ** 9 }),
    action: fc.constantFrom(...actions),
    role: fc.constantFrom(...roles),
    minutes: fc.integer({ min: 0, max: 0xff_ff_ff_ff }),
    nonce: fc.integer({ min: 0, max: 0xff_ff_ff_ff }),
  });
  const property = fc.property(anyListName, anyAddress, anyRequest, (list, address, { minutes, ...rest }) => {
    const keys = allKeys.get(list.domain)!;
    const wanted: Request = { ...rest, address: address.text, expires: minutes * 60_000 };
    const text = confirmAddress(list, wanted, address, keys);
    assert.ok(Buffer.byteLength(text.slice(0, text.lastIndexOf('@'))) <= localPartOctetsMost, text);
    for (const folded of [text, text.toLowerCase(), text.toUpperCase()]) {
      const to = routeText(folded, placesOf([list.address]));
      if (to.kind === 'confirm') {
        assert.deepEqual(
          [to.list.address, to.word, to.role, to.target.canonical],
          [list.address, rest.action, rest.role, address.canonical],
        );
        assert.deepEqual(readToken(to.token, to.word, to.role, to.target, keys), {
          expires: wanted.expires,
          nonce: rest.nonce,
        });
      } else {
        assert.ok(to.kind === 'confirm-id', to.kind);
        assert.deepEqual([to.list.address, to.id], [list.address, rest.id]);
        assert.ok(matchesRequest(wanted, to.mac, keys));
      }
    }
  });
  fc.assert(property, { numRuns: 1_000 });
});

test('a token holds for its action, role and address only, and no character of it may change', async (t) => {
  const keys = await fixedKeys(t, news.address);
  const text = confirmAddress(news, request, bob, keys);
  const token = /sc\.([^-]+)-/.exec(text)![1]!;
  assert.deepEqual(readToken(token, 'sc', 'subscriber', bob, keys), { expires: request.expires, nonce: request.nonce });
  assert.equal(readToken(token, 'uc', 'subscriber', bob, keys), undefined);
  assert.equal(readToken(token, 'sc', 'digest', bob, keys), undefined);
  assert.equal(readToken(token, 'sc', 'subscriber', parseAddress('eve@example.net')!, keys), undefined);
  for (let at = 0; at < token.length; at++) {
    // The last of the first 13 characters holds 4 bits only; its lowest bit says nothing.
    const other = at === 12 ? (token[at]! < 'i' ? 'y' : 'a') : token[at] === 'a' ? 'b' : 'a';
    const wrong = token.slice(0, at) + other + token.slice(at + 1);
    assert.equal(readToken(wrong, 'sc', 'subscriber', bob, keys), undefined, `character ${at}`);
  }
  for (const wrong of ['', token.slice(1), `${token}a`, '!'.repeat(29)]) {
    assert.equal(readToken(wrong, 'sc', 'subscriber', bob, keys), undefined, wrong);
  }
});

test('a token of list A proves nothing on list B with the same key file', async (t) => {
  const [a, b] = [await fixedKeys(t, news.address), await fixedKeys(t, 'talk@lists.example.org')];
  const token = /sc\.([^-]+)-/.exec(confirmAddress(news, request, bob, a))![1]!;
  assert.equal(readToken(token, 'sc', 'subscriber', bob, b), undefined);
  const mod = { ...request, role: 'mod' } as const;
  const mac = confirmAddress(news, mod, bob, a).split('@')[0]!.split('.').at(-1)!;
  assert.equal(matchesRequest(mod, mac, a), true);
  assert.equal(matchesRequest(mod, mac, b), false);
  assert.equal(matchesRequest({ ...mod, id: 6 }, mac, a), false, 'another request');
});

test('a request expires at a whole minute, and nonces differ', () => {
  const expires = expiryIn(3, 1_000_000_123_456);
  assert.equal(expires % 60_000, 0);
  assert.ok(Math.abs(expires - 1_000_000_123_456 - 3 * 86_400_000) < 60_000);
  assert.equal(new Set(Array.from({ length: 100 }, newNonce)).size, 100);
});
