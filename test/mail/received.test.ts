import assert from 'node:assert/strict';
import test from 'node:test';
import * as fc from 'fast-check';
import { parseHeader } from '../../src/mail/header.ts';
import { mailDate, receivedField, type Trace } from '../../src/mail/received.ts';

const trace: Trace = {
  helo: 'mx.example.net',
  address: '192.0.2.1',
  by: 'lists.example.org',
  protocol: 'ESMTPS',
  id: '0123',
  at: Date.UTC(2026, 7, 3, 10),
};

test('a trace line names the client, us, the protocol, the id and the time', () => {
  assert.equal(
    receivedField(trace),
    [
      'Received: from mx.example.net ([192.0.2.1])',
      '\tby lists.example.org with ESMTPS id 0123;',
      '\tMon, 03 Aug 2026 10:00:00 +0000',
      '',
    ].join('\r\n'),
  );
});

test('an IPv6 address is marked as one', () => {
  assert.match(receivedField({ ...trace, address: '2001:db8::1' }), /\(\[IPv6:2001:db8::1\]\)/);
});

test('a client without a name is unknown', () => {
  assert.match(receivedField({ ...trace, helo: '' }), /^Received: from unknown \(/);
});

test('whatever a client calls itself, it is one field of three short lines', () => {
  const name = fc.string({ unit: 'binary', maxLength: 400 });
  fc.assert(
    fc.property(name, name, (helo, address) => {
      const field = receivedField({ ...trace, helo, address });
      assert.equal(parseHeader(Buffer.from(`${field}\r\n`)).fields.length, 1);
      assert.equal(field.split('\r\n').length, 4);
      assert.match(field.split('\r\n')[0]!, /^Received: from [ -~]{1,255} \(\[[ -~]{1,260}\]\)$/);
    }),
  );
});

test('a date has the form of mail, with two digits each, at every time of the day', () => {
  assert.equal(mailDate(Date.UTC(2026, 0, 4, 5, 6, 7)), 'Sun, 04 Jan 2026 05:06:07 +0000');
  for (let at = Date.UTC(2023, 11, 30); at < Date.UTC(2025, 1, 2); at += 6_543_210)
    assert.equal(mailDate(at), new Date(at).toUTCString().replace('GMT', '+0000'));
});
