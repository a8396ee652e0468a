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
  /** How many were made; without it: as many as it takes. */
  readonly connections?: number;
  /** Who got the message, in this order; those who were `delivered` unless told otherwise. */
  readonly taken?: readonly string[];
}

const taken = 'delivered 250 2.0.0 taken';
const pipelining = ['PIPELINING', '8BITMIME', 'SIZE'];
const three = ['ann', 'ben', 'cid'];
const crowd = Array.from({ length: 100 }, (_, at) => `crowd${at}`);

/** Before any transaction: the greeting, EHLO, STARTTLS. */
export const beginnings: readonly Situation[] = [
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
  {
    name: 'STARTTLS that is announced and refused for good goes on without',
    peer: { keywords: ['STARTTLS'], answers: { STARTTLS: '554 5.7.0 not you' } },
    want: { ann: [taken] },
    connections: 1,
  },
  {
    name: 'a break-off at STARTTLS goes on without, over another connection',
    peer: { keywords: ['STARTTLS'], answers: { STARTTLS: { does: 'close' } } },
    want: { ann: [taken] },
    connections: 2,
  },
  {
    name: 'silence after STARTTLS goes on without, over another connection',
    peer: { keywords: ['STARTTLS'], answers: { STARTTLS: '220 go on' } },
    patience: 1_500,
    want: { ann: [taken] },
    connections: 2,
  },
  {
    name: 'what stands behind the reply to STARTTLS is not believed',
    peer: { keywords: ['STARTTLS'], answers: { STARTTLS: '220 go on\r\n250-peer\r\n250 CHUNKING' } },
    patience: 1_500,
    want: { ann: [taken] },
    connections: 2,
  },
  {
    name: 'a host that wants the TLS which it cannot do refuses nobody',
    peer: {
      keywords: ['STARTTLS'],
      answers: { STARTTLS: '454 4.7.0 no TLS today', MAIL: ['530 5.7.0 Must issue a STARTTLS command first'] },
    },
    rounds: 2,
    want: {
      ann: [
        'deferred 454 4.7.5 no TLS (STARTTLS) with a host that demands it: 530 5.7.0 Must issue a STARTTLS command first',
        taken,
      ],
    },
  },
  {
    name: 'a host that wants the TLS which it does not offer refuses nobody',
    peer: { answers: { RCPT: ['550 5.7.10 Encryption needed'] } },
    rounds: 2,
    want: {
      ann: ['deferred 454 4.7.5 no TLS (STARTTLS) with a host that demands it: 550 5.7.10 Encryption needed', taken],
    },
  },
  {
    name: 'a peer that breaks off at EHLO is called again with HELO',
    peer: { answers: { EHLO: { does: 'reset' } } },
    want: { ann: [taken] },
    connections: 2,
  },
  {
    name: 'an EHLO answer without a keyword or a text is an answer',
    peer: { answers: { EHLO: '250' } },
    recipients: three,
    want: { ann: [taken], ben: [taken], cid: [taken] },
    connections: 1,
  },
  {
    name: 'keywords in lower case are keywords',
    peer: { keywords: ['pipelining', 'size 9'] },
    want: { ann: ['failed 552 5.3.4 the message has 57 octets, the host takes 9'] },
    connections: 1,
    taken: [],
  },
  {
    name: 'a SIZE that is no number is none',
    peer: { keywords: ['SIZE lots'] },
    want: { ann: [taken] },
    connections: 1,
  },
  {
    name: 'a web server in place of a mail server is tried again later',
    peer: { answers: { CONNECT: ['HTTP/1.1 400 Bad Request\r\n\r\n'] } },
    rounds: 2,
    want: { ann: ['deferred 451 4.4.2 the peer does not speak SMTP', taken] },
    connections: 2,
  },
  {
    name: 'lines before the greeting that are no reply are no greeting',
    peer: { answers: { CONNECT: ['warning: low disk\r\n220 ready'] } },
    want: { ann: ['deferred 451 4.4.2 the peer does not speak SMTP'] },
    connections: 1,
  },
  {
    name: 'a greeting with 250 is none',
    peer: { answers: { CONNECT: ['250 hello'] } },
    want: { ann: ['deferred 250 hello'] },
    connections: 1,
  },
  {
    name: 'a greeting without end is broken off',
    peer: { answers: { CONNECT: ['220-more\r\n'.repeat(10_000)] } },
    want: { ann: ['deferred 451 4.4.2 the peer does not speak SMTP'] },
    connections: 1,
  },
  {
    name: 'an EHLO answer without end is broken off',
    peer: { answers: { EHLO: ['250-X\r\n'.repeat(10_000)] } },
    want: { ann: ['deferred 451 4.4.2 the peer does not speak SMTP'] },
    connections: 1,
  },
  {
    name: 'two answers to EHLO are one too many',
    peer: { answers: { EHLO: '250-peer\r\n250 HELP\r\n250 really' } },
    want: { ann: ['deferred 451 4.4.2 a reply to nothing: 250 really'] },
    connections: 1,
  },
  {
    name: 'a second greeting is no answer to EHLO',
    peer: { answers: { CONNECT: '220 ready\r\n220 really' } },
    want: { ann: ['deferred 220 really'] },
    connections: 1,
  },
  {
    name: 'one session and no more: everybody gets it over that one',
    peer: { sessionsMost: 1 },
    recipients: crowd,
    want: Object.fromEntries(crowd.map((one) => [one, [taken]])),
  },
  {
    name: 'two sessions and no more: everybody gets it over those two',
    peer: { sessionsMost: 2 },
    recipients: crowd,
    want: Object.fromEntries(crowd.map((one) => [one, [taken]])),
  },
  {
    name: 'a peer that closes without an answer to QUIT has taken what it took',
    peer: { answers: { QUIT: { does: 'reset' } } },
    want: { ann: [taken] },
    connections: 1,
  },
];

