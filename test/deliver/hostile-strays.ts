import { type Break, deferred, lost, noSmtp, patience, recipients, slow, unsure } from './hostile-modes.ts';

const stray = (asked: string, reply: string): string => `${asked} was answered with ${reply}`;

/** Replies too many, too early, or of the wrong kind: what comes next may be meant for something else, so the session ends. */
export const strays: readonly Break[] = [
  ...['250 2.0.0 ok', '250 2.0.0 ok\r\n354 go on', '334 VXNlcm5hbWU6'].map((reply): Break => ({
    name: `${JSON.stringify(reply)} to DATA refuses nobody and takes nothing`,
    answers: { 'DATA ben': [reply] },
    rounds: 2,
    plain: { ben: lost(stray('DATA', reply.split('\r')[0]!)) },
  })),
  {
    name: '"taken" before the message was sent',
    answers: { 'DATA ben': ['354 go on\r\n250 2.0.0 taken'] },
    rounds: 2,
    plain: { ben: lost('a reply before its command: 250 2.0.0 taken') },
  },
  {
    name: '354 after the dot',
    end: { ben: ['354 more'] },
    rounds: 2,
    plain: { ben: unsure(stray('the message', '354 more')) },
    chunked: { ben: unsure(stray('the message', '354 more')), cid: unsure(stray('the message', '354 more')) },
    takenChunked: ['ann', 'ben', 'cid', 'cid'],
  },
  {
    name: '354 to RCPT',
    answers: { 'RCPT ben': ['354 go on'] },
    rounds: 2,
    plain: { ben: lost(stray('RCPT', '354 go on')) },
    chunked: { ben: unsure(stray('RCPT', '354 go on')), cid: unsure(stray('RCPT', '354 go on')) },
    takenChunked: ['ann', 'ben', 'cid', 'cid'],
  },
  {
    name: '354 after a refused MAIL: the empty message would go to somebody else',
    answers: { 'MAIL ben': ['550 5.1.8 no such sender'], 'DATA ben': ['354 go on'] },
    rounds: 2,
    plain: { ben: ['failed 550 5.1.8 no such sender'] },
    pipelined: { ben: lost(stray('DATA after a refused MAIL', '354 go on')) },
    chunked: { ben: ['failed 550 5.1.8 no such sender'] },
  },
  {
    name: '354 after a refused RCPT gets an empty message, which nobody has',
    answers: { 'RCPT ben': ['550 5.1.1 nobody'], 'DATA ben': ['354 go on'] },
    connections: 1,
    plain: { ben: ['failed 550 5.1.1 nobody'] },
    chunked: { ben: ['failed 550 5.1.1 nobody'] },
  },
  ...['250 2.0.0 again', '550 5.1.1 nobody'].map((reply): Break => ({
    name: `${JSON.stringify(reply)} to nothing, behind "taken"`,
    end: { ann: [`250 2.0.0 taken\r\n${reply}`] },
    rounds: 2,
    plain: {},
    // It stands where the reply to the next MAIL should.
    pipelined: { ben: lost(stray('DATA', '250 2.1.5 ok')) },
    chunked: {},
  })),
  ...['MAIL', 'RCPT'].map((word): Break => ({
    name: `two replies to ${word}`,
    answers: { [`${word} ben`]: ['250 2.1.5 ok\r\n250 2.1.5 ok'] },
    rounds: 2,
    plain: {},
    pipelined: { ben: lost(stray('DATA', '250 2.1.5 ok')) },
    // Nothing tells these apart: each is taken for the next one.
    chunked: { ben: ['delivered 250 2.1.5 ok'], cid: ['delivered 250 2.1.5 ok'] },
  })),
  {
    name: 'RSET that is refused ends the session',
    answers: { 'RCPT ann': ['550 5.1.1 nobody'], RSET: '500 5.5.1 what?' },
    rounds: 2,
    plain: { ann: ['failed 550 5.1.1 nobody'] },
    chunked: { ann: ['failed 550 5.1.1 nobody'], ben: unsure(stray('RSET', '500 5.5.1 what?')) },
    takenChunked: ['ben', 'ben', 'cid'],
  },
  {
    name: 'a peer that never resets gets one message a session',
    quirk: 'never resets',
    rounds: 2,
    plain: {},
    chunked: {
      ben: unsure(stray('BDAT after a refused MAIL', '250 2.0.0 taken')),
      cid: unsure(stray('BDAT after a refused MAIL', '250 2.0.0 taken')),
    },
    takenChunked: ['ann', 'ben', 'ben', 'cid', 'cid'],
  },
];

