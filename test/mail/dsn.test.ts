import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { simpleParser } from 'mailparser';
import { understand } from '../../src/bounce/understand.ts';
import { composeDsn, statusOf, typedAddress } from '../../src/mail/dsn.ts';
import type { DsnLetter, DsnReport } from '../../src/mail/dsn-report.ts';
import { parseHeader, valueOf } from '../../src/mail/header.ts';
import { splitMultipart } from '../../src/mail/multipart.ts';
import { wireMessage } from '../../src/smtp/data.ts';
import { anyAddress } from '../helpers/addresses.ts';

const message = Buffer.from(
  'From: ann@example.org\r\nTo: bob@x.example\r\nSubject: hello\r\nMessage-ID: <1@example.org>\r\n\r\nthe words\r\n',
);

const report: DsnReport = {
  action: 'failed',
  status: '5.1.1',
  recipient: 'bob@x.example',
  arrived: Date.UTC(2026, 7, 3, 10),
  attempted: Date.UTC(2026, 7, 3, 11),
  host: 'mx.x.example[192.0.2.1]',
  reply: '550 5.1.1 no such user',
  message,
};

const letter = (changed: Partial<DsnReport> = {}, about: Partial<DsnLetter> = {}): DsnLetter => ({
  reporter: 'lists.example.org',
  from: 'mailer-daemon@lists.example.org',
  to: 'ann@example.org',
  id: '0000000000aaaaaaaa',
  at: Date.UTC(2026, 7, 3, 11),
  report: { ...report, ...changed },
  isForPostmaster: false,
  ...about,
});

/** The three parts of a notification, without the line end before each delimiter. */
function partsOf(dsn: Buffer): [text: string, status: string, returned: string] {
  const header = parseHeader(dsn);
  const boundary = /boundary="([^"]+)"/.exec(valueOf(header, 'content-type') ?? '')?.[1] ?? assert.fail('no boundary');
  const parts = [...splitMultipart(dsn.subarray(header.bodyStart), boundary)].filter(({ isPart }) => isPart);
  assert.equal(parts.length, 3);
  return parts.map(({ octets }) => octets.toString('utf8')) as [string, string, string];
}

const fieldNames = (dsn: Buffer): string[] => parseHeader(dsn).fields.map(({ name }) => name);

test('a notification has every field of RFC 3464, and its header each once', () => {
  const request = {
    envelopeId: 'QQ+1',
    originalRecipient: { type: 'rfc822', address: 'Bob@old.example' },
    returns: 'full',
  } as const;
  const dsn = composeDsn(letter({ request }));
  const [text, status, returned] = partsOf(dsn);
  assert.equal(
    status,
    [
      'Content-Type: message/delivery-status',
      '',
      'Reporting-MTA: dns; lists.example.org',
      'Original-Envelope-Id: QQ+1',
      'Arrival-Date: Mon, 03 Aug 2026 10:00:00 +0000',
      '',
      'Original-Recipient: rfc822; Bob@old.example',
      'Final-Recipient: rfc822; bob@x.example',
      'Action: failed',
      'Status: 5.1.1',
      'Remote-MTA: dns; mx.x.example',
      'Diagnostic-Code: smtp; 550 5.1.1 no such user',
      'Last-Attempt-Date: Mon, 03 Aug 2026 11:00:00 +0000',
      '',
    ].join('\r\n'),
  );
  assert.match(text, / bob@x\.example\r\n[^]*550 5\.1\.1 no such user\r\n[^]*mistake in the address/);
  assert.equal(returned, `Content-Type: message/rfc822\r\n\r\n${message.toString()}`);
  const names = fieldNames(dsn);
  assert.deepEqual(names.toSorted(), [
    'auto-submitted',
    'content-type',
    'date',
    'from',
    'in-reply-to',
    'message-id',
    'mime-version',
    'references',
    'subject',
    'to',
  ]);
});

test('a mail program reads it: from whom, to whom, about what, and as an answer to that mail', async () => {
  const read = await simpleParser(composeDsn(letter()));
  assert.equal(read.from?.value[0]?.address, 'mailer-daemon@lists.example.org');
  assert.equal(read.subject, 'Mail could not be delivered: bob@x.example');
  assert.equal(read.inReplyTo, '<1@example.org>');
  assert.equal(read.headers.get('auto-submitted'), 'auto-replied');
  assert.match(read.text ?? '', /could not be delivered to this address[^]*Final-Recipient: rfc822; bob@x\.example/);
  assert.deepEqual(
    read.attachments.map(({ contentType }) => contentType),
    ['message/rfc822'],
  );
});

