import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { understand } from '../../src/bounce/understand.ts';

interface Row {
  readonly what: string;
  readonly mail: string;
  /** Kind, then address, reason and permanence of each recipient. */
  readonly says: readonly [
    kind: string,
    ...recipients: (readonly [address: string, reason: string, permanent: boolean])[],
  ];
}

const daemon = 'From: Mail Delivery System <MAILER-DAEMON@mx.example.net>';
const original = [
  'Received: from h.example (h.example [192.0.2.1]) by mx.example.net; Mon, 2 Nov 2026 10:00:00 +0000',
  'From: news@h.example',
  'To: bob@example.org',
  'Subject: the news',
];

function mail(fields: readonly string[], body: readonly string[]): string {
  return [...fields, '', ...body, ''].join('\r\n');
}

function words(subject: string, body: readonly string[], fields: readonly string[] = [daemon]): string {
  return mail([...fields, 'To: news-return-1@h.example', `Subject: ${subject}`], body);
}

/** A delivery report (RFC 3464) with groups of fields. */
function report(groups: readonly (readonly string[])[], notice: readonly string[] = ['It did not work.']): string {
  const part = (type: string, lines: readonly string[]): string[] => ['--b', `Content-Type: ${type}`, '', ...lines, ''];
  const fields = groups.flatMap((group) => [...group, '']);
  return mail(
    [daemon, 'MIME-Version: 1.0', 'Content-Type: multipart/report; report-type=delivery-status; boundary=b'],
    [
      ...part('text/plain', notice),
      ...part('message/delivery-status', ['Reporting-MTA: dns; mx.example.net', '', ...fields]),
      ...part('message/rfc822', [...original, '', 'text']),
      '--b--',
    ],
  );
}

const group = (status: string, diagnostic: string, action = 'failed'): string[] => [
  'Final-Recipient: rfc822; bob@example.org',
  `Action: ${action}`,
  `Status: ${status}`,
  `Diagnostic-Code: smtp; ${diagnostic}`,
];
const one = (status: string, diagnostic: string, notice?: readonly string[]): string =>
  report([group(status, diagnostic)], notice);
const bob = (reason: string, permanent = false): readonly [string, string, boolean] => [
  'bob@example.org',
  reason,
  permanent,
];