const large = `Subject: large\r\n\r\n${`${'x'.repeat(70)}\r\n`.repeat(250_000)}`;

/** A message of 17 MiB, more than lies on the way: a peer that does not read it to its end cannot have taken it. */
export const larges: readonly Situation[] = [[], ['PIPELINING'], ['PIPELINING', 'CHUNKING']].flatMap((keywords) =>
  (['hang', 'reset'] as const).map((does): Situation => ({
    name: `a large message and ${does} at its beginning (${keywords.at(-1) ?? 'lockstep'}): no doubt, it was not taken`,
    peer: { keywords, answers: { BODY: [{ does }] } },
    patience: 1_500,
    text: large,
    want: {
      ann: [`deferred connection lost: ${does === 'hang' ? 'the peer did not answer in time' : 'reset'}`],
    },
    taken: [],
  })),
);

const lmtpTaken = 'delivered 250 2.0.0 taken';

/** LMTP (RFC 2033): one reply for each recipient, and each transaction has one. */
export const lasts: readonly Situation[] = (
  [
    ['RCPT', '550 5.1.1 nobody', 'failed 550 5.1.1 nobody'],
    ['RCPT', '452 4.2.2 over quota', 'deferred 452 4.2.2 over quota'],
    ['MESSAGE', '550 5.2.1 disabled', 'failed 550 5.2.1 disabled'],
    ['MESSAGE', '452 4.2.2 over quota', 'deferred 452 4.2.2 over quota'],
  ] as const
).flatMap(([word, reply, want]) =>
  [[], ['PIPELINING', 'CHUNKING']].map((keywords): Situation => ({
    name: `LMTP (${keywords[0] ?? 'lockstep'}): ${reply} to ${word} of one`,
    isLast: true,
    peer: { keywords, answers: { [`${word} ben`]: [reply] } },
    recipients: three,
    want: { ann: [lmtpTaken], ben: [want], cid: [lmtpTaken] },
    connections: 1,
  })),
);
