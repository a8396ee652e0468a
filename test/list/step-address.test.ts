import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { listNameOctetsMost, parseListName } from '../../src/list/name.ts';
import { parseStepAddress, provesStep, stepSender } from '../../src/list/step-address.ts';
import { localPartOctetsMost, parseAddress } from '../../src/mail/address.ts';
import { routeText } from '../../src/route.ts';
import { anyAddress, anyListName } from '../helpers/addresses.ts';
import { fixedKeys } from '../helpers/keys.ts';
import { placesOf } from '../helpers/places.ts';

const news = parseListName('news@lists.example.org')!;
const bob = { id: 7, address: 'bob@example.net' };
const minuteMs = 60_000;
const since = Date.UTC(2026, 2, 1, 12, 34);
/** Until the year 4,000 and something. */
const anyMinute = fc.integer({ min: 0, max: 2 ** 30 }).map((minutes) => minutes * minuteMs);
const anyId = fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER });
const anyStep = fc.constantFrom('warn' as const, 'probe' as const);

function localOf(text: string): string {
  return text.slice(0, text.lastIndexOf('@'));
}

test('every address fits 64 octets and leads back to its step and member, also in another letter case', async (t) => {
  const keys = await fixedKeys(t, news.address);
  const longest = parseListName(`${'a'.repeat(listNameOctetsMost)}@x.example`)!;
  const anyList = fc.oneof(anyListName, fc.constant(longest));
  const property = fc.property(
    anyList,
    anyAddress,
    anyId,
    anyStep,
    anyMinute,
    (list, { text, canonical }, id, step, at) => {
      const sender = stepSender(list, step, at, { id, address: text }, keys);
      assert.ok(sender.lastIndexOf('@') <= localPartOctetsMost, sender);
      assert.ok(parseAddress(sender), sender);
      for (const folded of [sender, sender.toUpperCase()]) {
        const to = routeText(folded, placesOf([list.address]));
        assert.ok(to.kind === 'bounce' && to.step, to.kind);
        assert.deepEqual([to.list.address, to.verp, to.isBare], [list.address, undefined, undefined]);
        assert.deepEqual([to.step.step, to.step.since, to.step.member], [step, at, id]);
        assert.ok(provesStep(to.step, { id, address: canonical }, keys));
      }
    },
  );
  fc.assert(property);
});

test('whatever single character is changed, it proves nothing any more', async (t) => {
  const keys = await fixedKeys(t, news.address);
  for (const step of ['warn', 'probe'] as const) {
    const local = localOf(stepSender(news, step, since, bob, keys));
    for (let at = 0; at < local.length; at++)
      for (const other of 'abcdefghijklmnopqrstuvwxyz234567.-_=+ 018') {
        if (other === local[at]) continue;
        const claim = parseStepAddress(local.slice(0, at) + other + local.slice(at + 1));
        // Another list's id is another list, which has its own key.
        const isOurs = claim?.listId === news.id && provesStep(claim, { ...bob, id: claim.member }, keys);
        assert.ok(!isOurs, `${local}: ${other} at ${at}`);
      }
    for (let at = 0; at <= local.length; at++) {
      if (at < local.length) assert.equal(provenOf(local.slice(0, at) + local.slice(at + 1)), false, 'one missing');
      assert.equal(provenOf(`${local.slice(0, at)}7${local.slice(at)}`), false, 'one more');
    }
  }
  function provenOf(local: string): boolean {
    const claim = parseStepAddress(local);
    return claim?.listId === news.id && provesStep(claim, { ...bob, id: claim.member }, keys);
  }
});

test('it proves nothing of another list, another member, another address, another step or another time', async (t) => {
  const keys = await fixedKeys(t, news.address);
  const others = await fixedKeys(t, 'other@lists.example.org');
  const claim = parseStepAddress(localOf(stepSender(news, 'warn', since, bob, keys)))!;
  assert.ok(provesStep(claim, bob, keys));
  assert.ok(provesStep(claim, { id: 7, address: 'BOB@Example.Net' }, keys));
  assert.ok(!provesStep(claim, { ...bob, id: 8 }, keys));
  assert.ok(!provesStep(claim, { ...bob, address: 'eve@example.net' }, keys));
  assert.ok(!provesStep(claim, bob, others));
  assert.ok(!provesStep({ ...claim, step: 'probe' }, bob, keys));
  assert.ok(!provesStep({ ...claim, since: claim.since + minuteMs }, bob, keys));
  assert.ok(!provesStep({ ...claim, mac: claim.mac.slice(0, 8) }, bob, keys));
  assert.ok(!provesStep({ ...claim, mac: '' }, bob, keys));
});

test('what is no such address is not read as one', () => {
  const mac = 'abcdefghijklmnop';
  assert.deepEqual(parseStepAddress(`return.${news.id}.warn.b.h.${mac}`), {
    listId: news.id,
    step: 'warn',
    since: minuteMs,
    member: 7,
    mac,
  });
  const wrong = [
    `${news.id}.warn.b.h.${mac}a`,
    `${news.id}.warn.b.h.${mac.slice(1)}`,
    `${news.id}.warn.b..${mac}`,
    `${news.id}.warn..h.${mac}`,
    `${news.id}.removed.b.h.${mac}`,
    `${news.id}.warn.1.h.${mac}`,
    `${news.id}.warn.b.h.${mac}.b`,
    `${news.id}x.warn.b.h.${mac}`,
    `${news.id}.__proto__.b.h.${mac}`,
    `${news.id}.warn.b.77777777777.${mac}`,
  ];
  for (const local of wrong) assert.equal(parseStepAddress(`return.${local}`), undefined, local);
  fc.assert(fc.property(fc.string(), (local) => parseStepAddress(local) === undefined));
});
