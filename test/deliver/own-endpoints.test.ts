import assert from 'node:assert/strict';
import test from 'node:test';
import { ownEndpoints } from '../../src/deliver/own-endpoints.ts';

test('what we listen on is ourselves, by every address that leads there', () => {
  const table: [listening: string, address: string, port: number, isOwn: boolean][] = [
    ['192.0.2.1:25', '192.0.2.1', 25, true],
    ['192.0.2.1:25', '::ffff:192.0.2.1', 25, true],
    ['192.0.2.1:25', '192.0.2.1', 2525, false],
    ['192.0.2.1:25', '192.0.2.2', 25, false],
    ['[2001:db8::1]:25', '2001:0DB8:0:0::1', 25, true],
    ['0.0.0.0:25', '127.0.0.1', 25, true],
    ['0.0.0.0:25', '127.3.4.5', 25, true],
    ['0.0.0.0:25', '0.0.0.0', 25, true],
    ['[::]:25', '::1', 25, true],
    ['localhost:25', '127.0.0.1', 25, true],
    ['localhost:25', '192.0.2.1', 25, false],
    ['0.0.0.0:25', '192.0.2.77', 25, false],
    ['0.0.0.0:25', '/run/lmtp', 0, false],
  ];
  for (const [listening, address, port, isOwn] of table) {
    assert.equal(ownEndpoints([listening])(address, port), isOwn, `${listening} ${address} ${port}`);
  }
  assert.equal(ownEndpoints([])('127.0.0.1', 25), false);
});
