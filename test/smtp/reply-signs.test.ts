import assert from 'node:assert/strict';
import test from 'node:test';
import { demandsTls, isStray, isUnknownCommand } from '../../src/smtp/reply-signs.ts';

test('a refusal that asks for TLS is known by its code or its words', () => {
  const demands = [
    '530 5.7.0 Must issue a STARTTLS command first',
    '530 Must issue a STARTTLS command first',
    '530 5.7.0 encryption',
    '550 5.7.10 Encryption needed',
    '550 5.7.30 REQUIRETLS support required',
    '554 5.7.1 TLS is required to send to this host',
    '550 5.7.1 You must use TLS',
    '538 5.7.11 Encryption required for requested authentication mechanism',
    '523 5.7.10 encryption is needed',
  ];
  for (const reply of demands) assert.ok(demandsTls(reply), reply);
});

test('a refusal that speaks of something else asks for none', () => {
  const others = [
    '530 5.7.0 Authentication required',
    '530 5.7.57 Client not authenticated to send mail',
    '550 5.1.1 nobody',
    '550 5.7.1 message looks like spam',
    '550 5.7.100 no',
    '550 5.7.1 see https://tls.example/',
  ];
  for (const reply of others) assert.ok(!demandsTls(reply), reply);
});

test('codes that never answer MAIL or RCPT, and those of a command that is unknown', () => {
  assert.deepEqual([200, 299, 300, 354, 399, 400].filter(isStray), [300, 354, 399]);
  assert.deepEqual([450, 499, 500, 503, 504, 505, 554].filter(isUnknownCommand), [500, 503, 504]);
});
