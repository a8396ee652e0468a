import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { BounceReason } from '../../src/bounce/bounce-reason.ts';
import { judgeReply } from '../../src/bounce/verdict.ts';

/** Replies at RCPT as real hosts word them, by the reason that they tell. */
const replies: Readonly<Partial<Record<BounceReason, readonly string[]>>> = {
  userunknown: [
    '550 No account by that name here',
    '550 5.1.1 unknown user',
    '550 Recipient Rejected: No account by that name here',
    '550 Invalid recipient <a@b.example>',
    '550 5.1.1 Recipient not found',
    '551 User not local',
    '550 No such person at this address',
    '553 sorry, that recipient is not in my list of allowed recipients',
    '550 sorry, no mailbox here by that name (#5.1.1 - chkuser)',
    '511 sorry, no mailbox here by that name (#5.1.1 - chkuser)',
    '550 Address unknown',
    '550 mailbox not found',
    '550 Mailbox unavailable',
    '550-5.1.1 The email account that you tried to reach does not exist.',
    "554 delivery error: dd This user doesn't have a yahoo.com account",
    '550 5.1.1 RESOLVER.ADR.RecipNotFound; not found',
    '550 5.4.1 Recipient address rejected: Access denied',
    '550 <a@b.example> is not a valid mailbox',
    '550 5.7.1 No such user!',
    '553 5.3.0 <a@b.example>... No such user here',
    '550 Account not available',
    '550 no user by that name',
    '501 5.1.3 Bad recipient address syntax',
    '550 <a@b.example>: Recipient address rejected: undeliverable address: host x said: 550 no such user',
    '550 5.0.0 <a@b.example>... User unknown',
    '550 user does not exist',
    '550 that user is not here',
    '550 User a@b.example not found',
    '550 Not a valid recipient',
    '554 5.7.1 <a@b.example>: Recipient address rejected: user a@b.example does not exist',
    "550 5.1.1 <a@b.example> User doesn't exist: a@b.example",
    '550 Unknown address',
    '550 Usuario desconocido',
    '550 Benutzer unbekannt',
    '550 Utilisateur inconnu',
    '550 Does not have a final email delivery point',
  ],
  mailboxfull: [
    '452 4.2.2 The email account that you tried to reach is over quota.',
    '552 5.2.2 Mailbox full',
    '552 Message rejected, mailbox size limit exceeded',
    '452 4.2.2 user over quota',
    '550 5.7.1 mailbox quota exceeded',
    "552 5.2.2 This message is larger than the current system limit or the recipient's mailbox is full.",
    "422 the recipient's mailbox is over its storage limit",
    '450 Requested mail action not taken: mailbox full',
    '554 5.2.2 mailbox full; STOREDRV.Deliver.Exception:QuotaExceededException.MapiExceptionShutoffQuotaExceeded',
  ],
  suspend: [
    '550 5.2.1 The email account that you tried to reach is disabled.',
    '550 account is locked',
    '550 mailbox disabled, not accepting messages',
    '554 30 Sorry, your message to a@b.example cannot be delivered. This mailbox is disabled (554.30).',
    '550 5.1.1 account deactivated',
    '550 This account has been suspended',
  ],
  speeding: [
    '450 4.2.1 The user you are trying to contact is receiving mail too quickly.',
    '421 4.7.28 Our system has detected an unusual rate of unsolicited mail originating from your IP address.',
  ],
  blocked: [
    '554 5.7.1 Service unavailable; Client host [192.0.2.1] blocked using zen.spamhaus.org',
    '550 5.7.1 Your IP has been blacklisted',
    "550 SC-001 (COL) Unfortunately, messages from 192.0.2.1 weren't sent.",
    '550 5.7.606 Access denied, banned sending IP [192.0.2.1]',
    '554 IP blocked',
  ],
  spamdetected: [
    '550 5.7.1 Our system has detected that this message is likely unsolicited mail.',
    '554 5.7.1 Message rejected as spam by Content Filtering.',
    '550 High probability of spam',
    '554 Message refused because it looks like SPAM',
  ],
  authfailure: [
    '550 5.7.26 This mail is unauthenticated, which poses a security risk',
    "550 5.7.1 Unauthenticated email from x is not accepted due to domain's DMARC policy",
    '550 5.7.23 The message was rejected because of Sender Policy Framework violation',
    '550 SPF check failed',
    '550 5.7.1 DKIM signature invalid',
  ],
  requireptr: [
    '550 5.7.25 The IP address sending this message does not have a PTR record setup',
    '550 Reverse DNS lookup failed',
    '450 4.7.1 Client host rejected: cannot find your hostname, [192.0.2.1]',
  ],
  mesgtoobig: [
    '552 5.3.4 Message size exceeds fixed limit',
    '552 message too large',
    '552 5.3.4 Message too big for system',
  ],
  norelaying: [
    '554 5.7.1 <a@b.example>: Relay access denied',
    '550 5.7.1 Unable to relay',
    '550 relay not permitted',
    '550 5.7.64 TenantAttribution; Relay Access Denied',
    "553 sorry, that domain isn't in my list of allowed rcpthosts (#5.7.1)",
  ],
  virusdetected: ['554 5.7.1 Virus found in message', '550 infected with Win32/X'],
  rejected: [
    '550 5.1.8 Sender address rejected: Domain not found',
    '550 5.7.1 <news@lists.example.org>: Sender address rejected: Access denied',
    '553 5.1.8 sender domain does not exist',
  ],
  onhold: [
    '450 4.7.1 <a@b.example>: Recipient address rejected: Greylisted, see http://postgrey.example',
    '451 4.7.1 Greylisting in action, please come back later',
  ],
  systemerror: ['451 4.3.0 Temporary internal error', '451 Requested action aborted: local error in processing'],
  systemfull: ['452 4.3.1 Insufficient system storage'],
  toomanyconn: ['421 4.7.0 Too many connections from your host', '421 too many concurrent SMTP connections'],
  policyviolation: ['550 5.7.1 Message rejected due to content policy'],
  failedstarttls: ['530 5.7.0 Must issue a STARTTLS command first'],
  hostunknown: ['550 5.1.2 Bad destination host'],
  notaccept: ['556 5.1.10 Recipient address has null MX'],
  networkerror: ['554 5.4.6 Too many hops'],
  exceedlimit: ['550 5.2.3 Message length exceeds administrative limit'],
  securityerror: ['530 5.7.0 Authentication required'],
  hasmoved: ['551 5.1.6 recipient has moved; please try x'],
  contenterror: ['550 5.6.0 8-bit data in header'],
  badreputation: ["554 Your access to this mail system has been rejected due to the sending MTA's poor reputation"],
};

for (const [reason, some] of Object.entries(replies)) {
  test(`${some.length} ways to say ${reason}`, () => {
    const told = some.map((reply) => [judgeReply('a@b.example', reply).reason, reply]);
    assert.deepEqual(
      told,
      some.map((reply) => [reason, reply]),
    );
  });
}

const lasting: ReadonlySet<string> = new Set(['userunknown', 'hostunknown', 'hasmoved', 'notaccept']);

test('only what says that nobody is there is permanent', () => {
  for (const [reason, some] of Object.entries(replies))
    for (const reply of some) assert.equal(judgeReply('a@b.example', reply).permanent, lasting.has(reason), reply);
});
