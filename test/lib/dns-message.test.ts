import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { dnsQuery, dnsTypes, readDnsReply } from '../../src/lib/dns-message.ts';

// An answer with pointers: d.example MX 10 mx.d.example, mx.d.example CNAME a.b.
const reply = Buffer.from(
  [
    '1234 81a0 0001 0002 0000 0000',
    '01 64 07 6578616d706c65 00 000f 0001',
    'c00c 000f 0001 0000003c 0007 000a 02 6d78 c00c',
    'c029 0005 0001 0000003c 0005 01 61 01 62 00',
  ]
    .join('')
    .replaceAll(' ', ''),
  'hex',
);

test('a question asks for recursion and for what is proved (AD, EDNS0 with DO)', () => {
  const query = dnsQuery(0x1234, 'd.example', dnsTypes.mx)!;
  const text = '1234 0120 0001 0000 0000 0001 01 64 07 6578616d706c65 00 000f 0001 00 0029 04d0 00008000 0000';
  assert.equal(query.toString('hex'), text.replaceAll(' ', ''));
});

test('what is no name is not asked for', () => {
  for (const name of [
    '',
    '.',
    'a..b',
    `${'a'.repeat(64)}.example`,
    'a.'.repeat(127) + 'bb',
    'a b',
    'é.example',
    'a\0b',
  ])
    assert.equal(dnsQuery(1, name, 1), undefined, name);
  assert.ok(dnsQuery(1, `${'a'.repeat(63)}.example`, 1));
});

test('an answer is read with its aliases and pointers', () => {
  const { records, ...rest } = readDnsReply(reply)!;
  assert.deepEqual(rest, { id: 0x1234, name: 'd.example', type: 15, rcode: 0, isCut: false, isSigned: true });
  assert.deepEqual(
    records.map(({ name, type, target }) => `${name} ${type} ${target}`),
    ['d.example 15 mx.d.example', 'mx.d.example 5 a.b'],
  );
});

test('a question, an answer to two, and pointers that go round are none', () => {
  const changed = (at: number, value: number): Buffer => {
    const copy = Buffer.from(reply);
    copy[at] = value;
    return copy;
  };
  assert.equal(readDnsReply(changed(2, 0x01)), undefined);
  assert.equal(readDnsReply(changed(5, 2)), undefined);
  const own = reply.indexOf(Buffer.from('c00c000f', 'hex'));
  assert.equal(readDnsReply(changed(own + 1, own)), undefined, 'to itself');
  assert.equal(readDnsReply(changed(own + 1, 0xff)), undefined, 'forward');
  assert.equal(readDnsReply(changed(14, 0x2e))?.name, undefined, 'a dot in a label');
});

test('whatever comes is read or refused, and no length leads out of it', () => {
  const changes = fc.array(fc.tuple(fc.nat(reply.length - 1), fc.integer({ min: 0, max: 255 })), { maxLength: 6 });
  fc.assert(
    fc.property(changes, fc.nat(reply.length), (some, length) => {
      const copy = Buffer.from(reply.subarray(0, length));
      for (const [at, value] of some) if (at < copy.length) copy[at] = value;
      for (const record of readDnsReply(copy)?.records ?? []) assert.ok(record.octets.length <= copy.length);
    }),
    { numRuns: 2_000 },
  );
  fc.assert(fc.property(fc.uint8Array({ maxLength: 600 }), (octets) => void readDnsReply(Buffer.from(octets))));
});
