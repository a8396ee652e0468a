import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { type Proved, prove, proveWithin } from '../../src/bounce/proof.ts';
import type { List } from '../../src/list/list.ts';
import type { MailRole, Role } from '../../src/list/name.ts';
import { stepSender } from '../../src/list/step-address.ts';
import { parseAddress } from '../../src/mail/address.ts';
import { verpSender } from '../../src/mail/verp.ts';
import { routeText } from '../../src/route.ts';
import { emptyLists, madeList } from '../helpers/lists.ts';
import { placesOf } from '../helpers/places.ts';

const host = 'lists.example.org';
const ann = 'ann@example.net';
const long = `${'very-long-name.'.repeat(4)}x@example.net`;
const since = Date.UTC(2026, 2, 1);

interface Proofs {
  readonly list: List;
  readonly verp: (who: string, number?: number, role?: MailRole) => Promise<string>;
  readonly step: (who: string, step: 'warn' | 'probe') => Promise<string>;
  /** What a mail to this address proves. */
  readonly prove: (to: string) => Promise<Proved | undefined>;
  readonly within: (text: string) => Promise<Proved | undefined>;
}

/** A list with these members. */
async function proofs(
  t: TestContext,
  members: Partial<Record<Role, readonly string[]>>,
  address = `news@${host}`,
): Promise<Proofs> {
  const { lists } = await emptyLists(t);
  const list = await madeList(lists, address);
  for (const [role, addresses] of Object.entries(members)) {
    const parsed = addresses.map((text) => parseAddress(text)!);
    await list.store.add(role as Role, parsed, { id: role, tag: 'manual', at: since });
  }
  const { name, id, domain } = list.name;
  const memberOf = async (who: string, role: Role): Promise<number> =>
    (await list.store.memberOf(role, parseAddress(who)!.canonical))?.id ?? 0;
  return {
    list,
    verp: async (who, number = 17, role = 'subscriber') => {
      const of = { number, member: await memberOf(who, role), address: parseAddress(who)! };
      return verpSender(role === 'digest' ? `${name}-digest` : name, id, domain, of, (await list.keys()).verpMac);
    },
    step: async (who, step) => {
      const member = { id: await memberOf(who, 'subscriber'), address: who };
      return stepSender(list.name, step, since, member, await list.keys());
    },
    prove: async (to) => {
      const way = routeText(to, placesOf([address]));
      assert.ok(way.kind === 'bounce', to);
      return prove(list, way);
    },
    within: (text) => proveWithin(list, Buffer.from(text)),
  };
}

/** The same address with one character of its MAC changed. */
function forged(sender: string): string {
  return sender.replace(/([a-z2-7])([a-z2-7]{7})(?=[-@])/, (_, first: string, rest: string) =>
    first === 'b' ? `c${rest}` : `b${rest}`,
  );
}

test('an address of ours proves the member, the post and the step', async (t) => {
  const { verp, step, prove: asked } = await proofs(t, { subscriber: [ann, long], digest: [ann] });
  const ofAnn = { address: ann, role: 'subscriber', member: 1 };
  assert.deepEqual(await asked(await verp(ann)), { ...ofAnn, number: 17 });
  assert.deepEqual(await asked(await verp(long, 3)), { address: long, role: 'subscriber', member: 2, number: 3 });
  assert.deepEqual(await asked(await verp(ann, 4, 'digest')), { address: ann, role: 'digest', member: 3, number: 4 });
  const probe = { ...ofAnn, number: 0, step: { step: 'probe', since } };
  assert.deepEqual(await asked(await step(ann, 'probe')), probe);
  assert.deepEqual(await asked((await step(ann, 'probe')).toUpperCase()), probe);
});

test('a forged one proves nothing, nor one that proves nothing by itself', async (t) => {
  const { verp, step, prove: asked, list } = await proofs(t, { subscriber: [ann, long] });
  const warning = await step(ann, 'warn');
  const wrong = [
    forged(await verp(ann)),
    forged(await verp(long)),
    forged(warning),
    warning.replace('.warn.', '.probe.'),
    warning.replace(/\.b(\.[a-z2-7]{16}@)/, '.c$1'),
    `news-return-@${host}`,
    `news-return-1-ann=example.net@${host}`,
  ];
  for (const to of wrong) assert.equal(await asked(to), undefined, to);
  const gone = await step(long, 'warn');
  await list.store.remove('subscriber', [parseAddress(long)!], { id: 'gone', tag: '', at: since });
  assert.equal((await asked(gone))?.member, undefined, 'who has left is no member');
});

