import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { test } from 'node:test';
import { type CopyHead, CopyHeads, type CopySigning } from '../../src/deliver/copy-heads.ts';
import { keyRecord, signingKey } from '../../src/mail/dkim.ts';
import { copySignerOf } from '../../src/mail/dkim-copies.ts';
import { wireMessage } from '../../src/smtp/data.ts';
import { signaturesOf } from '../helpers/receiver.ts';

const domain = 'lists.example.org';
const pem = String(generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' }));
const made = signingKey(domain, 'e', pem);
assert.ok(made.ok);
const records = { [`e._domainkey.${domain}`]: keyRecord(made.value) };
const field = { name: 'List-Unsubscribe', valueOf: (member: number) => `<mailto:${member}@${domain}>` };
const noHead = undefined as CopyHead | undefined;
const text = 'From: a@people.example\r\nSubject: a post\r\n\r\ntext\r\n';

// Elsewhere, with what a thread is given.
const signing: CopySigning = {
  signer: (source) => {
    const signer = copySignerOf(structuredClone(source));
    return (values, done) => done(values.map((value) => signer.sign(value)));
  },
  close: () => {},
};

test('what was signed is what is sent, here and elsewhere, however the time goes on', async () => {
  let now = 1_700_000_000_000;
  const clock = { now: () => (now += 1_000), sleep: async () => {} };
  const heads = new CopyHeads({ field, keys: [made.value], signing, clock });
  const load = { message: wireMessage(Buffer.from(text)) };
  const copyOf = (member: number) => ({ load, recipient: `${member}@people.example`, member, head: noHead });
  const copies = [1, 2, 3].map(copyOf);
  heads.stampNow(copies[0]!, load.message);
  await Promise.all(copies.slice(1).map((copy) => new Promise<void>((resolve) => heads.stampLater(copy, resolve))));
  for (const { head, member } of copies) {
    const copy = `${String(head?.before)}${head?.text}${text}`;
    assert.ok(copy.includes(`List-Unsubscribe: <mailto:${member}@${domain}>\r\n`));
    assert.deepEqual(await signaturesOf(Buffer.from(copy), domain, records), ['pass']);
  }
});
