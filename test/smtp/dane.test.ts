import assert from 'node:assert/strict';
import { createHash, X509Certificate } from 'node:crypto';
import { test, type TestContext } from 'node:test';
import { daneDoubt, isUsable } from '../../src/smtp/dane.ts';
import type { TlsaRecord } from '../../src/lib/dns.ts';
import { makeAuthority } from '../helpers/authority.ts';
import { opensslIsAbsent } from '../helpers/certificate.ts';

const skip = opensslIsAbsent();
const base = 'mx.d.example';
const dayMs = 86_400_000;

/** A record of a certificate. */
function tlsa(usage: number, selector: number, matching: number, certificate: X509Certificate): TlsaRecord {
  const whole = selector === 0 ? certificate.raw : certificate.publicKey.export({ type: 'spki', format: 'der' });
  const octets =
    matching === 0
      ? whole
      : createHash(matching === 1 ? 'sha256' : 'sha512')
          .update(whole)
          .digest();
  return { usage, selector, matching, octets };
}

async function chainOf(t: TestContext, subject = `DNS:${base}`): Promise<X509Certificate[]> {
  const root = await makeAuthority(t);
  const middle = await root.issue('DNS:middle.example', { isAuthority: true });
  const own = await middle.issue(subject);
  return [own, middle, root].map(({ cert }) => new X509Certificate(cert));
}

test(
  'every selector and matching type finds the certificate that it was made of, and no other',
  { skip },
  async (t) => {
    const chain = await chainOf(t);
    const other = await chainOf(t);
    for (const selector of [0, 1])
      for (const matching of [0, 1, 2]) {
        const name = `${selector} ${matching}`;
        for (const [usage, at] of [
          [3, 0],
          [2, 1],
          [2, 2],
        ] as const) {
          const record = tlsa(usage, selector, matching, chain[at]!);
          assert.ok(isUsable(record), name);
          assert.equal(daneDoubt(chain, { base, records: [record] }, Date.now()), undefined, `${usage} ${name}`);
          const doubt = daneDoubt(other, { base, records: [record] }, Date.now());
          assert.equal(doubt, 'no TLSA record matches its certificates', `${usage} ${name}`);
        }
      }
  },
);

test('one record of several is enough', { skip }, async (t) => {
  const chain = await chainOf(t);
  const records = [tlsa(2, 0, 1, chain[0]!), tlsa(3, 1, 1, chain[1]!), tlsa(3, 1, 1, chain[0]!)];
  assert.equal(daneDoubt(chain, { base, records }, Date.now()), undefined);
  assert.match(
    daneDoubt(chain, { base, records: records.slice(0, 2) }, Date.now())!,
    /no TLSA record/,
    'usages do not mix',
  );
});

test(
  'a certificate that is named itself needs neither name nor date; below an authority it needs both',
  { skip },
  async (t) => {
    const chain = await chainOf(t, 'DNS:elsewhere.example');
    const [own, middle, root] = chain as [X509Certificate, X509Certificate, X509Certificate];
    const later = Date.now() + 5 * dayMs;
    assert.equal(daneDoubt(chain, { base, records: [tlsa(3, 0, 1, own)] }, later), undefined);
    const below = { base, records: [tlsa(2, 0, 1, middle)] };
    assert.match(daneDoubt(chain, below, Date.now())!, /does not name mx\.d\.example/);
    const right = { ...below, base: 'elsewhere.example' };
    assert.equal(daneDoubt(chain, right, Date.now()), undefined);
    assert.match(daneDoubt(chain, right, later)!, /expired/);
    assert.match(daneDoubt(chain, right, Date.now() - 5 * dayMs)!, /not valid yet/);
    assert.match(daneDoubt([], right, Date.now())!, /no certificate/);
    assert.match(daneDoubt([own, root], { ...right, records: [tlsa(2, 0, 1, root)] }, Date.now())!, /not signed/);
  },
);

test('who is no authority signs for nobody, and a copied name is not enough', { skip }, async (t) => {
  const root = await makeAuthority(t);
  const leaf = await root.issue('DNS:leaf.example');
  const forged = await leaf.issue(`DNS:${base}`);
  const impostor = await (await makeAuthority(t)).issue(`DNS:${base}`);
  const certificates = [forged, leaf, root, impostor].map(({ cert }) => new X509Certificate(cert));
  const [own, signer, anchor, other] = certificates as [
    X509Certificate,
    X509Certificate,
    X509Certificate,
    X509Certificate,
  ];
  const records = [tlsa(2, 0, 1, anchor)];
  assert.match(daneDoubt([own, signer, anchor], { base, records }, Date.now())!, /not signed/);
  assert.match(
    daneDoubt([other, anchor], { base, records }, Date.now())!,
    /not signed/,
    'an authority of the same name',
  );

  const right = new X509Certificate((await root.issue(`DNS:${base}`)).cert);
  const changed = Buffer.from(right.raw);
  changed[changed.length - 1]! ^= 1;
  assert.equal(daneDoubt([right, anchor], { base, records }, Date.now()), undefined);
  assert.match(daneDoubt([new X509Certificate(changed), anchor], { base, records }, Date.now())!, /not signed/);
});

test('what says nothing that can be checked is no record to go by (RFC 7672 §3.1.3)', () => {
  const table: [usage: number, selector: number, matching: number, octets: number, isUsable: boolean][] = [
    [3, 1, 1, 32, true],
    [2, 0, 2, 64, true],
    [3, 0, 0, 500, true],
    [0, 1, 1, 32, false],
    [1, 1, 1, 32, false],
    [4, 1, 1, 32, false],
    [255, 1, 1, 32, false],
    [3, 2, 1, 32, false],
    [3, 1, 3, 32, false],
    [3, 1, 1, 31, false],
    [3, 1, 2, 32, false],
    [3, 1, 0, 0, false],
  ];
  for (const [usage, selector, matching, octets, want] of table) {
    const record = { usage, selector, matching, octets: Buffer.alloc(octets) };
    assert.equal(isUsable(record), want, `${usage} ${selector} ${matching} of ${octets}`);
  }
});
