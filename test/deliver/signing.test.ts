import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { test } from 'node:test';
import { mailSigner, postSigner, type SigningParts } from '../../src/deliver/signing.ts';
import { signingKey } from '../../src/mail/dkim.ts';
import { wireMessage } from '../../src/smtp/data.ts';
import { HandClock } from '../helpers/hand-clock.ts';

const { privateKey } = generateKeyPairSync('ed25519');
const pem = String(privateKey.export({ type: 'pkcs8', format: 'pem' }));
const made = signingKey('lists.example.org', 'ezlm', pem);
assert.ok(made.ok);
const key = made.value;
const parts: SigningParts = {
  clock: new HandClock(),
  keysOf: async (domain) => (domain === 'lists.example.org' ? [key] : []),
};

const rows: readonly [what: string, head: string, isSigned: boolean][] = [
  ['a mail that we wrote', 'From: News <news-help@Lists.Example.org>\r\n', true],
  ['one with a bare address', 'From: news-help@lists.example.org\r\n', true],
  ['one of another domain', 'From: a@people.example\r\n', false],
  ['one without an author', 'Subject: s\r\n', false],
  ['one that came in under our name', 'Received: from x by y; date\r\nFrom: a@lists.example.org\r\n', false],
];

for (const [what, head, isSigned] of rows) {
  test(`${what} is ${isSigned ? 'signed' : 'not signed'}`, async () => {
    const signer = await mailSigner(Buffer.from(`${head}\r\ntext\r\n`), parts);
    assert.equal(signer !== undefined, isSigned);
  });
}

test('each form of a post has a signature over its own body, in front of the message', async () => {
  const signer = await postSigner('lists.example.org', parts);
  assert.equal(await postSigner('other.example', parts), undefined);
  const head = 'From: a@people.example\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n';
  const message = Buffer.from(`${head}Content-Transfer-Encoding: 8bit\r\n\r\n.Grüße`);
  const wire = wireMessage(message, signer);
  const ascii = wire.inSevenBit();
  assert.ok(ascii);
  const hashes = [wire, ascii].map(({ raw }) => /^DKIM-Signature: [\s\S]*?\sbh=(\S+);/.exec(raw.toString())?.[1]);
  assert.ok(hashes[0] && hashes[1] && hashes[0] !== hashes[1]);
  assert.ok(wire.raw.toString().endsWith(`${message.toString()}\r\n`));
  assert.match(wire.octets.toString(), /\r\n\r\n\.\.Grüße\r\n\.\r\n$/);
  assert.equal(wire.size, wire.raw.length);
});