// What became of a mail, and what our own reader makes of the notification.
const readings: readonly (readonly [what: string, changed: Partial<DsnReport>, kind: string, reason: string])[] = [
  ['an unknown user', {}, 'bounce', 'userunknown'],
  ['a full mailbox', { status: '5.2.2', reply: '552 5.2.2 mailbox full' }, 'bounce', 'mailboxfull'],
  ['no answer for days', { status: '4.4.1', host: '', reply: '451 4.4.1 connecting took too long' }, 'bounce', ''],
  ['a delay', { action: 'delayed', status: '4.2.0', reply: '450 4.2.0 greylisted' }, 'delay', ''],
  ['a success', { action: 'delivered', status: '2.0.0', reply: '250 2.0.0 ok' }, 'other', 'delivered'],
  ['a success elsewhere', { action: 'relayed', status: '2.0.0', reply: '250 2.0.0 ok' }, 'other', 'delivered'],
];

for (const [what, changed, kind, reason] of readings) {
  test(`our own reader understands ${what}`, () => {
    const read = understand(composeDsn(letter(changed)));
    assert.equal(read.kind, kind);
    assert.equal(read.recipients[0]?.address, 'bob@x.example');
    if (reason !== '') assert.equal(read.recipients[0].reason, reason);
  });
}

test('an international address is in ASCII for programs and as it is for people', () => {
  const dsn = composeDsn(letter({ recipient: 'grün+x@x.example', reply: '550 5.1.1 grün ist unbekannt' }));
  const [, status] = partsOf(dsn);
  assert.match(status, /Final-Recipient: utf-8; gr\\x\{FC\}n\\x\{2B\}x@x\.example\r\n/);
  assert.match(status, /Diagnostic-Code: smtp; 550 5\.1\.1 gr\?n ist unbekannt\r\n/);
  assert.equal(wireMessage(dsn).hasEightBit, false);
  assert.equal(understand(dsn).recipients[0]?.address, 'grün+x@x.example');
});

test('people read an international address and reply', async () => {
  const read = await simpleParser(composeDsn(letter({ recipient: 'grün@x.example', reply: '550 grün ist unbekannt' })));
  assert.match(read.text ?? '', / grün@x\.example\n[^]*550 grün ist unbekannt/);
  assert.equal(read.subject, 'Mail could not be delivered: grün@x.example');
});

// A message, what was asked, and what comes back of it.
const large = Buffer.concat([message, Buffer.alloc(40_000, 'many words\r\n')]);
const eightBit = Buffer.concat([message, Buffer.from('grün\r\n')]);
const returns: readonly (readonly [what: string, changed: Partial<DsnReport>, type: string, last: RegExp])[] = [
  ['a small message comes back whole', {}, 'message/rfc822', /the words\r\n$/],
  ['of a large one the header', { message: large }, 'text/rfc822-headers', /Message-ID: <1@example.org>\r\n$/],
  [
    'of any the header for RET=HDRS',
    { request: { returns: 'headers' } },
    'text/rfc822-headers',
    /<1@example.org>\r\n$/,
  ],
  ['with news of a delay the header', { action: 'delayed' }, 'text/rfc822-headers', /<1@example.org>\r\n$/],
  ['an 8-bit body is said to be one', { message: eightBit }, 'message/rfc822', /grün\r\n$/],
  [
    'raw 8-bit octets in a header are encoded',
    { message: Buffer.from('Subject: grün\r\n\r\nx') },
    'text/rfc822-headers',
    /quoted-printable\r\n\r\nSubject: gr=C3=BCn\r\n$/,
  ],
  [
    'of a message with lines that are too long the header',
    { message: Buffer.concat([message, Buffer.alloc(2_000, 'x')]) },
    'text/rfc822-headers',
    /<1@example.org>\r\n$/,
  ],
];

