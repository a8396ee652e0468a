import {
  type Break,
  close,
  closed,
  deferred,
  five,
  hang,
  lastTaken,
  lost,
  modes,
  patience,
  situationIn,
  slow,
  unsure,
} from './hostile-modes.ts';
import type { Situation } from './hostile-situations.ts';
import { garbage, oddities, strays } from './hostile-strays.ts';

const shutting = '421 4.3.2 closing';

/** The connection ends, or nothing comes any more, where a reply should. */
const breakOffs: readonly Break[] = [
  {
    name: 'a break-off at the first MAIL is a deferral, and nobody else is tried on that session',
    answers: { 'MAIL ann': [close] },
    rounds: 2,
    plain: { ann: lost(closed) },
    chunked: { ann: unsure(closed) },
  },
  {
    name: 'a break-off at RCPT behind a delivery blames nobody',
    answers: { 'RCPT ben': [close] },
    rounds: 2,
    plain: {},
    chunked: { ben: unsure(closed), cid: unsure(closed) },
  },
  {
    name: 'a break-off at the first DATA is a deferral',
    answers: { 'DATA ann': [close] },
    rounds: 2,
    plain: { ann: lost(closed) },
  },
  {
    name: 'a break-off at DATA behind a delivery blames nobody',
    answers: { 'DATA ben': [close] },
    connections: 2,
    plain: {},
  },
  {
    name: 'a break-off in a message whose dot has left us is uncertain, and tried again',
    answers: { 'BODY ben': [close] },
    rounds: 2,
    plain: { ben: unsure(closed) },
    chunked: { ben: unsure(closed), cid: unsure(closed) },
  },
  {
    name: 'a break-off after the dot is uncertain, and tried again',
    end: { ann: [close] },
    rounds: 2,
    plain: { ann: unsure(closed) },
    chunked: { ann: unsure(closed) },
  },
  {
    name: 'a second break-off after the dot is uncertain again',
    answers: { 'MESSAGE ann': [close, close] },
    rounds: 3,
    plain: { ann: [`uncertain ${closed}`, ...unsure(closed)] },
  },
  {
    name: 'silence at MAIL is a deferral',
    answers: { 'MAIL ann': [hang] },
    rounds: 2,
    patience,
    plain: { ann: lost(slow) },
    chunked: { ann: unsure(slow) },
  },
  {
    name: 'silence at DATA is a deferral',
    answers: { 'DATA ann': [hang] },
    rounds: 2,
    patience,
    plain: { ann: lost(slow) },
  },
  {
    name: 'silence after the dot is uncertain',
    end: { ann: [hang] },
    rounds: 2,
    patience,
    plain: { ann: unsure(slow) },
    chunked: { ann: unsure(slow) },
  },
  {
    name: 'a peer that takes one message a session gets one a session',
    end: { '': lastTaken },
    rounds: 2,
    plain: {},
    chunked: { ben: unsure(closed), cid: unsure(closed) },
  },
  {
    name: 'a peer that takes two messages a session gets two a session',
    end: { ben: [lastTaken], dan: [lastTaken] },
    recipients: five,
    rounds: 2,
    plain: {},
    chunked: { cid: unsure(closed), dan: unsure(closed), eve: unsure(closed) },
  },
];

/** RFC 5321 §3.8: it may come at any time. */
const shutDowns: readonly Break[] = [
  ...(['MAIL', 'RCPT', 'BODY'] as const).map((word): Break => ({
    name: `421 and the end at ${word}: that one is deferred, who stood behind gets it later`,
    answers: { [`${word} ben`]: [{ says: shutting, does: 'close' }] },
    rounds: 2,
    plain: { ben: deferred(shutting) },
    chunked: { ben: deferred(shutting) },
  })),
  {
    name: '421 and the end at DATA',
    answers: { 'DATA ben': [{ says: shutting, does: 'close' }] },
    rounds: 2,
    plain: { ben: deferred(shutting) },
  },
  {
    name: '421 and the end after the dot',
    end: { ben: [{ says: shutting, does: 'close' }] },
    rounds: 2,
    plain: { ben: deferred(shutting) },
    chunked: { ben: deferred(shutting) },
  },
  {
    name: '421 without the end',
    answers: { 'RCPT ben': [shutting] },
    rounds: 2,
    plain: { ben: deferred(shutting) },
    chunked: { ben: deferred(shutting) },
    // It went on with what it had already.
    takenChunked: ['ann', 'ben', 'cid', 'cid'],
  },
  {
    name: '421 because of the messages in a session stops nobody else',
    answers: { 'MAIL cid': [{ says: '421 4.7.0 too many messages in this session', does: 'close' }] },
    recipients: five,
    rounds: 2,
    plain: { cid: deferred('421 4.7.0 too many messages in this session') },
    chunked: { cid: deferred('421 4.7.0 too many messages in this session') },
  },
  {
    name: 'a refusal in the middle of a message, and the end',
    answers: { 'BODY ben': [{ says: '552 5.3.4 too much', does: 'close' }] },
    rounds: 2,
    plain: { ben: ['failed 552 5.3.4 too much'] },
    chunked: { ben: ['failed 552 5.3.4 too much'], cid: unsure(closed) },
  },
];

/** Hosts that announce CHUNKING and cannot do it: without it everybody gets the message, and nobody gets two. */
const liars: readonly Break[] = [
  ...[500, 502, 503, 504].map((code): Break => ({
    name: `${code} to BDAT`,
    answers: { BDAT: [`${code} 5.5.1 what?`] },
    connections: 2,
    chunked: {},
  })),
  { name: 'a message read as commands', quirk: 'reads chunks as commands', connections: 2, chunked: {} },
  {
    name: 'a break-off at every BDAT',
    answers: { BDAT: close },
    rounds: 2,
    chunked: { ann: unsure(closed) },
  },
  {
    name: 'silence at every BDAT',
    answers: { BDAT: hang },
    rounds: 2,
    patience,
    chunked: { ann: unsure(slow) },
  },
];

export const breaks: readonly Situation[] = modes.flatMap((mode) =>
  [...breakOffs, ...shutDowns, ...strays, ...garbage, ...oddities, ...liars].flatMap((one) => situationIn(mode, one)),
);
