import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { understand } from '../../src/bounce/understand.ts';
import { expected } from '../fixtures/bounces/expected.ts';

const home = join(import.meta.dirname, '../fixtures/bounces');
const bounces = Object.entries(expected)
  .filter(([file, { kind }]) => kind === 'bounce' && !/^(?:languages|charset)\//.test(file))
  .map(([file]) => readFileSync(join(home, file), 'utf8').replace(/\r\n/g, '\n'));
const bounce = fc.constantFrom(...bounces);
const bounceText = bounce.map((mail) => mail.slice(mail.indexOf('\n\n') + 2));

const writer = fc.constantFrom(
  'Amy Adams <amy@example.org>',
  '"Maillard, Jean" <jean.maillard@example.org>',
  'bob@example.com (Bob)',
  '=?utf-8?Q?J=C3=B6rg?= <joerg@example.net>',
  'Badminton Club <badminton@example.org>',
  'Roots and Gates <rootsandgates@example.org>',
  'Delia Very <delia.very@mail.example.org>',
  'news@system.example.org',
);
const subject = fc.constantFrom(
  'the autumn meeting',
  'user unknown',
  'Mail delivery failed, what now?',
  'Undelivered Mail Returned to Sender',
  'failure notice of qmail',
  'Is bob@example.com over quota?',
  'Unzustellbar: was heisst das?',
  '550 5.1.1 and what it means',
  'How do I read a Delivery Status Notification (Failure)?',
  '',
);
const answering = fc.constantFrom('', '', 'Re: ', 'AW: ', 'Fwd: ', 'RE: FW: ');
const sentence = fc.constantFrom(
  'We meet on Friday.',
  'My mail to bob@example.com could not be delivered.',
  'bob@example.com is an unknown user, says the server.',
  '<bob@example.com>: 550 5.1.1 User unknown',
  'The mailbox is full: what does 552 5.2.2 mean?',
  'I get "Undelivered Mail Returned to Sender" for all I send to carl@example.net.',
  'Please unsubscribe dora@example.com, her mail bounces.',
  'Out of office until Monday, I read mail in the evening.',
  'Die Zustellung an emil@example.org ist fehlgeschlagen.',
  '{"notificationType":"Bounce","bounce":{"bouncedRecipients":[{"emailAddress":"bob@example.com","status":"5.1.1"}]}}',
  'Final-Recipient: rfc822; bob@example.com\nAction: failed\nStatus: 5.1.1',
  '-- \nThis mail was signed automatically. Return undeliverable mail to postmaster@example.org.',
  'Sent from my phone',
);
const own = fc.array(sentence, { minLength: 1, maxLength: 4 }).map((some) => some.join('\n\n'));
const before = (text: string, mark: string): string => text.replace(/^/gm, mark);
const words = fc.oneof(
  own,
  fc.string({ unit: 'grapheme', maxLength: 200 }),
  fc.tuple(own, bounceText).map(([first, text]) => `${first}\n\nOn Monday the server wrote:\n${before(text, '> ')}`),
  fc.tuple(own, bounceText).map(([first, text]) => `${first}\n\n${before(text, '    ')}`),
  fc.tuple(own, bounceText, own).map(([first, text, last]) => `${first}\n\n${text}\n\n${last}`),
  fc
    .tuple(own, bounce)
    .map(([first, mail]) => `${first}\n\n---------- Forwarded message ---------\n${mail}\n----------\n`),
);

type Shape = readonly [fields: string, body: string];
const parts = (type: string, ...some: readonly string[]): Shape => [
  `MIME-Version: 1.0\nContent-Type: ${type}; boundary="cut-here"\n`,
  `${some.map((part) => `--cut-here\n${part}\n`).join('')}--cut-here--\n`,
];
const plain = (text: string): string => `Content-Type: text/plain; charset=utf-8\n\n${text}`;
const shape: fc.Arbitrary<Shape> = fc.oneof(
  words.map((text): Shape => ['', text]),
  words.map((text): Shape => ['Content-Type: text/plain; charset=x-unknown\n', text]),
  words.map((text): Shape => ['Content-Type: text/html\n', `<p>${text.replace(/\n/g, '<br>')}</p>`]),
  words.map((text): Shape => [
    'Content-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: base64\n',
    Buffer.from(text).toString('base64').replace(/.{76}/g, '$&\n'),
  ]),
  words.map((text) => parts('multipart/alternative', plain(text), `Content-Type: text/html\n\n<p>${text}</p>`)),
  words.map((text) => parts('multipart/signed', plain(text), 'Content-Type: application/pgp-signature\n\nabc')),
  fc
    .tuple(own, bounce)
    .map(([text, mail]) => parts('multipart/mixed', plain(text), `Content-Type: message/rfc822\n\n${mail}`)),
  fc
    .tuple(own, fc.constantFrom('message/delivery-status', 'text/rfc822-headers', 'message/feedback-report'))
    .map(([text, type]) =>
      parts(
        'multipart/mixed',
        plain(text),
        `Content-Type: ${type}\n\nReporting-MTA: dns; x\n\nFinal-Recipient: rfc822; bob@example.com\nAction: failed\nStatus: 5.1.1`,
      ),
    ),
  fc
    .tuple(words, bounce)
    .map(([text, mail]) => parts('multipart/digest', `\nFrom: a@example.org\n\n${text}`, `\n${mail}`)),
  words.map((text): Shape => ['Content-Type: multipart/mixed; boundary=never\n', text]),
  words.map((text): Shape => ['Content-Type: multipart/mixed\n', `--x\n${plain(text)}`]),
);
const marks = fc.subarray([
  'In-Reply-To: <1@example.org>\n',
  'References: <1@example.org> <2@example.org>\n',
  'User-Agent: A Mail Reader 1.0\n',
  'X-Mailer: Another Reader\n',
  'List-Id: <news.lists.example.org>\n',
  'Precedence: list\n',
  'Auto-Submitted: no\n',
  'Return-Path: <amy@example.org>\n',
  'X-Auto-Response-Suppress: OOF\n',
  'Resent-From: carl@example.net\n',
  'X-Signature-Added: by the gateway\n',
  'DKIM-Signature: v=1; d=example.org; s=a; b=abc\n',
]);
const post = fc
  .record({ writer, subject, answering, shape, marks })
  .map(({ writer: from, subject: about, answering: prefix, shape: [fields, body], marks: some }) =>
    [`From: ${from}\nTo: news@lists.example.org\nSubject: ${prefix}${about}\n`, ...some, fields, '\n', body].join(''),
  );
/** The people of an office and the programs of lists write posts, too. */
const officePost = fc
  .record({
    from: fc.constantFrom('Postmaster <postmaster@example.org>', 'admin@example.org', 'news-owner@lists.example.org'),
    words,
    subject,
    mark: fc.constantFrom('In-Reply-To: <1@example.org>\n', 'List-Id: <news.lists.example.org>\n'),
  })
  .map(
    ({ from, words: text, subject: about, mark }) =>
      `From: ${from}\nTo: news@lists.example.org\nSubject: ${about}\n${mark}\n${text}`,
  );

/** Programs write to lists, too: builds, forums, monitors, mirrors of commits. */
const programPost = fc
  .record({
    from: fc.constantFrom(
      'CI <no-reply@ci.example.org>',
      'Forum <notifications@forum.example.org>',
      'root@example.org',
    ),
    about: fc.constantFrom(
      'Build failed: main',
      'Cron: backup failed',
      '[forum] new topic',
      'Disk is full',
      'Re: builds',
    ),
    words: fc.constantFrom(
      'The build of amy@example.org failed: 500 errors.',
      'job 450 of <bob@example.com> timed out',
      'amy@example.org wrote: who reads this?',
      'backup: no space left on device (/home/bob@example.com)',
      'commit 5a1 by bob@example.com: mend the reader of 550 5.1.1',
    ),
    mark: fc.constantFrom('Auto-Submitted: auto-generated\n', 'Return-Path: <>\n', 'Precedence: bulk\n', ''),
  })
  .map(
    ({ from, about, words: text, mark }) =>
      `From: ${from}\nTo: news@lists.example.org\nSubject: ${about}\n${mark}\n${text}`,
  );

test('of 2,000 ordinary posts none is taken for a bounce or a complaint, and nothing counts', () => {
  fc.assert(
    fc.property(
      fc.oneof(
        { weight: 9, arbitrary: post },
        { weight: 1, arbitrary: officePost },
        { weight: 1, arbitrary: programPost },
      ),
      (text) => {
        const { kind, recipients } = understand(Buffer.from(text));
        assert.ok(kind === 'other' || kind === 'autoreply', kind);
        assert.ok(recipients.every(({ counts }) => !counts));
      },
    ),
    { numRuns: 2_000, seed: 4_711 },
  );
});
