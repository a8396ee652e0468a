import assert from 'node:assert/strict';
import test from 'node:test';
import * as fc from 'fast-check';
import { classify, type ReplyContext, type ReplyVerdict } from '../../src/smtp/reply-class.ts';
import { replyRows } from '../../src/smtp/reply-table.ts';
import { type Line, ordinary } from './reply-lines.ts';

const minutes = 60_000;

/** Rows that a line of these tables has met. */
const met = new Set<string>();

function check(lines: readonly Line[]): void {
  for (const [reply, context, want] of lines) {
    const verdict: Partial<Record<keyof ReplyVerdict, unknown>> = classify(reply, context);
    met.add(String(verdict.rule));
    const got = Object.fromEntries(Object.keys(want).map((key) => [key, verdict[key as keyof ReplyVerdict]]));
    assert.deepEqual(got, want, `${reply} (rule ${String(verdict.rule)})`);
  }
}

const google: ReplyContext = { dialect: 'google' };
const yahoo: ReplyContext = { dialect: 'yahoo' };
const microsoft: ReplyContext = { dialect: 'microsoft' };
const apple: ReplyContext = { dialect: 'apple' };
const later = { class: 'deferred', isPermanent: false, scope: 'nothing', score: 'none' } as const;

test('Gmail: "try again" is tried again at the usual times and stops nothing', () => {
  const codes = ['421 4.3.0', '450 4.4.2', '451 4.4.5', '451 4.5.0', '421 4.7.0'];
  check(codes.map((code): Line => [`${code} Temporary System Problem. Try again later`, google, later]));
});

test('Gmail: a user who is flooded is retried alone, also where the reply is a 550', () => {
  check([
    ['450 4.2.1 The user you are trying to contact is receiving mail at a rate that prevents …', google, later],
    ['550 5.2.1 The user you are trying to contact is receiving mail at a rate that prevents …', google, later],
    ['450 4.2.1 The user you are trying to contact is receiving mail too quickly.', google, later],
  ]);
});

test('Gmail: over quota is soft as 452 and hard as 552', () => {
  check([
    ['452 4.2.2 The email account is over quota', google, { class: 'full', isPermanent: false, score: 'soft' }],
    ['552 5.2.2 The email account is over quota', google, { class: 'full', isPermanent: true, score: 'hard' }],
  ]);
});

test('Gmail: 4.7.28 stops the provider for ten minutes, then begins with one connection, and scores nobody', () => {
  const stop = { class: 'reputation', scope: 'provider', waitMs: 10 * minutes, resume: 'one', score: 'none' } as const;
  const of = ['your IP address', 'your netblock', 'your DKIM domain', 'your SPF domain', 'a URL', 'your Message-ID'];
  check(
    of.map((what): Line => [
      `421 4.7.28 Gmail has detected an unusual rate of unsolicited mail originating from ${what}`,
      google,
      { ...stop, isPermanent: false },
    ]),
  );
});

test('Gmail: 4.7.x about DNS, authentication and TLS are our fault: silence of an hour, an alarm, no score', () => {
  const want = {
    class: 'our fault',
    isPermanent: false,
    scope: 'provider',
    waitMs: 60 * minutes,
    alarm: true,
  } as const;
  const details = [23, 24, 26, 27, 29, 30, 31, 40, 32];
  check(details.map((detail): Line => [`421 4.7.${detail} Your email has been …`, google, { ...want, score: 'none' }]));
});

test('Gmail: 5.7.x about the same are final as 550 and temporary as 421, alarm and score nobody', () => {
  const want = { class: 'our fault', alarm: true, score: 'none' } as const;
  const details = [24, 25, 26, 27, 29, 30, 40];
  check(
    details.map((detail): Line => [`550 5.7.${detail} Your email has been …`, google, { ...want, isPermanent: true }]),
  );
  check([['421 5.7.32 Your email has been rate limited: From not aligned', google, { ...want, isPermanent: false }]]);
});