const rows: readonly Row[] = [
  // RFC 3464
  {
    what: 'an unknown user',
    mail: one('5.1.1', '550 5.1.1 <bob@example.org>: User unknown'),
    says: ['bounce', bob('userunknown', true)],
  },
  {
    what: 'an unknown host',
    mail: one('5.4.4', 'Host or domain name not found'),
    says: ['bounce', bob('hostunknown', true)],
  },
  {
    what: 'a host that takes no mail',
    mail: one('5.1.10', 'the domain has a null MX'),
    says: ['bounce', bob('notaccept', true)],
  },
  { what: 'a full mailbox', mail: one('5.2.2', '552 5.2.2 over quota'), says: ['bounce', bob('mailboxfull')] },
  {
    what: 'a full mailbox behind a vague code',
    mail: one('5.0.0', '550 5.2.2 the mailbox is full'),
    says: ['bounce', bob('mailboxfull')],
  },
  {
    what: 'a sender without SPF',
    mail: one('5.7.23', '550 5.7.23 SPF validation failed'),
    says: ['bounce', bob('authfailure')],
  },
  {
    what: 'a sender on a block list',
    mail: one('5.7.1', '554 5.7.1 client host blocked using bl.example'),
    says: ['bounce', bob('blocked')],
  },
  {
    what: 'an address without reverse DNS',
    mail: one('5.7.25', '550 5.7.25 there is no PTR record'),
    says: ['bounce', bob('requireptr')],
  },
  { what: 'spam', mail: one('5.7.1', '554 5.7.1 this message scored as spam'), says: ['bounce', bob('spamdetected')] },
  { what: 'relaying', mail: one('5.7.1', '554 5.7.1 Relay access denied'), says: ['bounce', bob('norelaying')] },
  {
    what: 'an account that is disabled',
    mail: one('5.2.1', '550 5.2.1 this account has been disabled'),
    says: ['bounce', bob('suspend')],
  },
  {
    what: 'a mail that is too large',
    mail: one('5.3.4', '552 5.3.4 message size exceeds fixed limit'),
    says: ['bounce', bob('mesgtoobig')],
  },
  { what: 'an end of patience', mail: one('4.4.7', 'message expired after 5 days'), says: ['bounce', bob('expired')] },
  {
    what: 'an unknown user who was refused with the message',
    mail: one('5.0.0', '550 User unknown', [
      'bob@example.org: host mx.example.org said: 550 User unknown (in reply to end of DATA command)',
    ]),
    says: ['bounce', bob('filtered')],
  },
  {
    what: 'the same words at RCPT',
    mail: one('5.0.0', '550 User unknown', ['>>> RCPT To:<bob@example.org>', '<<< 550 User unknown']),
    says: ['bounce', bob('userunknown', true)],
  },
  { what: 'a delay', mail: report([group('4.4.1', '421 try later', 'delayed')]), says: ['delay', bob('expired')] },
  { what: 'a delivery', mail: report([group('2.0.0', '250 ok', 'delivered')]), says: ['other', bob('delivered')] },
  {
    what: 'two recipients',
    mail: report([
      group('5.1.1', '550 5.1.1 no such user'),
      ['Final-Recipient: rfc822; amy@example.org', 'Action: failed', 'Status: 5.2.2'],
    ]),
    says: ['bounce', bob('userunknown', true), ['amy@example.org', 'mailboxfull', false]],
  },
  {
    what: 'an address above ASCII (RFC 6533)',
    mail: report([['Final-Recipient: utf-8; böb@example.org', 'Action: failed', 'Status: 5.1.1']]),
    says: ['bounce', ['böb@example.org', 'userunknown', true]],
  },
  // qmail's form, and its relatives
  {
    what: "qmail's words",
    mail: words('failure notice', [
      'Hi. This is the qmail-send program at mx.example.net.',
      '',
      '<bob@example.org>:',
      'Sorry, no mailbox here by that name. (#5.1.1)',
      '',
      '--- Below this line is a copy of the message.',
      '',
      ...original,
    ]),
    says: ['bounce', bob('userunknown', true)],
  },
  {
    what: "qmail's words about a host",
    mail: words('failure notice', [
      '<bob@example.org>:',
      "Sorry, I couldn't find any host named example.org. (#5.1.2)",
    ]),
    says: ['bounce', bob('hostunknown', true)],
  },
  {
    what: "qmail's words about two",
    mail: words('failure notice', [
      '<bob@example.org>:',
      '192.0.2.1 failed after I sent the message.',
      'Remote host said: 552 over quota',
      '',
      '<amy@example.org>:',
      'Sorry, no mailbox here by that name. (#5.1.1)',
    ]),
    says: ['bounce', bob('mailboxfull'), ['amy@example.org', 'userunknown', true]],
  },
  // Exim
  {
    what: "Exim's words",
    mail: words(
      'Mail delivery failed: returning message to sender',
      [
        'The following address(es) failed:',
        '',
        '  bob@example.org',
        '    SMTP error from remote mail server after RCPT TO:<bob@example.org>:',
        '    host mx.example.org [192.0.2.9]: 550 5.1.1 No such user',
      ],
      [daemon, 'X-Failed-Recipients: bob@example.org', 'Auto-Submitted: auto-replied'],
    ),
    says: ['bounce', bob('userunknown', true)],
  },
  {
    what: "Exim's words about a domain",
    mail: words(
      'Mail delivery failed: returning message to sender',
      ['  bob@example.org', '    Unrouteable address'],
      [daemon, 'X-Failed-Recipients: bob@example.org'],
    ),
    says: ['bounce', bob('hostunknown', true)],
  },
  {
    what: "Exim's warning",
    mail: words('Warning: message 1abc delayed 24 hours', [
      'The address to which the message has not yet been delivered is:',
      '',
      '  bob@example.org',
      '',
      'Delivery attempts will continue for some time.',
    ]),
    says: ['delay', bob('expired')],
  },
  // Sendmail
  {
    what: "Sendmail's transcript",
    mail: words('Returned mail: see transcript for details', [
      '   ----- The following addresses had permanent fatal errors -----',
      '<bob@example.org>',
      '    (reason: 550 5.1.1 <bob@example.org>... User unknown)',
    ]),
    says: ['bounce', bob('userunknown', true)],
  },
  // Exchange, Domino
  {
    what: "Exchange's words",
    mail: words(
      'Undeliverable: the news',
      [
        'Your message did not reach the following recipient(s):',
        '',
        'bob@example.org on Mon, 2 Nov 2026 10:00:00 +0000',
        '    The recipient name is not recognized',
      ],
      ['From: System Administrator <postmaster@example.org>'],
    ),
    says: ['bounce', bob('userunknown', true)],
  },
  {
    what: "Domino's words",
    mail: words(
      'DELIVERY FAILURE',
      [
        'was not delivered to:',
        '',
        '  bob@example.org',
        '',
        'because:',
        '',
        '  User bob (bob@example.org) not listed in Domino Directory',
      ],
      ['From: Postmaster@example.org'],
    ),
    says: ['bounce', bob('userunknown', true)],
  },
  // Gmail
  {
    what: "Gmail's words",
    mail: words('Delivery Status Notification (Failure)', [
      'Delivery to the following recipient failed permanently:',
      '',
      '     bob@example.org',
      '',
      'The error that the other server returned was: 550 550 5.1.1 <bob@example.org>... User unknown (state 14).',
    ]),
    says: ['bounce', bob('userunknown', true)],
  },
  // Complaints, answers, news
  {
    what: 'a complaint',
    mail: mail(
      ['From: feedback@example.com', 'Content-Type: multipart/report; report-type=feedback-report; boundary=b'],
      [
        '--b',
        'Content-Type: message/feedback-report',
        '',
        'Feedback-Type: abuse',
        'Original-Rcpt-To: <bob@example.org>',
        '--b',
        'Content-Type: message/rfc822',
        '',
        ...original,
        '',
        '--b--',
      ],
    ),
    says: ['complaint', bob('feedback')],
  },
  {
    what: 'a vacation message',
    mail: words('Out of office', ['I am away.'], ['From: bob@example.org', 'Auto-Submitted: auto-replied']),
    says: ['autoreply', bob('vacation')],
  },
  {
    what: 'a receipt for reading',
    mail: mail(
      ['From: bob@example.org', 'Content-Type: multipart/report; report-type=disposition-notification; boundary=b'],
      ['--b', 'Content-Type: message/disposition-notification', '', 'Disposition: manual-action; displayed', '--b--'],
    ),
    says: ['autoreply'],
  },
  {
    what: 'news of SES',
    mail: words(
      'AWS Notification Message',
      [
        '{"notificationType":"Bounce","bounce":{"bouncedRecipients":[{"emailAddress":"bob@example.org","status":"5.1.1","diagnosticCode":"smtp; 550 5.1.1 user unknown"}]}}',
      ],
      ['From: no-reply@sns.example.com'],
    ),
    says: ['bounce', bob('userunknown', true)],
  },
  {
    what: 'a question of a member',
    mail: words('Re: delivery of the parcel', ['Has 550 gone to bob@example.org?'], ['From: amy@example.org']),
    says: ['other'],
  },
];

