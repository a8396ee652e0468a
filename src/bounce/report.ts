import { likelyAutomaticReason } from '../mail/automatic.ts';
import { type Header, valueOf } from '../mail/header.ts';
import { understand } from './understand.ts';
import { type Understood, type Verdict, verdict } from './verdict.ts';

/** What came back to a VERP address, which says who it is about. */
export type Returned =
  /** The mail did not arrive. */
  | { readonly kind: 'failure'; readonly verdict: Verdict }
  /** The member, or who reads there, does not want the mail. */
  | { readonly kind: 'complaint' }
  /** Nothing that counts against a member; `why` is for the log. */
  | { readonly kind: 'other'; readonly why: 'only news' | 'automatic mail' | 'no bounce' };

/** Reads what came back for `address`. A null sender (RFC 5321 §4.5.5) makes a report also of words that nobody knows. */
export function readReturned(message: Buffer, header: Header, sender: string, address: string): Returned {
  const understood = understand(message);
  if (understood.kind === 'bounce') return failure(understood, address, header);
  if (understood.kind === 'complaint') return { kind: 'complaint' };
  if (understood.kind === 'autoreply') return { kind: 'other', why: 'automatic mail' };
  if (understood.kind === 'delay' || understood.recipients.length > 0) return { kind: 'other', why: 'only news' };
  if (likelyAutomaticReason(header) !== undefined) return { kind: 'other', why: 'automatic mail' };
  // People, and answering machines that do not say so, also write to the Return-Path; they have got the mail.
  if (sender !== '' && sender !== '#@[]') return { kind: 'other', why: 'no bounce' };
  return failure(understood, address, header);
}

// A report on several, or one that knows the member by another address (a forward), is still about this one: VERP is certain.
function failure({ recipients }: Understood, address: string, header: Header): Returned {
  const own =
    recipients.find((one) => one.address.toLowerCase() === address.toLowerCase()) ??
    recipients.find(({ counts }) => counts) ??
    recipients[0];
  const judged = own ?? verdict(address, 'undefined', { diagnostic: valueOf(header, 'subject') ?? '' });
  return judged.counts ? { kind: 'failure', verdict: judged } : { kind: 'other', why: 'only news' };
}
