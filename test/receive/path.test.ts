import assert from 'node:assert/strict';
import type { Socket } from 'node:net';
import { PassThrough } from 'node:stream';
import test from 'node:test';
import { array, assert as check, constantFrom, property } from 'fast-check';
import { SMTPServer } from 'smtp-server';
import { SMTPConnection } from 'smtp-server/lib/smtp-connection.js';
import { parametersOf, plainPath } from '../../src/receive/path.ts';

const packages = new SMTPConnection(new SMTPServer(), new PassThrough() as unknown as Socket);

test('the usual form of a path is read', () => {
  assert.deepEqual(plainPath('MAIL FROM', 'MAIL FROM:<a.b+c@x.example>'), { address: 'a.b+c@x.example', args: false });
  assert.deepEqual(
    plainPath('RCPT TO', 'rcpt to: <News-Help@Lists.Example.ORG>')?.address,
    'News-Help@Lists.Example.ORG',
  );
  assert.equal(plainPath('MAIL FROM', 'MAIL FROM:<>')?.address, '');
});

const others = [
  'MAIL FROM:a@x.example', 'MAIL FROM:<a@x.example> SIZE=1', 'MAIL FROM:<"a"@x.example>', 'MAIL FROM:<a@[127.0.0.1]>', 'MAIL FROM:<a..b@x.example>',
  'MAIL FROM:<a@xn--mller-kva.example>', 'MAIL FROM:<a@-x.example>', 'MAIL FROM:<a@x..example>', 'MAIL FROM:<\u00e4@x.example>', 'MAIL FROM <a@x.example>',
  'RCPT TO:<a@x.example>', `MAIL FROM:<${'a'.repeat(250)}@x.example>`, 'MAIL FROM:<@r.example:a@x.example>', 'MAIL FROM:<a\u0001@x.example>', 'MAIL FROM:<postmaster>',
]; // prettier-ignore

test('every other form is left to the package', () => {
  for (const command of others) assert.equal(plainPath('MAIL FROM', command), undefined, command);
});

test('what is read is what the package reads', () => {
  const words = constantFrom(
    'a',
    'B',
    '.',
    '-',
    '@',
    'x.example',
    '<',
    '>',
    ' ',
    '+',
    '"',
    'xn--',
    '9',
    '_',
    '\u00e4',
    '[127.0.0.1]',
    ':',
    '=',
  );
  check(
    property(array(words, { maxLength: 8 }), (parts) => {
      const command = `RCPT TO:<${parts.join('')}>`;
      const path = plainPath('RCPT TO', command);
      if (path) assert.deepEqual(packages._parseAddressCommand('rcpt to', command), path, command);
    }),
    { numRuns: 5_000 },
  );
});

test('parameters are kept as they came, their names in capitals', () => {
  const read = parametersOf('MAIL FROM:<a@x.example> size=10 BODY=8BITMIME ENVID=a+3Db SMTPUTF8');
  assert.deepEqual(Object.fromEntries(read), { SIZE: '10', BODY: '8BITMIME', ENVID: 'a+3Db', SMTPUTF8: '' });
});