test('our address is found in what a mail sends back, wherever it stands', async (t) => {
  const { verp, step, within } = await proofs(t, { subscriber: [ann, long], digest: [ann] });
  const addresses = [await verp(ann), await verp(long), await verp(ann, 5, 'digest'), await step(ann, 'warn')];
  for (const address of addresses) {
    const texts = [
      `Subject: failure\r\n\r\nReturn-Path: <${address}>\r\n`,
      `Subject: failure\r\n\r\n> Return-Path: <${address.toUpperCase()}>\n`,
      `\r\n\r\nsender:${address}, gone`,
      `X-Failed: "${address}"\r\n\r\n`,
      `\r\n\r\n${address}`,
      `\r\n\r\n\u00fc\u0000<${address}>\u0000`,
      `\r\n\r\n${forged(address)}\r\nand really ${address}`,
    ];
    for (const text of texts) assert.ok((await within(text))?.member, text);
    assert.equal(await within(`\r\n\r\n<${forged(address)}>`), undefined);
  }
  assert.deepEqual((await within(`\r\n\r\n<${addresses[3]}>`))?.step, { step: 'warn', since });
});

test('another list, another domain and a longer name are not ours', async (t) => {
  const { verp, within } = await proofs(t, { subscriber: [ann] });
  const other = await proofs(t, { subscriber: [ann] }, `other@${host}`);
  const namesake = await proofs(t, { subscriber: [ann] });
  const address = await verp(ann);
  const wrong = [
    await other.verp(ann),
    await other.step(ann, 'probe'),
    await namesake.verp(ann),
    await namesake.step(ann, 'probe'),
    `more-${address}`,
    `x.${address}`,
    address.replace(`@${host}`, '@lists-example.org'),
    address.replace(`@${host}`, `@x.${host}`),
    address.replace('@', ' @'),
  ];
  for (const text of wrong) assert.equal(await within(`\r\n\r\n<${text}>`), undefined, text);
});

test('a dot in the name of a list is a dot', async (t) => {
  const { verp, within } = await proofs(t, { subscriber: [ann] }, `n.e-w_s@${host}`);
  const address = await verp(ann);
  assert.ok(await within(`\r\n\r\n<${address}>`));
  assert.equal(await within(`\r\n\r\n<${address.replace('n.e', 'nxe')}>`), undefined);
});

test('who has left is found without being a member', async (t) => {
  const { verp, within, list } = await proofs(t, { subscriber: [ann] });
  const address = await verp(ann);
  await list.store.remove('subscriber', [parseAddress(ann)!], { id: 'gone', tag: '', at: since });
  assert.deepEqual(await within(`\r\n\r\n${address}`), { address: ann, role: 'subscriber', number: 17 });
});

test('forged addresses by the thousand are looked at twenty at the most', async (t) => {
  const { verp, within, list } = await proofs(t, { subscriber: [ann] });
  const real = await verp(ann);
  let checks = 0;
  const keys = await list.keys();
  const counting: List = {
    ...list,
    name: list.name,
    store: list.store,
    keys: async () => ({
      ...keys,
      verpMac: keys.verpMac,
      tokenMac: (parts) => keys.tokenMac(parts),
      tokenMatches: (parts, mac) => keys.tokenMatches(parts, mac),
      verpMatches: (number, canonical, mac) => {
        checks++;
        return keys.verpMatches(number, canonical, mac);
      },
    }),
  };
  const wrong = `<${forged(real)}>\r\n`;
  assert.equal(await proveWithin(counting, Buffer.from(`\r\n\r\n${wrong.repeat(10_000)}${real}`)), undefined);
  assert.ok(checks <= 20, `${checks} were checked`);
  assert.ok(await within(`\r\n\r\n${wrong.repeat(19)}<${real}>`));
});

test('what stands behind the first 256 KiB is not searched', async (t) => {
  const { verp, within } = await proofs(t, { subscriber: [ann] });
  const real = await verp(ann);
  assert.equal(await within(`\r\n\r\n${'x'.repeat(262_144)} ${real}`), undefined);
  assert.ok(await within(`\r\n\r\n${'x'.repeat(200_000)} ${real}`));
});

test('beginnings of our addresses by the thousand end in nothing', async (t) => {
  const { within } = await proofs(t, { subscriber: [ann] });
  for (const begun of ['news-return-1.aaaaaaaa-', 'news-digest-return-', 'return.', 'news-return-999999999999999.'])
    assert.equal(await within(begun.repeat(20_000)), undefined, begun);
});