for (const { what, mail: text, says } of rows) {
  test(`understands ${what}`, () => {
    const { kind, recipients } = understand(Buffer.from(text));
    assert.deepEqual([kind, ...recipients.map(({ address, reason, permanent }) => [address, reason, permanent])], says);
  });
}

test('nothing that comes back makes it throw, and nothing but bounces counts', () => {
  const seeds = rows.map(({ mail: text }) => text);
  const broken = fc
    .tuple(
      fc.constantFrom(...seeds),
      fc.array(fc.tuple(fc.nat(3_000), fc.nat(200), fc.string({ unit: 'binary', maxLength: 40 })), { maxLength: 6 }),
    )
    .map(([text, cuts]) =>
      cuts.reduce((now, [at, length, put]) => now.slice(0, at) + put + now.slice(at + length), text),
    );
  fc.assert(
    fc.property(broken, (text) => {
      const { kind, recipients } = understand(Buffer.from(text));
      if (kind !== 'bounce' && kind !== 'other') assert.ok(recipients.every(({ counts }) => !counts));
      for (const { diagnostic } of recipients) assert.ok(!/[\r\n]/.test(diagnostic));
    }),
  );
});

// BSD-2-Clause mail of github.com/sisimai/set-of-emails, Apache-2.0 mail of github.com/apache/james-mime4j.
const corpora = process.env['EZLM_CORPORA'];
const skip = corpora ? false : 'EZLM_CORPORA is not set';

test('of real bounces nearly all recipients are found, and none is made up', { skip }, (t) => {
  const home = join(corpora!, 'sisimai');
  const expected: { file: string; reason: string; hard: boolean }[] = JSON.parse(
    readFileSync(join(home, 'expected.json'), 'utf8'),
  );
  const tally = { found: 0, extra: 0, permanence: 0, reasons: 0 };
  for (const [file, rowsOfFile] of Map.groupBy(expected, (row) => row.file)) {
    const { recipients } = understand(readFileSync(join(home, 'bounces', file)));
    tally.found += Math.min(recipients.length, rowsOfFile.length);
    tally.extra += Math.max(0, recipients.length - rowsOfFile.length);
    for (const [at, row] of rowsOfFile.entries()) {
      if (recipients[at]?.permanent === row.hard) tally.permanence++;
      if (recipients[at]?.reason === row.reason) tally.reasons++;
    }
  }
  t.diagnostic(JSON.stringify({ rows: expected.length, ...tally }));
  assert.ok(tally.found >= 0.95 * expected.length);
  assert.ok(tally.extra <= 5);
  assert.ok(tally.permanence >= 0.97 * expected.length);
  assert.ok(tally.reasons >= 0.92 * expected.length);
});

test('no ordinary mail is taken for a bounce', { skip }, () => {
  const taken: string[] = [];
  for (const folder of ['mimetools-testmsgs', 'testmsgs']) {
    const directory = join(corpora!, 'mime4j', folder);
    for (const file of readdirSync(directory).filter((name) => name.endsWith('.msg'))) {
      if (understand(readFileSync(join(directory, file))).kind === 'bounce') taken.push(file);
    }
  }
  assert.deepEqual(taken, []);
});

test('what looks like a bounce and is none counts for nothing', { skip }, () => {
  const directory = join(corpora!, 'sisimai', 'not-bounces');
  const counted = readdirSync(directory).filter((file) =>
    understand(readFileSync(join(directory, file))).recipients.some(({ counts }) => counts),
  );
  assert.deepEqual(counted, []);
});
