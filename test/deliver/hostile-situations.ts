import type { PeerScript } from '../helpers/hostile-peer.ts';

/** A peer that behaves in some way, and what becomes of every recipient. */
export interface Situation {
  readonly name: string;
  readonly peer: PeerScript;
  /** Local parts of the post's recipients; `ann` alone unless told otherwise. */
  readonly recipients?: readonly string[];
  /** How often who is due is tried; once unless told otherwise. */
  readonly rounds?: number;
  /** By LMTP. */
  readonly isLast?: true;
  /** Milliseconds that are waited for a reply. */
  readonly patience?: number;
  readonly text?: string;
  /** The attempts for each recipient, `state reply`, the oldest first. */
  readonly want: Readonly<Record<string, readonly string[]>>;
  readonly connections: number;
  /** Who got the message, in this order; those who were `delivered` unless told otherwise. */
  readonly taken?: readonly string[];
}

const taken = 'delivered 250 2.0.0 taken';
const pipelining = ['PIPELINING', '8BITMIME', 'SIZE'];
const three = ['ann', 'ben', 'cid'];

/** Before any transaction: the greeting, EHLO, STARTTLS. */
const beginnings: readonly Situation[] = [
  {
    name: 'a greeting with 421 is tried again later',
    peer: { answers: { CONNECT: ['421 4.3.2 too busy'] } },
    rounds: 2,
    want: { ann: ['deferred 421 4.3.2 too busy', taken] },
    connections: 2,
  },
  {
    name: 'a greeting with 554 says nothing of a recipient',
    peer: { answers: { CONNECT: ['554 5.7.1 go away'] } },
    rounds: 2,
    want: { ann: ['deferred 554 5.7.1 go away', taken] },
    connections: 2,
  },
  {
    name: 'a greeting of several lines is one greeting',
    peer: { answers: { CONNECT: '220-peer\r\n220-no spam here\r\n220 ready' } },
    want: { ann: [taken] },
    connections: 1,
  },
  {
    name: 'replies octet by octet are replies',
    peer: { keywords: pipelining, quirk: 'octet by octet' },
    recipients: three,
    want: { ann: [taken], ben: [taken], cid: [taken] },
    connections: 1,
  },
  {
    name: 'a peer that never greets is left after a while',
    peer: { answers: { CONNECT: [{ does: 'nothing' }] } },
    patience: 300,
    want: { ann: ['deferred 451 4.4.2 the peer did not answer in time'] },
    connections: 1,
  },
  {
    name: 'a peer that closes instead of a greeting defers everybody, with one connection',
    peer: { answers: { CONNECT: { does: 'close' } } },
    recipients: three,
    want: {
      ann: ['deferred 451 4.4.2 the peer closed the connection'],
      ben: ['deferred 451 4.4.2 the peer closed the connection'],
      cid: ['deferred 451 4.4.2 the peer closed the connection'],
    },
    connections: 1,
  },
  {
    name: 'EHLO with 500 is followed by HELO',
    peer: { answers: { EHLO: '500 5.5.1 what?' } },
    want: { ann: [taken] },
    connections: 1,
  },
  {
    name: 'EHLO with 421 is tried again later',
    peer: { answers: { EHLO: ['421 4.3.2 closing'] } },
    want: { ann: ['deferred 421 4.3.2 closing'] },
    connections: 1,
  },
  {
    name: 'EHLO and HELO that are refused for good say nothing of a recipient',
    peer: { answers: { EHLO: '550 5.7.1 bad name', HELO: '550 5.7.1 bad name' } },
    want: { ann: ['deferred 550 5.7.1 bad name'] },
    connections: 1,
  },
  {
    name: 'STARTTLS that is announced and refused for now goes on without',
    peer: { keywords: ['STARTTLS'], answers: { STARTTLS: '454 4.7.0 no TLS today' } },
    want: { ann: [taken] },
    connections: 1,
  },
  {
    name: 'STARTTLS followed by no TLS goes on without, over another connection',
    peer: { keywords: ['STARTTLS'], answers: { STARTTLS: '220 go on\r\nnonsense that is no TLS\r\n' } },
    want: { ann: [taken] },
    connections: 2,
  },
];

/** Refusals of a command, in lockstep. */
const refusals: readonly Situation[] = [
  {
    name: 'greylisting is deferred, and passes',
    peer: { answers: { RCPT: ['450 4.7.1 greylisted, come back in 5 minutes'] } },
    rounds: 2,
    want: { ann: ['deferred 450 4.7.1 greylisted, come back in 5 minutes', taken] },
    connections: 2,
  },
  {
    name: 'a 4xx with an enhanced code of class 5 is tried again',
    peer: { answers: { RCPT: ['450 5.1.1 no such user'] } },
    rounds: 2,
    want: { ann: ['deferred 450 5.1.1 no such user', taken] },
    connections: 2,
  },
  {
    name: 'a 5xx with an enhanced code of class 4 is not',
    peer: { answers: { RCPT: ['550 4.2.1 mailbox disabled'] } },
    want: { ann: ['failed 550 4.2.1 mailbox disabled'] },
    connections: 1,
  },
];

/** Between the message and the reply to it. */
const losses: readonly Situation[] = [
  {
    name: 'a connection that breaks off in a small message is uncertain: all of it had left',
    peer: { answers: { BODY: [{ does: 'reset' }] } },
    rounds: 2,
    want: { ann: ['uncertain read ECONNRESET', taken] },
    connections: 2,
  },
  {
    name: 'a connection that ends after the dot is uncertain, and tried again: it may come twice',
    peer: { answers: { MESSAGE: [{ does: 'close' }] } },
    rounds: 2,
    want: { ann: ['uncertain the peer closed the connection', taken] },
    connections: 2,
  },
];

export const situations: readonly (Situation & { readonly mode: string })[] = [
  ...[beginnings, refusals, losses].flat().map((one) => ({ ...one, mode: '' })),
];
