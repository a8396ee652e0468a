import assert from 'node:assert/strict';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { readReturned, type Returned } from '../../src/bounce/report.ts';
import { parseHeader, valueOf } from '../../src/mail/header.ts';
import { plainBounce, reportOf } from '../helpers/reports.ts';

type Read = { readonly kind: 'failure'; readonly text: string } | Exclude<Returned, { kind: 'failure' }>;

function read(text: string, sender = ''): Read {
  const message = Buffer.from(text);
  const returned = readReturned(message, parseHeader(message), sender, 'ann@example.net');
  return returned.kind !== 'failure'
    ? returned
    : failure(returned.verdict.diagnostic || returned.verdict.status || 'returned mail');
}

const failure = (text: string): Read => ({ kind: 'failure', text });
const news: Read = { kind: 'other', why: 'only news' };
const automatic: Read = { kind: 'other', why: 'automatic mail' };
const noBounce: Read = { kind: 'other', why: 'no bounce' };
const diagnostic = '550 5.1.1 <ann@example.net>: nobody here';
const qmail = [
  'Hi. This is the qmail-send program at mx.example.net.',
  '',
  '<ann@example.net>:',
  '192.0.2.1 does not like recipient.',
  'Remote host said: 550 5.1.1 nobody',
];

const rows: readonly (readonly [what: string, message: string, sender: string, wanted: Read])[] = [
  ['a report', reportOf(), '', failure(diagnostic)],
  ['a report that says auto-replied', reportOf({ fields: ['Auto-Submitted: auto-replied'] }), '', failure(diagnostic)],
  ['a report with Precedence: bulk', reportOf({ fields: ['Precedence: bulk'] }), '', failure(diagnostic)],
  ['a report from a sender', reportOf(), 'postmaster@mx.example.net', failure(diagnostic)],
  ['a report without a report-type', reportOf({ type: 'multipart/report; boundary="b/1"' }), '', failure(diagnostic)],
  [
    'a report in capitals',
    reportOf({ type: 'Multipart/Report; Report-Type="Delivery-Status"; boundary="b/1"' }),
    '',
    failure(diagnostic),
  ],
  [
    'a failure among others',
    reportOf({ recipient: ['Action: delayed', '', 'ACTION:failed', 'Status: 5.2.2'] }),
    '',
    failure('5.2.2'),
  ],
  ['a delay', reportOf({ action: 'delayed', status: '4.4.1' }), '', news],
  [
    'a delay that says auto-replied',
    reportOf({ action: 'Delayed (will be tried)', fields: ['Auto-Submitted: auto-replied'] }),
    '',
    news,
  ],
  ['a success', reportOf({ action: 'delivered', status: '2.0.0' }), '', news],
  ['no action but a temporary status', reportOf({ recipient: ['Status: 4.4.1'] }), '', news],
  ['no action but a permanent status', reportOf({ recipient: ['Status: 5.4.1'] }), '', failure('5.4.1')],
  ['an expired mail', reportOf({ action: 'expired', status: '' }), '', failure(diagnostic)],
  ['an address that was only asked', reportOf({ action: 'deliverable', status: '2.1.5' }), '', news],
  ['an empty report', reportOf({ recipient: [] }), '', failure('Undelivered Mail Returned to Sender')],
  [
    'a report without its boundary',
    reportOf({ type: 'multipart/report; report-type=delivery-status' }),
    '',
    failure(diagnostic),
  ],
  [
    'a receipt for reading',
    reportOf({ type: 'multipart/report; report-type=disposition-notification' }),
    '',
    automatic,
  ],
  [
    'a complaint of a mailer-daemon',
    reportOf({ type: 'multipart/report; report-type="feedback-report"' }),
    '',
    { kind: 'complaint' },
  ],
  ["qmail's form", plainBounce({ lines: qmail }), '', failure('550 5.1.1 nobody')],
  [
    "Exim's form",
    plainBounce({ fields: ['X-Failed-Recipients: ann@example.net', 'Auto-Submitted: auto-replied'], lines: ['gone'] }),
    '',
    failure('gone'),
  ],
  [
    'a mailer-daemon with an address as sender',
    plainBounce({ lines: ['gone'] }),
    'x@example.net',
    failure('failure notice'),
  ],
  ['nothing but a null sender', '', '', failure('returned mail')],
  [
    'a vacation message',
    plainBounce({ from: 'ann@example.net', fields: ['Auto-Submitted: auto-replied (vacation)'] }),
    '',
    automatic,
  ],
  [
    'an old vacation message',
    plainBounce({ from: 'ann@example.net', fields: ['Precedence: junk'] }),
    'ann@example.net',
    automatic,
  ],
  [
    'a reply to the return path',
    plainBounce({ from: 'ann@example.net', subject: 'Re: 550 reasons' }),
    'ann@example.net',
    noBounce,
  ],
];