/** What is no SMTP: the session ends, and nobody is refused for it. */
export const garbage: readonly Break[] = [
  ...[
    'nobody of that name',
    '650 5.1.1 nobody',
    '150 wait',
    '55O 5.1.1 nobody',
    '250-2.1.5 ok\r\n550 5.1.1 nobody',
    `550 5.1.1 ${'x'.repeat(5_000)}`,
    '250-more\r\n'.repeat(200),
  ].map((reply): Break => ({
    name: `${JSON.stringify(reply).slice(0, 40)} to RCPT is no reply`,
    answers: { 'RCPT ben': [reply] },
    rounds: 2,
    plain: {},
    chunked: { ben: unsure(noSmtp), cid: unsure(noSmtp) },
    // It went on with what it had already.
    takenChunked: reply.startsWith('2') ? ['ann', 'ben', 'ben', 'cid', 'cid'] : ['ann', 'ben', 'cid', 'cid'],
  })),
  {
    name: '"OK thanks" after the dot is no reply',
    end: { ben: ['OK thanks'] },
    rounds: 2,
    plain: { ben: unsure(noSmtp) },
    chunked: { ben: unsure(noSmtp), cid: unsure(noSmtp) },
    takenChunked: ['ann', 'ben', 'cid', 'cid'],
  },
];

/** Hosts that are only odd: everybody gets it, or soon. */
export const oddities: readonly Break[] = [
  { name: 'replies octet by octet', quirk: 'octet by octet', connections: 1, plain: {}, chunked: {} },
  { name: 'all replies in one write', quirk: 'one write', connections: 1, plain: {}, chunked: {} },
  {
    name: 'a peer that forgets what came behind a command answers no more',
    quirk: 'forgets input',
    recipients: ['ann'],
    rounds: 2,
    patience,
    plain: {},
    pipelined: { ann: [`deferred connection lost: ${slow}`, `deferred connection lost: ${slow}`] },
  },
  {
    name: 'greylisting of everybody lasts one round',
    answers: Object.fromEntries(recipients.map((one) => [`RCPT ${one}`, ['450 4.2.0 greylisted']])),
    rounds: 2,
    plain: Object.fromEntries(recipients.map((one) => [one, deferred('450 4.2.0 greylisted')])),
    chunked: Object.fromEntries(recipients.map((one) => [one, deferred('450 4.2.0 greylisted')])),
  },
  {
    name: 'greylisting at the end of the message, too',
    end: { ben: ['451 4.7.1 greylisted', '451 4.7.1 greylisted'] },
    rounds: 3,
    plain: { ben: ['deferred 451 4.7.1 greylisted', ...deferred('451 4.7.1 greylisted')] },
    chunked: { ben: ['deferred 451 4.7.1 greylisted', ...deferred('451 4.7.1 greylisted')] },
  },
  {
    name: 'greylisted, and then unknown',
    answers: { 'RCPT ben': ['450 4.2.0 greylisted', '550 5.1.1 nobody'] },
    rounds: 2,
    plain: { ben: ['deferred 450 4.2.0 greylisted', 'failed 550 5.1.1 nobody'] },
    chunked: { ben: ['deferred 450 4.2.0 greylisted', 'failed 550 5.1.1 nobody'] },
  },
];
