import assert from 'node:assert/strict';
import test from 'node:test';
import { noCapabilities, parseCapabilities } from '../../src/smtp/capabilities.ts';

test('what a peer can do is read from its answer to EHLO', () => {
  const read = parseCapabilities('250 mx.example PIPELINING SIZE 1000 8BITMIME starttls SMTPUTF8 CHUNKING DSN');
  assert.deepEqual(
    { ...read },
    {
      pipelining: true,
      chunking: true,
      eightBit: true,
      utf8: true,
      startTls: true,
      dsn: true,
      size: 1000,
      hasSize: true,
      auth: [],
    },
  );
  assert.deepEqual({ ...parseCapabilities('250 mx.example') }, { ...noCapabilities });
});

test('a SIZE without a number, or with nonsense, is no limit', () => {
  for (const words of ['SIZE', 'SIZE 0', 'SIZE -1', 'SIZE x', `SIZE ${'9'.repeat(40)}`, 'SIZE PIPELINING']) {
    assert.equal(parseCapabilities(`250 mx ${words}`).size, 0, words);
    assert.equal(parseCapabilities(`250 mx ${words}`).hasSize, true, words);
  }
});

test('the ways to log in are those that we know, however they are announced', () => {
  const table: [words: string, want: string[]][] = [
    ['AUTH PLAIN LOGIN', ['PLAIN', 'LOGIN']],
    ['AUTH=LOGIN PLAIN', ['PLAIN', 'LOGIN']],
    ['AUTH cram-md5 GSSAPI SIZE 100', ['CRAM-MD5']],
    ['PLAIN SIZE 100', []],
    ['AUTH', []],
  ];
  for (const [words, want] of table) assert.deepEqual(parseCapabilities(`250 mx ${words}`).auth, want, words);
});
