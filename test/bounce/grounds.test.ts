import assert from 'node:assert/strict';
import { test } from 'node:test';
import { groundsOf, judgeRefusal } from '../../src/bounce/grounds.ts';
import type { BounceReason } from '../../src/bounce/bounce-reason.ts';
import { verdict } from '../../src/bounce/verdict.ts';
import type { Grounds } from '../../src/list/ladder.ts';

const givenUp = '550 5.4.7 given up after 120 hours; the last reply: ';

/** What a session of ours ends with, and what that means for the member. */
const refusals: readonly [reply: string, grounds: Grounds, weight?: number][] = [
  // The address.
  ['550 5.1.1 <bob@example.net>: Recipient address rejected: User unknown', 'address', 1],
  ['550 5.1.1 The email account that you tried to reach does not exist.', 'address', 1],
  ['550 No such user here', 'address', 1],
  ['550 5.1.2 there is no domain example.net', 'address', 0.6],
  ['550 5.4.4 host not found: example.net has no MX and no address', 'address', 0.6],
  ['550 5.1.10 example.net takes no mail (null MX)', 'address', 1],
  ['551 5.1.6 the user has moved', 'address', 1],
  // A mailbox that may be emptied.
  ['552 5.2.2 mailbox full', 'full'],
  ['550 5.2.2 user is over quota', 'full'],
  [`${givenUp}452 4.2.2 mailbox full`, 'full'],
  // No host took a connection.
  [`${givenUp}451 4.4.1 connect ECONNREFUSED 192.0.2.1:25`, 'unreachable'],
  [`${givenUp}451 4.4.1 connect EHOSTUNREACH 192.0.2.1:25 - Local (192.0.2.9:40000)`, 'unreachable'],
  [`${givenUp}451 4.4.1 connecting took too long`, 'unreachable'],
  [`${givenUp}451 4.4.3 its name servers did not answer`, 'unreachable'],
  [`${givenUp}451 4.4.4 it has no address`, 'unreachable'],
  [`${givenUp}451 4.4.1 it did not answer lately, and is left alone until 2026-03-01T00:00:00Z`, 'unreachable'],
  [`${givenUp}451 4.4.4 the domain has no host`, 'unreachable'],
  [`${givenUp}451 4.4.3 the name servers of example.net did not answer`, 'unreachable'],
  // A host took one, whatever it did then.
  [`${givenUp}451 4.4.2 the peer closed the connection`, 'passing'],
  [`${givenUp}451 4.4.2 the peer did not answer in time`, 'passing'],
  [`${givenUp}451 4.4.2 connecting took too long`, 'passing'],
  [
    `${givenUp}451 4.4.4 Mail received as unauthenticated, incoming to a recipient domain in a hosted tenant`,
    'passing',
  ],
  [`${givenUp}451 4.4.1 connection timed out to the server behind us`, 'passing'],
  [`${givenUp}450 4.4.3 recursion limit of name servers`, 'passing'],
  [`${givenUp}421 4.7.0 an unusual rate of mail from your IP address`, 'passing'],
  // Our own network.
  [`${givenUp}451 4.4.1 connect ENETUNREACH 2001:db8::1:25 - Local (:::0)`, 'passing'],
  [`${givenUp}451 4.4.1 connect EACCES 192.0.2.1:25`, 'passing'],
  [`${givenUp}451 4.4.1 bind EADDRNOTAVAIL 192.0.2.9`, 'passing'],
  [`${givenUp}451 4.4.5 the host takes mail too slowly`, 'passing'],
  [`${givenUp}451 4.4.5 the lane is left alone for a while`, 'passing'],
  [`${givenUp}451 4.4.6 the route leads back to this server`, 'passing'],
  [`${givenUp}451 4.3.2 the lane is paused by the operator`, 'passing'],
  [`${givenUp}451 4.3.2 the list is paused by the operator`, 'passing'],
  [`${givenUp}421 4.3.2 try again later`, 'passing'],
  [`${givenUp}450 4.2.0 greylisted, come back`, 'passing'],
  [`${givenUp}451 4.7.5 TLS required of this host failed: self-signed certificate`, 'policy'],
  [
    `${givenUp}454 4.7.5 no TLS (STARTTLS) with a host that demands it: 530 5.7.0 Must issue a STARTTLS command first`,
    'passing',
  ],
  // Given up is never refused: nobody said that the address is bad for good.
  [`${givenUp}450 4.1.1 unknown user`, 'passing'],
  [`${givenUp}450 4.1.1 <bob@example.net>: Recipient address rejected: User unknown`, 'passing'],
  [`${givenUp}450 4.1.2 domain not found`, 'passing'],
  // About us.
  ['554 5.7.1 Service unavailable; Client host [192.0.2.1] blocked using zen.example', 'policy'],
  ['550 5.7.26 This mail has been blocked because the sender is unauthenticated (DMARC)', 'policy'],
  ['550 5.7.25 The IP address sending this message does not have a PTR record', 'policy'],
  ['554 5.7.1 message looks like spam', 'policy'],
  ['550 5.7.1 Relaying denied', 'policy'],
  // The message, or nothing that anybody could know.
  ['552 5.3.4 Message too big', 'passing'],
  ['550 5.3.0 internal error', 'passing'],
  ['554 transaction failed', 'passing'],
  ['', 'passing'],
  ['550', 'passing'],
];