test("Gmail: a DMARC policy of the author's domain asks for another From, and scores nobody", () => {
  const reply = "550 5.7.26 Unauthenticated email from x.example is not accepted due to domain's DMARC policy.";
  check([[reply, google, { class: 'policy', blamesPost: false, score: 'none', alarm: false }]]);
});

test('Gmail: spam and reputation blame the post and score nobody', () => {
  check([
    ['550 5.7.1 Our system has detected that this message is likely unsolicited mail.', google, { class: 'content' }],
    ['550 5.7.1 … likely suspicious due to the very low reputation of the sending IP', google, { class: 'reputation' }],
    ['550 5.7.28 Gmail has detected an unusual rate of mail', google, { class: 'reputation' }],
  ]);
  const blamed: Partial<ReplyVerdict> = { blamesPost: true, score: 'none', isPermanent: true, scope: 'nothing' };
  check([
    ['550 5.7.1 Our system has detected that this message is likely unsolicited mail.', google, blamed],
    ['550 5.7.28 Gmail has detected an unusual rate of mail', google, blamed],
  ]);
});

test('Gmail: no such user counts in full', () => {
  const want = { class: 'invalid mailbox', score: 'hard', isPermanent: true } as const;
  check([
    ['550 5.1.1 The email account that you tried to reach does not exist.', google, want],
    ['550 5.1.2 We were not able to find the recipient domain.', google, want],
    ['550 5.1.3 The recipient address is not a valid RFC 5321 address.', google, want],
    ['550 5.2.1 The email account that you tried to reach is inactive.', google, want],
  ]);
});

test('Yahoo: deferrals for reputation and volume suspend the provider for two hours', () => {
  const want = {
    class: 'reputation',
    scope: 'provider',
    waitMs: 120 * minutes,
    resume: 'slow',
    score: 'none',
  } as const;
  check([
    ['421 4.7.0 [TSS04] Messages from 192.0.2.1 temporarily deferred due to unexpected volume', yahoo, want],
    ['421 4.7.0 [TS01] Messages temporarily deferred due to user complaints', yahoo, want],
    ['451 Resources temporarily not available - Please try again later', yahoo, want],
  ]);
});

test('Yahoo: 553 and 554 count only where they speak of an account or a user', () => {
  check([
    [
      "554 delivery error: dd This user doesn't have a yahoo.com account (a@yahoo.com)",
      yahoo,
      { class: 'invalid mailbox', score: 'hard' },
    ],
    ['554 delivery error: dd Sorry, your message could not be delivered', yahoo, { class: 'policy', score: 'none' }],
    ["554 delivery error: dd This user doesn't have an account here", {}, { class: 'invalid mailbox', score: 'hard' }],
    ['554 delivery error: dd Not accepting messages', {}, { class: 'policy', score: 'none' }],
    [
      '553 5.7.2 [TSS09] All messages from 192.0.2.1 will be permanently deferred',
      yahoo,
      { class: 'policy', score: 'none' },
    ],
  ]);
});

test('Outlook: a limit by reputation halves the connections after a quarter of an hour', () => {
  const want = {
    class: 'reputation',
    scope: 'provider',
    waitMs: 15 * minutes,
    resume: 'half',
    isPermanent: false,
  } as const;
  check(
    ['RP-001', 'RP-002', 'RP-003'].map((mark): Line => [`421 ${mark} (BAY) The mail server IP …`, microsoft, want]),
  );
});

test('Outlook: an authentication level that is too low is our fault', () => {
  check([
    [
      '550 5.7.515 Access denied, sending domain x.example does not meet the required authentication level',
      microsoft,
      { class: 'our fault', alarm: true, score: 'none' },
    ],
  ]);
});

test('Outlook: blocks stop the provider, alarm, and score nobody', () => {
  const want = { class: 'reputation', scope: 'provider', alarm: true, score: 'none', isPermanent: true } as const;
  check(
    ['SC-001', 'SC-004', 'DY-001', 'DY-002', 'OU-001', 'OU-002'].map((mark): Line => [
      `550 ${mark} (COL) Unfortunately, messages from 192.0.2.1 weren't sent`,
      microsoft,
      want,
    ]),
  );
});

