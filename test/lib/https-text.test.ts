import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { type HttpsTextParts, httpsText } from '../../src/lib/https-text.ts';
import { isPublicAddress } from '../../src/lib/public-address.ts';
import { makeAuthority } from '../helpers/authority.ts';
import { opensslIsAbsent } from '../helpers/certificate.ts';
import { startPolicyHost, type WebAnswer } from '../helpers/policy-host.ts';

const skip = opensslIsAbsent();
const name = 'mta-sts.example.net';

async function fetched(
  t: TestContext,
  answer: WebAnswer,
  given: Partial<HttpsTextParts> = {},
  subject = `DNS:${name}`,
) {
  const authority = await makeAuthority(t);
  const host = await startPolicyHost(t, await authority.issue(subject), answer);
  const text = await httpsText(name, '/a', {
    resolver: { addresses: async () => ({ kind: 'found', records: ['127.0.0.1'] }) },
    timeoutMs: 2_000,
    octetsMost: 100,
    mayReach: () => true,
    port: host.port,
    authorities: authority.cert,
    ...given,
  });
  return { text: typeof text === 'string' ? text : text.trouble, isText: typeof text === 'string', asked: host.asked };
}

test('a text comes from the host that the certificate names', { skip }, async (t) => {
  const { text, asked } = await fetched(t, { body: 'hello\n' });
  assert.deepEqual([text, asked], ['hello\n', [`${name}/a`]]);
});

test('what is not as it must be is no text', { skip }, async (t) => {
  const elsewhere = { location: 'https://mta-sts.example.net/b', 'content-type': 'text/plain' };
  const table: [answer: WebAnswer, wrong: RegExp, given?: Partial<HttpsTextParts>, subject?: string][] = [
    [{ status: 404 }, /answered 404/],
    [{ status: 301, headers: elsewhere, body: 'x' }, /answered 301/],
    [{ headers: { 'content-type': 'text/html' }, body: 'x' }, /not text\/plain/],
    [{ headers: { 'content-type': 'text/plainer' }, body: 'x' }, /not text\/plain/],
    [{ headers: {}, body: 'x' }, /not text\/plain/],
    [{ body: 'x'.repeat(101) }, /more than 100 octets/],
    [{ isSilent: true }, /abort|timeout/i, { timeoutMs: 100 }],
    [{ body: 'x' }, /altnames|does not match/i, {}, 'DNS:example.net'],
    [{ body: 'x' }, /certificate/, { authorities: '' }],
    [{ body: 'x' }, /has no address/, { resolver: { addresses: async () => ({ kind: 'missing' }) } }],
  ];
  for (const [answer, wrong, given, subject] of table) {
    const { text, isText, asked } = await fetched(t, answer, given, subject);
    assert.match(text, wrong);
    assert.equal(isText, false, text);
    assert.ok(asked.length <= 1, 'nothing is followed');
  }
});

test('text/plain may have parameters', { skip }, async (t) => {
  const { isText } = await fetched(t, { headers: { 'content-type': 'Text/Plain; charset=utf-8' }, body: 'x' });
  assert.equal(isText, true);
});

test('hosts of the own network are not spoken to, whatever name leads there', { skip }, async (t) => {
  for (const records of [['127.0.0.1'], ['10.0.0.1', '::1'], ['169.254.169.254'], ['::ffff:127.0.0.1']]) {
    const resolver: HttpsTextParts['resolver'] = { addresses: async () => ({ kind: 'found', records }) };
    const table = await fetched(t, { body: 'x' }, { resolver, mayReach: isPublicAddress });
    assert.deepEqual([table.text, table.asked], [`${name} has no public address`, []]);
  }
});