for (const [reply, grounds, weight = 0] of refusals) {
  test(`"${reply}" is ${grounds}`, () => {
    const judged = judgeRefusal('bob@example.net', reply);
    const found = groundsOf(judged);
    assert.deepEqual([judged.reason, found.grounds, found.weight], [judged.reason, grounds, weight]);
    assert.equal(judged.permanent, grounds === 'address');
    assert.equal(judged.diagnostic, reply, 'the whole reply is kept for the owner');
  });
}

test('a user that a host does not know "for now" is not gone', () => {
  const later = verdict('bob@example.net', 'userunknown', { status: '4.1.1', diagnostic: '450 4.1.1 unknown user' });
  assert.equal(groundsOf(later).grounds, 'passing');
  const never = verdict('bob@example.net', 'userunknown', { status: '5.1.1', diagnostic: '550 unknown user' });
  assert.equal(groundsOf(never).grounds, 'address');
});

test('only the words of our own delivery make a reply one that was given up', () => {
  const imitated = '550 5.1.1 unknown user; 550 5.4.7 given up after 120 hours; the last reply: 451 4.4.1 x';
  assert.equal(groundsOf(judgeRefusal('bob@example.net', imitated)).grounds, 'address');
});

test('every reason that is about us is policy, and none of them ever means the member', () => {
  const aboutUs: readonly BounceReason[] = [
    'rejected',
    'blocked',
    'badreputation',
    'authfailure',
    'requireptr',
    'policyviolation',
    'spamdetected',
    'virusdetected',
    'securityerror',
    'norelaying',
    'notcompliantrfc',
  ];
  for (const reason of aboutUs)
    for (const status of ['', '5.1.1', '5.7.1', '4.4.1', '5.4.4'])
      for (const diagnostic of ['', 'connection refused', 'user unknown', 'last reply: 451 4.4.1 x', 'mailbox full']) {
        const found = groundsOf(verdict('bob@example.net', reason, { status, diagnostic }));
        assert.deepEqual(found, { grounds: 'policy', weight: 0 }, `${reason} ${status} ${diagnostic}`);
      }
});

test('reasons of the content, of the speed and of hosts that are busy pass', () => {
  const passing: readonly BounceReason[] = [
    'contenterror',
    'mesgtoobig',
    'exceedlimit',
    'systemerror',
    'systemfull',
    'mailererror',
    'syntaxerror',
    'toomanyconn',
    'speeding',
    'failedstarttls',
    'onhold',
    'undefined',
    'suspend',
    'filtered',
  ];
  for (const reason of passing)
    for (const status of ['', '5.0.0', '5.1.1', '4.4.1', '5.4.4'])
      assert.deepEqual(groundsOf(verdict('bob@example.net', reason, { status })), { grounds: 'passing', weight: 0 });
});

/** What others who relay for us write when they have given up: it counts only when no host was ever spoken to. */
const relayed: readonly [reason: BounceReason, diagnostic: string, grounds: Grounds][] = [
  ['expired', 'connect to mx.example.net[192.0.2.1]:25: Connection timed out', 'unreachable'],
  ['expired', 'connect to mx.example.net[192.0.2.1]:25: No route to host', 'unreachable'],
  ['networkerror', 'Could not connect to any of the hosts', 'unreachable'],
  ['expired', "Sorry, I wasn't able to establish an SMTP connection.", 'unreachable'],
  ['expired', 'Message expired; the host said: 451 try again later', 'passing'],
  ['expired', 'conversation with mx.example.net[192.0.2.1] timed out while sending message body', 'passing'],
  ['expired', '', 'passing'],
  ['systemerror', 'Connection refused', 'passing'],
];

test('an expiry counts as a dead host only where the words say that none was reached', () => {
  for (const [reason, diagnostic, grounds] of relayed) {
    const judged = verdict('bob@example.net', reason, { status: '4.4.1', diagnostic });
    assert.equal(groundsOf(judged).grounds, grounds, diagnostic);
  }
});
