import assert from 'node:assert/strict';
import { createHash, createPublicKey, generateKeyPairSync, type KeyObject, verify } from 'node:crypto';
import test from 'node:test';
import * as fc from 'fast-check';
import { bodyHash, keyRecord, signatureFields, type SigningKey, signingKey } from '../../src/mail/dkim.ts';

/** A verifier of its own, written from RFC 6376 §6.1 with strings; the example of RFC 8463 tells that it is right. */
function isVerified(message: string, record: string): boolean {
  const split = message.indexOf('\r\n\r\n');
  const fields = message.slice(0, split).split(/\r\n(?![ \t])/);
  const own = fields.find((field) => /^dkim-signature:/i.test(field))!;
  const tags = new Map(
    own
      .slice(own.indexOf(':') + 1)
      .split(';')
      .map((tag) => [tag.slice(0, tag.indexOf('=')).trim(), tag.slice(tag.indexOf('=') + 1).replace(/\s/g, '')]),
  );
  if (tags.get('bh') !== hashOf(relaxedLines(message.slice(split + 4))).toString('base64')) return false;
  const left = fields.filter((field) => field !== own);
  let text = '';
  for (const name of tags.get('h')!.split(':')) {
    const at = left.findLastIndex((field) => field.slice(0, field.indexOf(':')).toLowerCase() === name.toLowerCase());
    if (at >= 0) text += `${relaxedField(left.splice(at, 1)[0]!)}\r\n`;
  }
  text += relaxedField(own.replace(/([;\s]b=)[^;]*/, '$1'));
  const signature = Buffer.from(tags.get('b')!, 'base64');
  return tags.get('a') === 'rsa-sha256'
    ? verify('sha256', Buffer.from(text, 'latin1'), publicKey(record), signature)
    : verify(null, hashOf(text), publicKey(record), signature);
}

function hashOf(text: string): Buffer {
  return createHash('sha256').update(Buffer.from(text, 'latin1')).digest();
}

function relaxedField(field: string): string {
  const colon = field.indexOf(':');
  const value = field.slice(colon + 1).replace(/\r\n/g, '');
  return `${field.slice(0, colon).toLowerCase()}:${value.replace(/[ \t]+/g, ' ').replace(/^ | $/g, '')}`;
}

function relaxedLines(body: string): string {
  const lines = body.split('\r\n').map((line) => line.replace(/[ \t]+/g, ' ').replace(/ $/, ''));
  while (lines.at(-1) === '') lines.pop();
  return lines.map((line) => `${line}\r\n`).join('');
}

function publicKey(record: string): KeyObject {
  const octets = Buffer.from(/p=(.+)$/.exec(record)![1]!, 'base64');
  const prefix = record.includes('k=ed25519') ? Buffer.from('302a300506032b6570032100', 'hex') : Buffer.alloc(0);
  return createPublicKey({ key: Buffer.concat([prefix, octets]), type: 'spki', format: 'der' });
}

const pem = { type: 'pkcs8', format: 'pem' } as const;
const spki = { type: 'spki', format: 'pem' } as const;
const rsaOf = (modulusLength: number): string =>
  generateKeyPairSync('rsa', { modulusLength, privateKeyEncoding: pem, publicKeyEncoding: spki }).privateKey;
const edwards = generateKeyPairSync('ed25519', { privateKeyEncoding: pem, publicKeyEncoding: spki }).privateKey;

function madeKey(selector: string, text: string): SigningKey {
  const made = signingKey('lists.example.org', selector, text);
  assert(made.ok);
  return made.value;
}

const keys = [madeKey('2026a', rsaOf(2_048)), madeKey('2026e', edwards)];

function signed(head: string, body: string, key: SigningKey): string {
  const octets = Buffer.from(`${head}\r\n`, 'latin1');
  const fields = signatureFields(octets, bodyHash(Buffer.from(body, 'latin1')), [key], 1_700_000_000);
  return `${fields.toString('latin1')}${head}\r\n${body}`;
}

