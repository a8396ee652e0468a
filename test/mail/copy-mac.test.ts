import assert from 'node:assert/strict';
import test from 'node:test';
import { base32 } from '../../src/lib/base32.ts';
import { SipHash } from '../../src/lib/siphash.ts';
import { CopyMac } from '../../src/mail/copy-mac.ts';

const key = Uint8Array.from({ length: 16 }, (_, at) => 3 * at);

test('it is the first five octets of SipHash-2-4 in base32, of text and of octets alike', () => {
  const mac = new CopyMac(key);
  for (const address of ['bob@example.net', 'jürgen@example.net', 'a@b.example']) {
    const octets = Buffer.from(address, 'utf8');
    const hash = new SipHash(key);
    hash.of(octets, 0, octets.length);
    const digest = Buffer.alloc(8);
    digest.writeInt32LE(hash.low, 0);
    digest.writeInt32LE(hash.high, 4);
    assert.equal(mac.of(address), base32(digest.subarray(0, 5)));
    const into = Buffer.alloc(10, '.');
    mac.put(into, 1, octets, 0, octets.length);
    assert.equal(into.toString('latin1'), `.${mac.of(address)}.`);
  }
});

test('another key, another MAC', () => {
  assert.notEqual(new CopyMac(key).of('bob@example.net'), new CopyMac(new Uint8Array(16)).of('bob@example.net'));
});
