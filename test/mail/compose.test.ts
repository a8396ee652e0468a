import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { type Composed, composeMail } from '../../src/mail/compose.ts';
import { parseHeader, valueOf } from '../../src/mail/header.ts';
import { decodeWords } from '../../src/mail/words.ts';
import { anyAddress } from '../helpers/addresses.ts';

const plain: Composed = {
  from: 'news-help@lists.example.org',
  fromName: 'News',
  to: 'ann@example.net',
  replyTo: 'news-sc.abc-ann=example.net@lists.example.org',
  subject: 'Please confirm',
  text: 'Hello,\n\nreply.\n',
  date: Date.UTC(2026, 7, 3, 10),
  messageId: '1@lists.example.org',
  inReplyTo: '<a@example.net>',
  auto: 'auto-replied',
  headers: [['List-Id', '<news.lists.example.org>']],
};

const names = (mail: Buffer): string[] => parseHeader(mail).fields.map(({ name }) => name);

test('a mail has each of its header fields once', async () => {
  assert.deepEqual(names(await composeMail(plain)).toSorted(), [
    'auto-submitted',
    'content-transfer-encoding',
    'content-type',
    'date',
    'from',
    'in-reply-to',
    'list-id',
    'message-id',
    'mime-version',
    'references',
    'reply-to',
    'subject',
    'to',
  ]);
});

test('any subject, display name, text and address leave the fields as they are, lines short and with CRLF', async () => {
  const fields = names(await composeMail(plain));
  const line = fc
    .string({ unit: 'grapheme', maxLength: 200 })
    .map((text) => text.replaceAll(/[\u0000-\u001f\u007f]/g, ' '));
  const text = fc.string({
    unit: fc.constantFrom('a', ' ', '\n', '\r', '.', '\0', '\u00e9', '\u{1f600}', 'From ', 'x'.repeat(900)),
  });
  await fc.assert(
    fc.asyncProperty(line, line, text, anyAddress, async (subject, fromName, body, to) => {
      const given = { subject: `s${subject}`, fromName, text: `t${body}`, to: to.text };
      const mail = await composeMail({ ...plain, ...given });
      const header = parseHeader(mail);
      assert.deepEqual(names(mail), fields);
      assert.equal(valueOf(header, 'to'), `<${to.text}>`);
      assert.doesNotMatch(mail.toString('latin1'), /\r(?!\n)|(?<!\r)\n|\0/);
      for (const one of mail.toString('latin1').split('\r\n')) assert.ok(one.length <= 998);
    }),
    { numRuns: 300 },
  );
});

test('what is written can be read again', async () => {
  const mail = await composeMail({ ...plain, subject: 'Bestätigung für „alle“ 😀', fromName: 'Müller, "A" <x@y>' });
  const header = parseHeader(mail);
  assert.equal(decodeWords(valueOf(header, 'subject')!), 'Bestätigung für „alle“ 😀');
  assert.equal(decodeWords(valueOf(header, 'from')!), 'Müller, "A" <x@y> <news-help@lists.example.org>');
  assert.equal(valueOf(header, 'date'), 'Mon, 03 Aug 2026 10:00:00 +0000');
  assert.equal(valueOf(header, 'message-id'), '<1@lists.example.org>');
  assert.match(valueOf(header, 'content-type')!, /^text\/plain; charset=utf-8$/i);
});

const payloads = [
  'x\r\nBcc: y@evil.example',
  'x\nBcc: y',
  'x\rBcc: y',
  'x\r\n\r\nbody',
  'x\0y',
  'x\u001by',
  'x\u007fy',
  'x'.repeat(999),
];

test('a value that could become two fields, or is too long, is refused in every field', async () => {
  const settable = ['from', 'fromName', 'to', 'replyTo', 'subject', 'messageId', 'inReplyTo'] as const;
  for (const payload of payloads) {
    for (const field of settable) {
      await assert.rejects(
        composeMail({ ...plain, [field]: payload }),
        /cannot be written/,
        `${field}: ${payload.slice(0, 20)}`,
      );
    }
    await assert.rejects(composeMail({ ...plain, headers: [['List-Id', payload]] }), /cannot be written/);
  }
});

test('a text is only ever text: no file is read, no address fetched, no header begun', async () => {
  const text = 'Bcc: x@evil.example\r\n\r\n.\r\n{"path":"/etc/passwd"}\n';
  const mail = await composeMail({ ...plain, text });
  assert.deepEqual(names(mail), names(await composeMail(plain)));
  assert.ok(mail.toString().endsWith('\r\n\r\nBcc: x@evil.example\r\n\r\n.\r\n{"path":"/etc/passwd"}\r\n'));
});
