import assert from 'node:assert/strict';
import test from 'node:test';
import { noCapabilities, parseCapabilities } from '../../src/smtp/capabilities.ts';

test('what a peer can do is read from its answer to EHLO', () => {
  const read = parseCapabilities('250 mx.example PIPELINING SIZE 1000 8BITMIME starttls SMTPUTF8 CHUNKING');
  assert.deepEqual(
    { ...read },
    { pipelining: true, chunking: true, eightBit: true, utf8: true, startTls: true, size: 1000, hasSize: true },
  );
  assert.deepEqual({ ...parseCapabilities('250 mx.example') }, { ...noCapabilities });
});

test('a SIZE without a number, or with nonsense, is no limit', () => {
  for (const words of ['SIZE', 'SIZE 0', 'SIZE -1', 'SIZE x', `SIZE ${'9'.repeat(40)}`, 'SIZE PIPELINING']) {
    assert.equal(parseCapabilities(`250 mx ${words}`).size, 0, words);
    assert.equal(parseCapabilities(`250 mx ${words}`).hasSize, true, words);
  }
});