test('Apple: local policy and content score nobody', () => {
  check([
    [
      '550 5.7.1 [HM07] Message rejected due to local policy',
      apple,
      { class: 'policy', score: 'none', isPermanent: true },
    ],
    ['554 5.7.1 [HM08] Message rejected due to local policy', apple, { class: 'policy', score: 'none' }],
    ['550 5.7.1 [CS01] Message rejected due to local policy', apple, { class: 'content', score: 'none' }],
    ['554 5.7.1 [CS02] Message rejected', apple, { class: 'content', score: 'none' }],
  ]);
});

test('where code and enhanced code contradict each other the first digit wins', () => {
  check([
    ['450 5.1.1 unknown user', {}, { isPermanent: false, score: 'none' }],
    ['421 5.7.1 blocked', {}, { isPermanent: false }],
    ['550 4.2.2 mailbox full', {}, { isPermanent: true, class: 'full' }],
    ['554 4.7.1 refused', {}, { isPermanent: true, class: 'policy' }],
  ]);
});

test('what a site says before it knows a recipient backs off the site, and fails nobody', () => {
  const want = { scope: 'lane', isPermanent: false, score: 'none' } as const;
  check([
    ['421 too many connections, closing', { isGreeting: true }, want],
    ['554 no SMTP service here', { isGreeting: true }, want],
    ['421 4.3.2 shutting down', {}, want],
  ]);
});

test('greylisting and deferrals of one recipient stop nothing', () => {
  check([
    ['450 4.2.0 Greylisted, see https://postgrey.example/', {}, later],
    ['451 4.7.1 Greylisting in action, please come back later', {}, later],
    ['451 4.7.1 Try again later', {}, later],
    ['450 4.1.1 recipient address rejected: unverified address', {}, later],
    ['451 4.3.0 local error in processing', {}, later],
  ]);
});

test('4.7.x that nobody has a word for backs off the lane', () => {
  check([['451 4.7.1 not now', {}, { class: 'policy', scope: 'lane', isPermanent: false }]]);
});

for (const [title, lines] of Object.entries(ordinary)) test(title, () => lines(check));

test('a reply that is none is temporary and unknown', () => {
  const want = { class: 'unknown', isPermanent: false, scope: 'nothing' } as const;
  check(['', 'hello', '999 x', '55 5.1.1', 'connection lost: ECONNRESET'].map((reply): Line => [reply, {}, want]));
});

test('a 2xx is a delivery', () => {
  check([['250 2.0.0 queued as 550 5.1.1', {}, { class: 'delivered', isPermanent: false, score: 'none' }]]);
});

test('every row has a name of its own', () => {
  assert.equal(new Set(replyRows.map(({ name }) => name)).size, replyRows.length);
});

// The greeting, before anything was said of a recipient; a user who gets too much at the moment; what this session said before.
const tempering = ['user-rate', 'greeting', 'sequence'];

test('the first digit decides for any text: three rows temper a 5xx, and none hardens a 4xx', () => {
  const named = replyRows.filter(({ says }) => says.isPermanent !== undefined);
  assert.deepEqual(
    named.map(({ name, says }) => `${name} ${says.isPermanent}`),
    tempering.map((name) => `${name} false`),
  );
  fc.assert(
    fc.property(fc.integer({ min: 400, max: 599 }), fc.string(), (code, text) => {
      const { isPermanent, rule } = classify(`${code} ${text}`);
      assert.equal(isPermanent, code >= 500 && !tempering.includes(rule));
    }),
  );
});

test('a hostile reply is read in linear time', () => {
  const words = [
    'user ',
    'mailbox ',
    'unknown',
    'messages ',
    'connection',
    'rate ',
    'a',
    ' ',
    '5.1.1 ',
    'does not have a ',
  ];
  for (const word of words) for (const code of [421, 450, 550, 554]) classify(`${code} ${word.repeat(200_000)}`);
});

test('every row of the table is met by a line of these tables', () => {
  assert.deepEqual(
    replyRows.map(({ name }) => name).filter((name) => !met.has(name)),
    [],
  );
});
