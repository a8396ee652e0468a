import { plainLine } from '../mail/words.ts';
import type { BounceReason } from './bounce-reason.ts';
import { reasonOf, refusedCommand } from './reasons.ts';

/** What a mail that came back is. `other`: nothing of the kind, or news that count for nothing. */
export type ReturnedKind = 'bounce' | 'delay' | 'autoreply' | 'complaint' | 'other';

/** What it says of one recipient. */
export interface Verdict {
  readonly address: string;
  /** The address itself is bad: nobody will ever get mail there. */
  readonly permanent: boolean;
  readonly reason: BounceReason;
  /** `5.1.1` (RFC 3463); empty when it does not say. */
  readonly status: string;
  /** The words that decided, one line. */
  readonly diagnostic: string;
  /** The host that refused; empty when it is not named. */
  readonly host: string;
  /** It counts against a member. */
  readonly counts: boolean;
}

export interface Understood {
  readonly kind: ReturnedKind;
  readonly recipients: readonly Verdict[];
}

const hard: ReadonlySet<BounceReason> = new Set(['userunknown', 'hostunknown', 'hasmoved', 'notaccept']);
/** Characters; the rest of a report says nothing new. */
const diagnosticMost = 4_000;
const uncountedReasons: ReadonlySet<BounceReason> = new Set(['feedback', 'vacation', 'delivered']);

/** Makes a verdict. A host that is not found now may be found tomorrow; a host that does not know a user has looked. */
export function verdict(
  address: string,
  reason: BounceReason,
  { status = '', diagnostic = '', host = '' }: Partial<Pick<Verdict, 'status' | 'diagnostic' | 'host'>> = {},
): Verdict {
  const permanent = hard.has(reason) && (reason === 'userunknown' || !status.startsWith('4'));
  const counts = !uncountedReasons.has(reason);
  return Object.freeze({
    address,
    permanent,
    reason,
    status,
    diagnostic: plainLine(diagnostic.slice(0, diagnosticMost)),
    host,
    counts,
  });
}

/** The same verdict as news: mail that is late has not failed. */
export function uncounted(one: Verdict): Verdict {
  const reason = one.reason === 'undefined' ? 'expired' : one.reason;
  return Object.freeze({ ...one, reason, permanent: false, counts: false });
}

/** Judges the reply of a host that refused a recipient in a session of ours: it was said at RCPT, or nobody would have been refused for good. */
export function judgeReply(address: string, reply: string): Verdict {
  const status = statusIn(reply);
  return verdict(address, reasonOf({ text: reply, status, command: refusedCommand(reply) ?? 'RCPT' }), {
    status,
    diagnostic: reply,
  });
}

/** The first enhanced code in a text; empty when there is none. */
export function statusIn(text: string): string {
  return /(?:^|[^\d.])([245]\.\d{1,2}\.\d{1,3})(?![\d.])/.exec(text)?.[1] ?? '';
}

/** The words of the host that refused, without the code and the name of a class that IronPort puts before them. */
export function unwrapped(text: string): string {
  return text.replace(/\b[45]\.\d\.\d - [A-Za-z /]{3,60}(?=[45]\d\d[- ]')/, '');
}

/** A code of the host that refused says more than the `5.0.0` of the one that reports. */
export function preciser(status: string, text: string): string {
  return status === '' || /^[45]\.[0135]\.0$/.test(status) ? statusIn(text) || status : status;
}

/** The first address in a header value. */
export function addressIn(field: string | undefined): string | undefined {
  if (field === undefined) return undefined;
  const value = field.slice(0, 2_000);
  return (
    /<([^<>\s]{1,300}@[^<>\s]{1,255})>/.exec(value)?.[1] ?? /[^\s<>,;"']{1,128}@[^\s<>,;"']{1,255}/.exec(value)?.[0]
  );
}