for (const [what, changed, type, last] of returns) {
  test(what, () => {
    const dsn = composeDsn(letter(changed));
    const [, , returned] = partsOf(dsn);
    assert.equal(/^Content-Type: ([^;\r]+)/.exec(returned)?.[1], type);
    assert.match(returned, last);
    const isSaid = valueOf(parseHeader(dsn), 'content-transfer-encoding') === '8bit';
    assert.equal(isSaid, wireMessage(dsn).hasEightBit);
    assert.ok(wireMessage(dsn).inSevenBit(), 'no host without 8BITMIME could have it');
  });
}

test('however large header and message are, the notification is small and names the subject', () => {
  const received = `Received: ${'x'.repeat(20_000)}\r\nX-A: ${'y '.repeat(400)}\r\n`;
  const header = Buffer.from(`${received}${'X-B: z\r\n'.repeat(5_000)}`);
  const dsn = composeDsn(letter({ message: Buffer.concat([message.subarray(0, -13), header, Buffer.from('\r\n')]) }));
  assert.ok(dsn.length < 65_536, `${dsn.length}`);
  assert.match(partsOf(dsn)[2], /^Subject: hello\r\n/m);
});

test('a report for the postmaster says why it comes', () => {
  const [text] = partsOf(composeDsn(letter({}, { isForPostmaster: true })));
  assert.match(text, /without a sender/);
});

test('whatever addresses, replies, messages and requests hold: three parts, our fields, nothing else', () => {
  const names = fieldNames(composeDsn(letter()));
  const nasty = fc.string({
    unit: fc.constantFrom(
      'a',
      ' ',
      '\r\n',
      '\n',
      '\r',
      '\0',
      ':',
      ';',
      '"',
      '<',
      '@',
      'ü',
      '\u2028',
      '\ud800',
      '--=_0',
    ),
  });
  const any = fc.record({
    text: nasty,
    recipient: fc.oneof(
      anyAddress.map(({ text }) => text),
      nasty,
    ),
    body: fc.oneof(nasty, fc.constant(`--=_${letter().id}--\r\n`)),
    action: fc.constantFrom('failed', 'delayed', 'delivered', 'relayed'),
  });
  fc.assert(
    fc.property(any, ({ text, recipient, body, action }) => {
      const request = { envelopeId: text, originalRecipient: { type: 'rfc822', address: text } };
      const changed = { action, recipient, host: text, reply: text, request } as const;
      const dsn = composeDsn(
        letter({ ...changed, message: Buffer.concat([message, Buffer.from(body)]) }, { to: text, reporter: text }),
      );
      assert.deepEqual(
        fieldNames(dsn).filter((name) => name !== 'content-transfer-encoding'),
        names,
      );
      const [, status] = partsOf(dsn);
      assert.ok(/^[\r\n -~]*$/.test(status));
      const groups = status.split('\r\n\r\n');
      assert.equal(groups.length, 3);
      assert.equal(groups[2]?.match(/^Action: /gm)?.length, 1);
    }),
    { numRuns: 300 },
  );
});

test('every address that can be mailed to comes back out of the report as it was', () => {
  fc.assert(
    fc.property(anyAddress, ({ text }) => {
      const typed = typedAddress(text);
      assert.match(typed.address, /^[ -~]+$/);
      assert.equal(typed.type, /[^ -~]/.test(text) ? 'utf-8' : 'rfc822');
      // What the reader takes for punctuation around an address.
      if (/[\s"'<>,;]/.test(text)) return;
      assert.equal(understand(composeDsn(letter({ recipient: text }))).recipients[0]?.address, text);
    }),
    { numRuns: 200 },
  );
});

// A reply, the class that its code must have, and the code of the report.
const codes: readonly (readonly [reply: string, digit: '2' | '4' | '5', status: string])[] = [
  ['550 5.1.1 no such user', '5', '5.1.1'],
  ['550-5.7.26 unauthenticated', '5', '5.7.26'],
  ['550 no such user', '5', '5.0.0'],
  ['550 4.1.1 says both', '5', '5.0.0'],
  ['550 5.1.1.1 is no code', '5', '5.0.0'],
  ['250 2.0.0 ok', '2', '2.0.0'],
  ['the peer closed the connection', '4', '4.0.0'],
];

test('the code of a report is that of the reply, when that has one of its class', () => {
  for (const [reply, digit, status] of codes) assert.equal(statusOf(reply, digit), status, reply);
  assert.equal(statusOf('no code', '4', '4.4.7'), '4.4.7');
});