const exampleBody = 'Hi.\r\n\r\nWe lost the game.  Are you hungry yet?\r\n\r\nJoe.\r\n';
const example =
  'DKIM-Signature: v=1; a=ed25519-sha256; c=relaxed/relaxed;\r\n d=football.example.com; i=@football.example.com;\r\n' +
  ' q=dns/txt; s=brisbane; t=1528637909; h=from : to :\r\n subject : date : message-id : from : subject : date;\r\n' +
  ' bh=2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8=;\r\n' +
  ' b=/gCrinpcQOoIfuHNQIbq4pgh9kyIK3AQUdt9OdqQehSwhEIug4D11BusFa3bT3FY5OsU7ZbnKELq+eXdp1Q1Dw==\r\n' +
  'From: Joe SixPack <joe@football.example.com>\r\nTo: Suzie Q <suzie@shopping.example.net>\r\n' +
  'Subject: Is dinner ready?\r\nDate: Fri, 11 Jul 2003 21:00:37 -0700 (PDT)\r\n' +
  `Message-ID: <20030712040037.46341.5F8J@football.example.com>\r\n\r\n${exampleBody}`;

test('the example of RFC 8463 has the body hash that we compute, and our verifier agrees with its signature', () => {
  assert.equal(bodyHash(Buffer.from(exampleBody)), '2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8=');
  const record = 'v=DKIM1; k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=';
  assert.equal(isVerified(example, record), true);
  assert.equal(isVerified(example.replace('dinner', 'supper'), record), false);
});

test('an empty body, and one of blanks and empty lines, hash like nothing', () => {
  const nothing = '47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=';
  for (const body of ['', '\r\n', ' \t\r\n\r\n', ' ']) assert.equal(bodyHash(Buffer.from(body)), nothing);
});

const heads = [
  'From: a@lists.example.org\r\n',
  `From: a@lists.example.org\r\nSubject: ${'long '.repeat(180)}\r\n\tand  folded \r\nList-Id: <news.lists.example.org>\r\n`,
  'FROM: a@lists.example.org\r\nSubject:\xc3\xa0 \xc2\xa0\r\nTo: b@example.org\r\nTo: c@example.org\r\nX-Other: 1\r\n',
];

test('what is signed verifies with the published record, whatever blanks and octets it holds', () => {
  const piece = fc.constantFrom('a', ' ', '\t', '\r\n', '.', '\xe9', '\xa0', '-- ');
  const body = fc.array(piece, { maxLength: 60 }).map((pieces) => pieces.join(''));
  fc.assert(
    fc.property(fc.constantFrom(...heads), body, fc.constantFrom(...keys), (head, text, key) => {
      assert.equal(isVerified(signed(head, text, key), keyRecord(key)), true);
    }),
  );
});

test('no signed field can be added, changed or taken away', () => {
  const message = signed(heads[1]!, 'Hello.\r\n', keys[1]!);
  const record = keyRecord(keys[1]!);
  assert.equal(isVerified(message.replace('\r\nFrom:', '\r\nX-New: 1\r\nFrom:'), record), true);
  for (const added of ['From: x@y.example', 'Reply-To: x@y.example', 'List-Unsubscribe: <mailto:x>', 'Subject: x']) {
    assert.equal(isVerified(message.replace('\r\nFrom:', `\r\n${added}\r\nFrom:`), record), false, added);
  }
  assert.equal(isVerified(message.replace(/\r\nList-Id: .*/, ''), record), false);
  assert.equal(isVerified(message.replace('Hello', 'Hallo'), record), false);
});

test('with two keys there are two signatures, and no line is longer than 78 octets', () => {
  const fields = signatureFields(Buffer.from(`${heads[0]}\r\n`), bodyHash(Buffer.alloc(0)), keys, 1).toString('latin1');
  assert.equal(fields.match(/^DKIM-Signature: /gm)?.length, 2);
  assert.doesNotMatch(fields, /\bl=/);
  for (const line of fields.split('\r\n')) assert(line.length <= 78, line);
});

test('weak keys, other text, and names that cannot stand in DNS are refused', () => {
  const rows: [string, string, string][] = [
    ['lists.example.org', 'a', rsaOf(1_024)],
    ['lists.example.org', 'a', 'no key'],
    ['lists.example.org', 'a; d=other.example', edwards],
    ['lists.example.org', 'a\r\nX: y', edwards],
    ['lists.example.org\r\nX: y', 'a', edwards],
    ['[192.0.2.1]', 'a', edwards],
  ];
  for (const [domain, selector, text] of rows) assert.equal(signingKey(domain, selector, text).ok, false, selector);
});
