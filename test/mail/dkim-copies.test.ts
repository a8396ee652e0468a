import assert from 'node:assert/strict';
import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { bodyHash, keyRecord, type SigningKey, signingKey } from '../../src/mail/dkim.ts';
import { copySignerOf, type CopySigner, keySource } from '../../src/mail/dkim-copies.ts';
import { signaturesOf } from '../helpers/receiver.ts';

const domain = 'lists.example.org';
function madeKey(selector: string, text: string): SigningKey {
  const made = signingKey(domain, selector, text);
  assert.ok(made.ok);
  return made.value;
}

const pemOf = ({ privateKey }: { privateKey: KeyObject }): string =>
  String(privateKey.export({ type: 'pkcs8', format: 'pem' }));
const keys = [
  madeKey('r', pemOf(generateKeyPairSync('rsa', { modulusLength: 2_048 }))),
  madeKey('e', pemOf(generateKeyPairSync('ed25519'))),
];
const records = Object.fromEntries(keys.map((key) => [`${key.selector}._domainkey.${domain}`, keyRecord(key)]));

const head = 'List-Id: <news.lists.example.org>\r\nFrom: a@people.example\r\nSubject: a  post\r\n folded\r\n\r\n';
const body = 'Hello.\r\n';

function signerOf(some: readonly SigningKey[]): CopySigner {
  return copySignerOf({
    head,
    bodyHash: bodyHash(Buffer.from(body)),
    keys: some.map((key) => keySource(key)),
    seconds: 1_700_000_000,
    name: 'List-Unsubscribe',
  });
}

test('every copy verifies, whichever value its own field has', async () => {
  const value = fc.stringMatching(/^[!-~]{1,300}$/).map((text) => `<mailto:${text}>`);
  const values = fc.uniqueArray(value, { minLength: 1, maxLength: 4 });
  await fc.assert(
    fc.asyncProperty(values, fc.subarray(keys, { minLength: 1 }), async (some, used) => {
      const signer = signerOf(used);
      for (const one of some) {
        const copy = Buffer.from(`${signer.before}${signer.sign(one)}${head}${body}`);
        assert.deepEqual(
          await signaturesOf(copy, domain, records),
          used.map(() => 'pass'),
        );
      }
    }),
    { numRuns: 20 },
  );
});

test('the signature of one copy is none of another, and no second field can be added', async () => {
  const signer = signerOf(keys);
  const text = signer.before + signer.sign('<mailto:a>');
  const fields = text.slice(0, text.lastIndexOf('List-Unsubscribe: <mailto:a>'));
  const copy = (own: string): Buffer => Buffer.from(`${fields}${own}${head}${body}`);
  const added = 'List-Unsubscribe: <mailto:x>\r\n';
  for (const own of ['List-Unsubscribe: <mailto:b>\r\n', '', `${added}List-Unsubscribe: <mailto:a>\r\n`])
    assert.deepEqual(await signaturesOf(copy(own), domain, records), ['fail', 'fail'], own);
});

test('without a key nothing is signed', () => {
  const signer = signerOf([]);
  assert.deepEqual([signer.before, signer.sign('<mailto:a>')], ['', 'List-Unsubscribe: <mailto:a>\r\n']);
});
