import type { Grounds } from '../list/ladder.ts';
import type { BounceReason } from './bounce-reason.ts';
import { judgeReply, type Verdict } from './verdict.ts';

/** Reasons that are about us: our address, our name, our keys, what we are known for, what we sent. */
const policy: ReadonlySet<BounceReason> = new Set([
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
]);

/** Reasons of a host that was never spoken to. */
const silent: ReadonlySet<BounceReason> = new Set(['expired', 'networkerror', 'hostunknown']);

// What our own delivery writes when no host took a connection. Hosts that answer say 4.4.1 or 4.4.4 as well, of others or of us (Exchange
// Online: "451 4.4.4 Mail received as unauthenticated"), and a network or an address that we have not is our fault (ENETUNREACH, EACCES).
const noHost =
  /^451 4\.4\.(?:1 (?:connect (?:ECONNREFUSED|ETIMEDOUT|EHOSTUNREACH|EHOSTDOWN)\b|connecting took too long|it did not answer lately)|3 (?:its|the) name servers|4 (?:it has no address|the domain has no host))/;

// The words of others who relay for us.
const noConnection =
  /connection (?:timed out|refused|was refused)|(?:could ?n[o']t|could not|cannot|unable to|failed to|wasn't able to) (?:connect|establish)|no route to host|(?:host|network) (?:is )?unreachable|(?:did not|not) (?:answer|respond)|no answer from host/i;

/** Weights in the score; a reason that is not here has 1. A name service that lost a domain for a week makes no two bounces in a fortnight. */
const weights: Partial<Readonly<Record<BounceReason, number>>> = { hostunknown: 0.6 };

const givenUp = /^550 5\.4\.7 given up after [^;]{1,40}; the last reply: /;

/** What a verdict means for the member, and how much. Doubt is `passing`. */
export function groundsOf({ permanent, reason, status, diagnostic }: Verdict): { grounds: Grounds; weight: number } {
  // A host that says "later" has not said "never", whatever it says of the user: the time was over, in a queue of ours or of others.
  if (permanent && status.startsWith('4') && /^4\d\d\b/.test(diagnostic)) return { grounds: 'passing', weight: 0 };
  if (permanent) return { grounds: 'address', weight: weights[reason] ?? 1 };
  if (policy.has(reason)) return { grounds: 'policy', weight: 0 };
  if (reason === 'mailboxfull') return { grounds: 'full', weight: 0 };
  // Our own words, of a post that was given up or in a notice of a mail that was.
  const last = diagnostic.replace(givenUp, '');
  const isOurs = last !== diagnostic || /^451 4\.4\.\d /.test(last);
  const isSilent = isOurs ? noHost.test(last) : noConnection.test(last.slice(0, 2_000));
  return { grounds: silent.has(reason) && isSilent ? 'unreachable' : 'passing', weight: 0 };
}

/**
 * Judges what a session of ours ended with, or what our own notice says that it did. A recipient that was given up after days was never
 * refused: no reply of the host is for good.
 */
export function judgeRefusal(address: string, reply: string): Verdict {
  const last = reply.replace(givenUp, '');
  const judged = judgeReply(address, last);
  const isRefused = last === reply && !reply.startsWith('4');
  return isRefused ? judged : Object.freeze({ ...judged, permanent: false, diagnostic: reply });
}