for (const [what, message, sender, wanted] of rows) {
  test(`${what} is ${wanted.kind === 'other' ? wanted.why : `a ${wanted.kind}`}`, () => {
    assert.deepEqual(read(message, sender), wanted);
  });
}

test('a diagnostic cannot bring lines or control characters, and is cut', async () => {
  const recipient = ['Action: failed', `Diagnostic-Code: smtp; 550 \u001b]0;x\u0007${'y'.repeat(2_000)}`];
  const returned = read(reportOf({ recipient }));
  assert.ok(returned.kind === 'failure');
  assert.match(returned.text, /^550 {2}\]0;x y+$/);
  assert.equal(returned.text.length, 500);
});

test('deep nesting and endless lines are read to their limit', async () => {
  const nested = Array.from(
    { length: 500 },
    (_, n) => `--b${n}\r\nContent-Type: multipart/mixed; boundary=b${n + 1}\r\n\r\n`,
  ).join('');
  const type = 'Content-Type: multipart/report; report-type=delivery-status; boundary=b0\r\n\r\n';
  for (const body of [
    nested,
    'x'.repeat(3_000_000),
    '--b0\r\n'.repeat(50_000),
    `--b0\r\nContent-Type: message/delivery-status\r\n\r\nAction:${' '.repeat(200_000)}`,
  ]) {
    assert.deepEqual(read(type + body), failure('returned mail'));
  }
});

// BSD-2-Clause mail of github.com/sisimai/set-of-emails, beside rows of what each says.
const corpora = process.env['EZLM_CORPORA'];

test(
  'real bounces count, real complaints, vacations and successes do not',
  { skip: corpora ? false : 'EZLM_CORPORA is not set' },
  async (t) => {
    const home = join(corpora!, 'sisimai');
    const rows: { file: string; reason: string; hard: boolean }[] = JSON.parse(
      await readFile(join(home, 'expected.json'), 'utf8'),
    );
    const wrong: string[] = [];
    const tally = { hard: 0, found: 0 };
    for (const file of await readdir(join(home, 'bounces'))) {
      const about = rows.filter((row) => row.file === file);
      const message = await readFile(join(home, 'bounces', file));
      const header = parseHeader(message);
      // Where the file kept the envelope sender; without it, as a bounce comes.
      const sender = /<([^<>]+@[^<>]+)>/.exec(valueOf(header, 'return-path') ?? '')?.[1] ?? '';
      const { kind } = readReturned(message, header, /mailer-daemon|postmaster/i.test(sender) ? '' : sender, '');
      const isNone =
        about.length > 0 && about.every(({ reason }) => ['feedback', 'vacation', 'delivered'].includes(reason));
      if (isNone && kind === 'failure') wrong.push(file);
      if (!about.some(({ hard }) => hard)) continue;
      tally.hard += 1;
      if (kind === 'failure') tally.found += 1;
    }
    t.diagnostic(`${tally.found} of ${tally.hard} mails about dead addresses count`);
    assert.deepEqual(wrong, []);
    assert.ok(tally.found >= tally.hard * 0.95);
  },
);
