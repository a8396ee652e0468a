import assert from 'node:assert/strict';
import test from 'node:test';
import * as fc from 'fast-check';
import { addressOctetsMost, canonicalOf, parseAddress, parseDomain } from '../../src/mail/address.ts';
import { anyAddress } from '../helpers/addresses.ts';

test('what mail can be sent to is read into its parts', () => {
  const table: [text: string, local: string, domain: string, canonical?: string][] = [
    ['bob@example.net', 'bob', 'example.net'],
    ['Bob.Smith@Example.NET', 'Bob.Smith', 'example.net', 'bob.smith@example.net'],
    ["!#$%&'*+/=?^_`{|}~-@x.example", "!#$%&'*+/=?^_`{|}~-", 'x.example'],
    ['"bob"@x.example', 'bob', 'x.example'],
    ['"b b"@x.example', '"b b"', 'x.example'],
    ['"b\\ b"@x.example', '"b b"', 'x.example'],
    ['"b\\"b\\\\"@x.example', '"b\\"b\\\\"', 'x.example'],
    ['"@"@x.example', '"@"', 'x.example'],
    ['""@x.example', '""', 'x.example'],
    ['"a..b"@x.example', '"a..b"', 'x.example'],
    ['bob@bücher.example', 'bob', 'xn--bcher-kva.example'],
    ['JÜRGEN@x.example', 'JÜRGEN', 'x.example', 'jürgen@x.example'],
    ['bob@[192.0.2.1]', 'bob', '[192.0.2.1]'],
    ['bob@[IPv6:2001:DB8::1]', 'bob', '[ipv6:2001:db8::1]'],
    ['bob@localhost', 'bob', 'localhost'],
    [`${'a'.repeat(64)}@x.example`, 'a'.repeat(64), 'x.example'],
  ];
  for (const [text, local, domain, canonical] of table) {
    const address = parseAddress(text);
    assert.deepEqual(
      { ...address },
      { local, domain, text: `${local}@${domain}`, canonical: canonical ?? `${local}@${domain}` },
      text,
    );
    assert.ok(Object.isFrozen(address));
  }
});

test('what mail cannot be sent to is no address', () => {
  const table = [
    '',
    '@',
    'bob',
    'bob@',
    '@x.example',
    'a b@x.example',
    'a..b@x.example',
    '.a@x.example',
    'a.@x.example',
    'a@b@x.example',
    '<bob@x.example>',
    'bob@x.example ',
    'bob@x.example\r\n',
    'b\0b@x.example',
    'b\nb@x.example',
    '"b\nb"@x.example',
    '"b"b"@x.example',
    '"b\\"@x.example',
    'bob@x..example',
    'bob@.example',
    'bob@example.',
    'bob@-x.example',
    'bob@x-.example',
    `bob@${'x'.repeat(64)}.example`,
    'bob@[192.0.2.256]',
    'bob@[192.0.2]',
    'bob@[IPv6:12345::]',
    'bob@[IPv6:fe80::1%eth0]',
    'bob@[x]',
    'bob@[192.0.2.1',
    'bob@x.example/y',
    'bob@x.example:25',
    'bob@x example',
    'b\u0085b@x.example',
    'b\u2028b@x.example',
    'b\ud800b@x.example',
    '"b\udfffb"@x.example',
    `${'a'.repeat(65)}@x.example`,
    `${'ü'.repeat(33)}@x.example`,
    `${'a'.repeat(60)}@${'b.'.repeat(100)}example`,
    'bob@xn--a.example\u00ad..',
    'bob@％.example',
  ];
  for (const text of table) assert.equal(parseAddress(text), undefined, JSON.stringify(text));
});

test('every address is read again from its own text, and the canonical form is its own canonical form', () => {
  const property = fc.property(anyAddress, (address) => {
    assert.deepEqual(parseAddress(address.text), address);
    assert.equal(canonicalOf(address.canonical), address.canonical);
    assert.ok(Buffer.byteLength(address.text) <= addressOctetsMost);
    assert.doesNotMatch(address.text, /[\r\n\0]/);
  });
  fc.assert(property, { numRuns: 1_000 });
});

test('the usual form is read as every other one: a quoted local part that needs no quotes is the same address', () => {
  const octet = fc.constantFrom('a', 'b', 'z', 'A', 'Z', '0', '9', '.', '.', '-', '_', '+');
  const text = fc.string({ unit: octet, minLength: 1, maxLength: 260 });
  const kept = fc.tuple(fc.constantFrom('a', 'Ab.c', 'x'.repeat(64), 'x'.repeat(65), 'a..b', '.a'), text);
  fc.assert(
    fc.property(kept, ([local, domain]) => {
      const quoted = parseAddress(`"${local}"@${domain}`);
      // With quotes that stay it is another address.
      if (quoted?.local.startsWith('"')) assert.equal(parseAddress(`${local}@${domain}`), undefined);
      else if (quoted || local.length <= 62) assert.deepEqual(parseAddress(`${local}@${domain}`), quoted);
    }),
  );
});

test('any text whatsoever is read or refused, never an error', () => {
  const part = fc.oneof(fc.string({ unit: 'binary' }), fc.constantFrom('@', '"', '\\', '[', 'a'.repeat(70)));
  fc.assert(
    fc.property(fc.array(part), (parts) => {
      const address = parseAddress(parts.join(''));
      if (address) assert.doesNotMatch(address.text, /[\r\n\0]/);
    }),
  );
});

test('the Kelvin sign is not the letter k: nobody proves by one that he is the other', () => {
  assert.notEqual(parseAddress('\u212a@x.example')?.canonical, 'k@x.example');
});

test('a hostile text is read in linear time', () => {
  for (const text of [
    `"${'\\a'.repeat(50_000)}@x.example`,
    `${'a.'.repeat(50_000)}@x.example`,
    `a@${'a-'.repeat(50_000)}`,
    '@'.repeat(100_000),
  ]) {
    assert.equal(parseAddress(text), undefined);
  }
});

test('domains are in lower case and ASCII', () => {
  assert.equal(parseDomain('BÜCHER.Example'), 'xn--bcher-kva.example');
  assert.equal(parseDomain('Example.ORG'), 'example.org');
  assert.equal(parseDomain(''), undefined);
  assert.equal(parseDomain('..'), undefined);
});
