import assert from 'node:assert/strict';
import { scryptSync } from 'node:crypto';
import test from 'node:test';
import { userSettingRows } from '../../src/domain/users.ts';
import { withInitial } from '../../src/lib/settings.ts';
import { success } from '../../src/mail/failure.ts';
import type { Listen } from '../../src/receive/receiver.ts';
import { type Credentials, Submission } from '../../src/receive/submission.ts';
import { opensslIsAbsent, selfSigned } from '../helpers/certificate.ts';
import { greeted, type Session } from '../helpers/session.ts';
import { domain, startStation, stationSettings } from '../helpers/station.ts';

const ann = 'ann@example.org';
const base64 = (text: string): string => Buffer.from(text).toString('base64');
const login = (user: string, password: string): string => `AUTH PLAIN ${base64(`\0${user}\0${password}`)}`;
const right = login(ann, 'correct horse');
const wrong = login(ann, 'wrong horse');
const asBob = `AUTH PLAIN ${base64(`bob\0${ann}\0correct horse`)}`;
const mail = `MAIL FROM:<${ann}>`;
const rcpt = `RCPT TO:<news@${domain}>`;
const nobody = `RCPT TO:<no@${domain}>`;
const text = `From: ${ann}\r\n\r\nx`;
const letter = `${text}\r\n.`;
/** A chunk of this text and the line end that follows whatever is said. */
const bdat = (chunk: string, last = ''): string => `BDAT ${chunk.length + 2}${last}\r\n${chunk}`;
const chunk = bdat('Subject: a');
const lastChunk = bdat(text, ' LAST');

/** Every reply that stands in the tables, whole, under the name it has there: its code, and a letter where one code says several things. */
const replies: Readonly<Record<string, string>> = {
  '214': '214 2.0.0 See https://tools.ietf.org/html/rfc5321 for details',
  '220': '220 2.0.0 Ready to start TLS',
  '220x': `220 ${domain} ESMTP ezlm`,
  '221': '221 2.0.0 Bye',
  '235': '235 2.7.0 Authentication successful',
  '250': '250 2.0.0 OK',
  '250f': '250 2.0.0 Flushed',
  '250m': '250 2.1.0 Accepted',
  '250r': '250 2.1.5 Accepted',
  '250c': '250 2.0.0 12 octets',
  '250d': '250 2.0.0 5 octets',
  '250z': '250 2.0.0 0 octets',
  '250o': '250 2.0.0 ok',
  '250h': `250 ${domain} Nice to meet you, [127.0.0.1]`,
  '252': '252 2.1.5 Try to send something. No promises though',
  '334': '334',
  '334u': `334 ${base64('Username:')}`,
  '334p': `334 ${base64('Password:')}`,
  '354': '354 End data with <CR><LF>.<CR><LF>',
  '421': '421 4.3.2 HTTP requests not allowed',
  '452': '452 4.5.3 named twice',
  '500': '500 5.5.2 Error: command not recognized',
  '500e': '500 5.5.2 Error: EHLO not allowed in LMTP server',
  '500h': '500 5.5.2 Error: HELO not allowed in LMTP server',
  '501a': '501 5.5.4 Error: Bad sender address syntax',
  '501b': '501 5.5.2 that is not base64',
  '501c': '501 5.5.4 Authentication aborted',
  '501d': '501 5.5.4 syntax: BDAT octets [LAST]',
  '501e': '501 5.5.4 Error: syntax: EHLO hostname',
  '501l': '501 5.5.4 Error: syntax: LHLO hostname',
  '501p': '501 5.5.4 this command has no parameter',
  '501s': '501 5.5.4 Error: syntax: STARTTLS',
  '501u': '501 5.5.4 Error: invalid userdata',
  '501v': '501 5.5.4 Error: Syntax: VRFY address',
  '501w': '501 5.5.4 Error: missing username',
  '501x': '501 5.5.4 Error: Bad command parameter syntax',
  '501y': '501 5.5.4 Error: Bad command parameter syntax. Invalid address',
  '503a': '503 5.5.1 a login has its place before MAIL',
  '503b': '503 5.5.1 BDAT has its place behind RCPT',
  '503c': '503 5.5.1 RCPT among chunks of BDAT',
  '503d': '503 5.5.1 DATA among chunks of BDAT',
  '503g': '503 5.5.1 Error: send HELO/EHLO first',
  '503l': '503 5.5.1 Error: send LHLO first',
  '503i': '503 5.5.1 Error: No identity changes permitted',
  '503m': '503 5.5.1 Error: need MAIL command',
  '503n': '503 5.5.1 Error: nested MAIL command',
  '503r': '503 5.5.1 Error: need RCPT command',
  '503t': '503 5.5.1 Error: TLS already active',
  '503x': '503 5.5.1 Error: Mail transaction in progress',
  '504': '504 5.5.4 Error: Unrecognized authentication type',
  '530': '530 5.7.0 log in first',
  '530s': '530 5.7.0 begin with STARTTLS and log in',
  '535': '535 5.7.8 wrong name or password',
  '535b': '535 5.7.8 nobody acts for another user here',
  '550': '550 5.1.1 there is no such address here',
  '550f': '550 5.6.0 a message that is handed in has one From with one address',
  '550n': '550 5.6.0 the message has a NUL',
  '550x': '550 5.7.0 Error: Not allowed',
  '555': '555 5.5.4 a parameter that is not offered',
  '250S': announced(['STARTTLS']),
  '250T': announced([]),
  '250A': announced(['AUTH LOGIN PLAIN']),
  '250X': announced(['STARTTLS'], ['XCLIENT NAME ADDR PORT PROTO HELO LOGIN']),
  '250Y': announced([], ['XCLIENT NAME ADDR PORT PROTO HELO LOGIN']),
}; // prettier-ignore
const nameOf = new Map(Object.entries(replies).map(([name, reply]) => [reply, name]));

function announced(security: readonly string[], front: readonly string[] = []): string {
  const words = [
    'PIPELINING',
    '8BITMIME',
    'SMTPUTF8',
    'ENHANCEDSTATUSCODES',
    ...security,
    'SIZE 65536',
    ...front,
    'CHUNKING',
  ];
  const lines = [`${domain} Nice to meet you, [127.0.0.1]`, ...words];
  return lines.map((line, at) => `250${at < lines.length - 1 ? '-' : ' '}${line}`).join('\n');
}

/** A door, and what is said to it in which state. */
interface Door {
  readonly what: string;
  readonly protocol: Listen['protocol'];
  readonly states: Readonly<Record<string, Way>>;
  readonly rows: Readonly<Record<string, string>>;
  /** Who may use XCLIENT. */
  readonly xclientFrom?: readonly string[];
}

/** How a session comes into a state. */
type Way = (session: Session) => Promise<unknown>;

/** The states of a door where nobody logs in, after this greeting. */
function ways(hello: string): Readonly<Record<string, Way>> {
  const secured: Way = async (session) => {
    await session.codes(hello, mail, rcpt, 'STARTTLS');
    await session.secure();
  };
  return {
    'connected': async () => undefined,
    'greeted': (session) => session.codes(hello),
    'MAIL': (session) => session.codes(hello, mail),
    'RCPT': (session) => session.codes(hello, mail, rcpt),
    'RCPT refused': (session) => session.codes(hello, mail, nobody),
    'message': (session) => session.codes(hello, mail, rcpt, 'DATA', letter),
    'message refused': (session) => session.codes(hello, mail, rcpt, 'DATA', 'a\0b\r\n.'),
    'chunk': (session) => session.codes(hello, mail, rcpt, chunk),
    'chunks': (session) => session.codes(hello, mail, rcpt, chunk, lastChunk),
    'chunk refused': (session) => session.codes(hello, mail, chunk),
    'TLS': secured,
    'greeted in TLS': async (session) => {
      await secured(session);
      await session.codes(hello);
    },
  }; // prettier-ignore
}

/** The same for a front end, and when it has named its client. */
function frontWays(): Readonly<Record<string, Way>> {
  const named: Way = (session) => session.codes('EHLO c', 'XCLIENT ADDR=192.0.2.1');
  return {
    ...ways('EHLO c'),
    'named': named,
    'greeted again': async (session) => {
      await named(session);
      await session.codes('EHLO c');
    },
  }; // prettier-ignore
}

/** The states of a door where users log in, and in the middle of doing so. */
function loginWays(): Readonly<Record<string, Way>> {
  const secured = (...lines: readonly string[]): Way => async (session) => {
    await session.codes('EHLO c', 'STARTTLS');
    await session.secure();
    await session.codes(...lines);
  }; // prettier-ignore
  const begun = ['EHLO c', right, mail];
  return {
    'connected': async () => undefined,
    'greeted': (session) => session.codes('EHLO c'),
    'TLS': secured(),
    'greeted in TLS': secured('EHLO c'),
    'AUTH wrong': secured('EHLO c', wrong),
    'AUTH': secured('EHLO c', right),
    'MAIL': secured(...begun),
    'RCPT': secured(...begun, rcpt),
    'RCPT refused': secured(...begun, nobody),
    'message': secured(...begun, rcpt, 'DATA', letter),
    'message refused': secured(...begun, rcpt, 'DATA', 'a\0b\r\n.'),
    'chunk': secured(...begun, rcpt, chunk),
    'chunks': secured(...begun, rcpt, chunk, lastChunk),
    'name asked': secured('EHLO c', 'AUTH LOGIN'),
    'password asked': secured('EHLO c', `AUTH LOGIN ${base64(ann)}`),
    'token asked': secured('EHLO c', 'AUTH PLAIN'),
  }; // prettier-ignore
}

// Of each command: in each state the reply (by its name above), and what the command leaves: no transaction (n), one with its sender (m), one
// with recipients (r), one whose message has begun to come in chunks (c), the end of the session (-). Behind 220, 334 and 354 nothing is asked.
const doors: readonly Door[] = [
  {
    what: 'SMTP',
    protocol: 'smtp',
    states: ways('EHLO c'),
    rows: {
      'EHLO c':                  '250S/n  250S/n  250S/n  250S/n  250S/n  250S/n  250S/n  250S/n  250S/n  250S/n  250T/n  250T/n',
      'HELO c':                  '250h/n  250h/n  250h/n  250h/n  250h/n  250h/n  250h/n  250h/n  250h/n  250h/n  250h/n  250h/n',
      'LHLO c':                  '500/n   500/n   500/m   500/r   500/m   500/n   500/n   500/c   500/n   500/n   500/n   500/n',
      'EHLO':                    '501e/n  501e/n  501e/m  501e/r  501e/m  501e/n  501e/n  501e/c  501e/n  501e/n  501e/n  501e/n',
      [mail]:                    '503g/n  250m/m  503n/m  503n/r  503n/m  250m/m  250m/m  503n/c  250m/m  250m/m  503g/n  250m/m',
      [`${mail} FOO=1`]:         '503g/n  555/n   503n/m  503n/r  503n/m  555/n   555/n   503n/c  555/n   555/n   503g/n  555/n',
      'MAIL FROM:a@x.example':   '503g/n  501a/n  501a/m  501a/r  501a/m  501a/n  501a/n  501a/c  501a/n  501a/n  503g/n  501a/n',
      [rcpt]:                    '503g/n  503m/n  250r/r  250r/r  250r/r  503m/n  503m/n  503c/c  503m/n  503m/n  503g/n  503m/n',
      [nobody]:                  '503g/n  503m/n  550/m   550/r   550/m   503m/n  503m/n  503c/c  503m/n  503m/n  503g/n  503m/n',
      'DATA':                    '503g/n  503r/n  503r/m  354/    503r/m  503r/n  503r/n  503d/n  503r/n  503r/n  503g/n  503r/n',
      'DATA now':                '501p/n  501p/n  501p/m  501p/r  501p/m  501p/n  501p/n  501p/c  501p/n  501p/n  501p/n  501p/n',
      [chunk]:                   '503b/n  503b/n  503b/n  250c/c  503b/n  503b/n  503b/n  250c/c  503b/n  503b/n  503b/n  503b/n',
      [lastChunk]:               '503b/n  503b/n  503b/n  250o/n  503b/n  503b/n  503b/n  250o/n  503b/n  503b/n  503b/n  503b/n',
      'BDAT 0':                  '503b/n  503b/n  503b/n  250z/c  503b/n  503b/n  503b/n  250z/c  503b/n  503b/n  503b/n  503b/n',
      'BDAT 0 LAST':             '503b/n  503b/n  503b/n  250o/n  503b/n  503b/n  503b/n  250o/n  503b/n  503b/n  503b/n  503b/n',
      [bdat('a\0b')]:            '503b/n  503b/n  503b/n  250d/c  503b/n  503b/n  503b/n  250d/c  503b/n  503b/n  503b/n  503b/n',
      [bdat('a\0b', ' LAST')]:   '503b/n  503b/n  503b/n  550n/n  503b/n  503b/n  503b/n  550n/n  503b/n  503b/n  503b/n  503b/n',
      'BDAT':                    '501d/-  501d/-  501d/-  501d/-  501d/-  501d/-  501d/-  501d/-  501d/-  501d/-  501d/-  501d/-',
      'BDAT -1':                 '501d/-  501d/-  501d/-  501d/-  501d/-  501d/-  501d/-  501d/-  501d/-  501d/-  501d/-  501d/-',
      'BDAT 1x LAST':            '501d/-  501d/-  501d/-  501d/-  501d/-  501d/-  501d/-  501d/-  501d/-  501d/-  501d/-  501d/-',
      'BDAT 5 FIRST':            '501d/-  501d/-  501d/-  501d/-  501d/-  501d/-  501d/-  501d/-  501d/-  501d/-  501d/-  501d/-',
      'BDAT 9007199254740992':   '501d/-  501d/-  501d/-  501d/-  501d/-  501d/-  501d/-  501d/-  501d/-  501d/-  501d/-  501d/-',
      'RSET':                    '250f/n  250f/n  250f/n  250f/n  250f/n  250f/n  250f/n  250f/n  250f/n  250f/n  250f/n  250f/n',
      'RSET now':                '501p/n  501p/n  501p/m  501p/r  501p/m  501p/n  501p/n  501p/c  501p/n  501p/n  501p/n  501p/n',
      'NOOP':                    '250/n   250/n   250/m   250/r   250/m   250/n   250/n   250/c   250/n   250/n   250/n   250/n',
      'VRFY ann':                '252/n   252/n   252/m   252/r   252/m   252/n   252/n   252/c   252/n   252/n   252/n   252/n',
      'VRFY':                    '501v/n  501v/n  501v/m  501v/r  501v/m  501v/n  501v/n  501v/c  501v/n  501v/n  501v/n  501v/n',
      'EXPN news':               '500/n   500/n   500/m   500/r   500/m   500/n   500/n   500/c   500/n   500/n   500/n   500/n',
      'HELP':                    '214/n   214/n   214/m   214/r   214/m   214/n   214/n   214/c   214/n   214/n   214/n   214/n',
      'QUIT':                    '221/-   221/-   221/-   221/-   221/-   221/-   221/-   221/-   221/-   221/-   221/-   221/-',
      'QUIT now':                '501p/n  501p/n  501p/m  501p/r  501p/m  501p/n  501p/n  501p/c  501p/n  501p/n  501p/n  501p/n',
      'STARTTLS':                '220/    220/    220/    220/    220/    220/    220/    220/    220/    220/    503t/n  503t/n',
      'STARTTLS now':            '501s/n  501s/n  501s/m  501s/r  501s/m  501s/n  501s/n  501s/c  501s/n  501s/n  501s/n  501s/n',
      [right]:                   '500/n   500/n   500/m   500/r   500/m   500/n   500/n   500/c   500/n   500/n   500/n   500/n',
      'XCLIENT ADDR=192.0.2.1':  '550x/n  550x/n  550x/m  550x/r  550x/m  550x/n  550x/n  550x/c  550x/n  550x/n  550x/n  550x/n',
      'XFORWARD ADDR=192.0.2.1': '550x/n  550x/n  550x/m  550x/r  550x/m  550x/n  550x/n  550x/c  550x/n  550x/n  550x/n  550x/n',
      'FOO':                     '500/n   500/n   500/m   500/r   500/m   500/n   500/n   500/c   500/n   500/n   500/n   500/n',
      '':                        '500/n   500/n   500/m   500/r   500/m   500/n   500/n   500/c   500/n   500/n   500/n   500/n',
      'GET / HTTP/1.1':          '421/-   421/-   421/-   421/-   421/-   421/-   421/-   421/-   421/-   421/-   421/-   421/-',
    },
  },
  {
    what: 'LMTP',
    protocol: 'lmtp',
    states: ways('LHLO c'),
    rows: {
      'EHLO c':                  '500e/n  500e/n  500e/m  500e/r  500e/m  500e/n  500e/n  500e/c  500e/n  500e/n  500e/n  500e/n',
      'HELO c':                  '500h/n  500h/n  500h/m  500h/r  500h/m  500h/n  500h/n  500h/c  500h/n  500h/n  500h/n  500h/n',
      'LHLO c':                  '250S/n  250S/n  250S/n  250S/n  250S/n  250S/n  250S/n  250S/n  250S/n  250S/n  250T/n  250T/n',
      'LHLO':                    '501l/n  501l/n  501l/m  501l/r  501l/m  501l/n  501l/n  501l/c  501l/n  501l/n  501l/n  501l/n',
      [mail]:                    '503l/n  250m/m  503n/m  503n/r  503n/m  250m/m  250m/m  503n/c  250m/m  250m/m  503l/n  250m/m',
      [`${mail} FOO=1`]:         '503l/n  555/n   503n/m  503n/r  503n/m  555/n   555/n   503n/c  555/n   555/n   503l/n  555/n',
      'MAIL FROM:a@x.example':   '503l/n  501a/n  501a/m  501a/r  501a/m  501a/n  501a/n  501a/c  501a/n  501a/n  503l/n  501a/n',
      [rcpt]:                    '503l/n  503m/n  250r/r  452/r   250r/r  503m/n  503m/n  503c/c  503m/n  503m/n  503l/n  503m/n',
      [nobody]:                  '503l/n  503m/n  550/m   550/r   550/m   503m/n  503m/n  503c/c  503m/n  503m/n  503l/n  503m/n',
      'DATA':                    '503l/n  503r/n  503r/m  354/    503r/m  503r/n  503r/n  503d/n  503r/n  503r/n  503l/n  503r/n',
      'DATA now':                '501p/n  501p/n  501p/m  501p/r  501p/m  501p/n  501p/n  501p/c  501p/n  501p/n  501p/n  501p/n',
      [chunk]:                   '503b/n  503b/n  503b/n  250c/c  503b/n  503b/n  503b/n  250c/c  503b/n  503b/n  503b/n  503b/n',
      [lastChunk]:               '503b/n  503b/n  503b/n  250o/n  503b/n  503b/n  503b/n  250o/n  503b/n  503b/n  503b/n  503b/n',
      'BDAT 0':                  '503b/n  503b/n  503b/n  250z/c  503b/n  503b/n  503b/n  250z/c  503b/n  503b/n  503b/n  503b/n',
      'BDAT 0 LAST':             '503b/n  503b/n  503b/n  250o/n  503b/n  503b/n  503b/n  250o/n  503b/n  503b/n  503b/n  503b/n',
      [bdat('a\0b')]:            '503b/n  503b/n  503b/n  250d/c  503b/n  503b/n  503b/n  250d/c  503b/n  503b/n  503b/n  503b/n',
      [bdat('a\0b', ' LAST')]:   '503b/n  503b/n  503b/n  550n/n  503b/n  503b/n  503b/n  550n/n  503b/n  503b/n  503b/n  503b/n',
      'BDAT':                    '501d/-  501d/-  501d/-  501d/-  501d/-  501d/-  501d/-  501d/-  501d/-  501d/-  501d/-  501d/-',
      'BDAT -1':                 '501d/-  501d/-  501d/-  501d/-  501d/-  501d/-  501d/-  501d/-  501d/-  501d/-  501d/-  501d/-',
      'BDAT 1x LAST':            '501d/-  501d/-  501d/-  501d/-  501d/-  501d/-  501d/-  501d/-  501d/-  501d/-  501d/-  501d/-',
      'BDAT 5 FIRST':            '501d/-  501d/-  501d/-  501d/-  501d/-  501d/-  501d/-  501d/-  501d/-  501d/-  501d/-  501d/-',
      'BDAT 9007199254740992':   '501d/-  501d/-  501d/-  501d/-  501d/-  501d/-  501d/-  501d/-  501d/-  501d/-  501d/-  501d/-',
      'RSET':                    '250f/n  250f/n  250f/n  250f/n  250f/n  250f/n  250f/n  250f/n  250f/n  250f/n  250f/n  250f/n',
      'RSET now':                '501p/n  501p/n  501p/m  501p/r  501p/m  501p/n  501p/n  501p/c  501p/n  501p/n  501p/n  501p/n',
      'NOOP':                    '250/n   250/n   250/m   250/r   250/m   250/n   250/n   250/c   250/n   250/n   250/n   250/n',
      'VRFY ann':                '252/n   252/n   252/m   252/r   252/m   252/n   252/n   252/c   252/n   252/n   252/n   252/n',
      'VRFY':                    '501v/n  501v/n  501v/m  501v/r  501v/m  501v/n  501v/n  501v/c  501v/n  501v/n  501v/n  501v/n',
      'EXPN news':               '500/n   500/n   500/m   500/r   500/m   500/n   500/n   500/c   500/n   500/n   500/n   500/n',
      'HELP':                    '214/n   214/n   214/m   214/r   214/m   214/n   214/n   214/c   214/n   214/n   214/n   214/n',
      'QUIT':                    '221/-   221/-   221/-   221/-   221/-   221/-   221/-   221/-   221/-   221/-   221/-   221/-',
      'QUIT now':                '501p/n  501p/n  501p/m  501p/r  501p/m  501p/n  501p/n  501p/c  501p/n  501p/n  501p/n  501p/n',
      'STARTTLS':                '220/    220/    220/    220/    220/    220/    220/    220/    220/    220/    503t/n  503t/n',
      'STARTTLS now':            '501s/n  501s/n  501s/m  501s/r  501s/m  501s/n  501s/n  501s/c  501s/n  501s/n  501s/n  501s/n',
      [right]:                   '500/n   500/n   500/m   500/r   500/m   500/n   500/n   500/c   500/n   500/n   500/n   500/n',
      'XCLIENT ADDR=192.0.2.1':  '550x/n  550x/n  550x/m  550x/r  550x/m  550x/n  550x/n  550x/c  550x/n  550x/n  550x/n  550x/n',
      'XFORWARD ADDR=192.0.2.1': '550x/n  550x/n  550x/m  550x/r  550x/m  550x/n  550x/n  550x/c  550x/n  550x/n  550x/n  550x/n',
      'FOO':                     '500/n   500/n   500/m   500/r   500/m   500/n   500/n   500/c   500/n   500/n   500/n   500/n',
      '':                        '500/n   500/n   500/m   500/r   500/m   500/n   500/n   500/c   500/n   500/n   500/n   500/n',
      'GET / HTTP/1.1':          '421/-   421/-   421/-   421/-   421/-   421/-   421/-   421/-   421/-   421/-   421/-   421/-',
    },
  },
  {
    what: 'submission',
    protocol: 'submission',
    states: loginWays(),
    rows: {
      'EHLO c':                  '250S/n  250S/n  250A/n  250A/n  250A/n  250T/n  250T/n  250T/n  250T/n  250T/n  250T/n  250T/n  250T/n  501b/n  501b/n  501b/n',
      'HELO c':                  '250h/n  250h/n  250h/n  250h/n  250h/n  250h/n  250h/n  250h/n  250h/n  250h/n  250h/n  250h/n  250h/n  501b/n  501b/n  501b/n',
      'LHLO c':                  '500/n   500/n   500/n   500/n   500/n   500/n   500/m   500/r   500/m   500/n   500/n   500/c   500/n   501b/n  501b/n  501b/n',
      'EHLO':                    '501e/n  501e/n  501e/n  501e/n  501e/n  501e/n  501e/m  501e/r  501e/m  501e/n  501e/n  501e/c  501e/n  501u/n  535/n   501u/n',
      [mail]:                    '503g/n  530s/n  503g/n  530/n   530/n   250m/m  503n/m  503n/r  503n/m  250m/m  250m/m  503n/c  250m/m  501b/n  501b/n  501b/n',
      [`${mail} FOO=1`]:         '503g/n  530s/n  503g/n  530/n   530/n   555/n   503n/m  503n/r  503n/m  555/n   555/n   503n/c  555/n   501b/n  501b/n  501b/n',
      'MAIL FROM:a@x.example':   '503g/n  501a/n  503g/n  501a/n  501a/n  501a/n  501a/m  501a/r  501a/m  501a/n  501a/n  501a/c  501a/n  501b/n  501b/n  501b/n',
      [rcpt]:                    '503g/n  503m/n  503g/n  503m/n  503m/n  503m/n  250r/r  250r/r  250r/r  503m/n  503m/n  503c/c  503m/n  501b/n  501b/n  501b/n',
      [nobody]:                  '503g/n  503m/n  503g/n  503m/n  503m/n  503m/n  550/m   550/r   550/m   503m/n  503m/n  503c/c  503m/n  501b/n  501b/n  501b/n',
      'DATA':                    '503g/n  503r/n  503g/n  503r/n  503r/n  503r/n  503r/m  354/    503r/m  503r/n  503r/n  503d/n  503r/n  501u/n  535/n   501u/n',
      'DATA now':                '501p/n  501p/n  501p/n  501p/n  501p/n  501p/n  501p/m  501p/r  501p/m  501p/n  501p/n  501p/c  501p/n  501b/n  501b/n  501b/n',
      [chunk]:                   '503b/n  503b/n  503b/n  503b/n  503b/n  503b/n  503b/n  250c/c  503b/n  503b/n  503b/n  250c/c  503b/n  503b/n  503b/n  503b/n',
      [lastChunk]:               '503b/n  503b/n  503b/n  503b/n  503b/n  503b/n  503b/n  250o/n  503b/n  503b/n  503b/n  250o/n  503b/n  503b/n  503b/n  503b/n',
      'BDAT 0':                  '503b/n  503b/n  503b/n  503b/n  503b/n  503b/n  503b/n  250z/c  503b/n  503b/n  503b/n  250z/c  503b/n  503b/n  503b/n  503b/n',
      'BDAT 0 LAST':             '503b/n  503b/n  503b/n  503b/n  503b/n  503b/n  503b/n  550f/n  503b/n  503b/n  503b/n  550f/n  503b/n  503b/n  503b/n  503b/n',
      [bdat('a\0b')]:            '503b/n  503b/n  503b/n  503b/n  503b/n  503b/n  503b/n  250d/c  503b/n  503b/n  503b/n  250d/c  503b/n  503b/n  503b/n  503b/n',
      [bdat('a\0b', ' LAST')]:   '503b/n  503b/n  503b/n  503b/n  503b/n  503b/n  503b/n  550n/n  503b/n  503b/n  503b/n  550n/n  503b/n  503b/n  503b/n  503b/n',
      'BDAT':                    '501d/-  501d/-  501d/-  501d/-  501d/-  501d/-  501d/-  501d/-  501d/-  501d/-  501d/-  501d/-  501d/-  501u/n  535/n   501u/n',
      'BDAT -1':                 '501d/-  501d/-  501d/-  501d/-  501d/-  501d/-  501d/-  501d/-  501d/-  501d/-  501d/-  501d/-  501d/-  501d/-  501d/-  501d/-',
      'BDAT 1x LAST':            '501d/-  501d/-  501d/-  501d/-  501d/-  501d/-  501d/-  501d/-  501d/-  501d/-  501d/-  501d/-  501d/-  501d/-  501d/-  501d/-',
      'BDAT 5 FIRST':            '501d/-  501d/-  501d/-  501d/-  501d/-  501d/-  501d/-  501d/-  501d/-  501d/-  501d/-  501d/-  501d/-  501d/-  501d/-  501d/-',
      'BDAT 9007199254740992':   '501d/-  501d/-  501d/-  501d/-  501d/-  501d/-  501d/-  501d/-  501d/-  501d/-  501d/-  501d/-  501d/-  501d/-  501d/-  501d/-',
      'RSET':                    '250f/n  250f/n  250f/n  250f/n  250f/n  250f/n  250f/n  250f/n  250f/n  250f/n  250f/n  250f/n  250f/n  501u/n  535/n   501u/n',
      'RSET now':                '501p/n  501p/n  501p/n  501p/n  501p/n  501p/n  501p/m  501p/r  501p/m  501p/n  501p/n  501p/c  501p/n  501b/n  501b/n  501b/n',
      'NOOP':                    '250/n   250/n   250/n   250/n   250/n   250/n   250/m   250/r   250/m   250/n   250/n   250/c   250/n   334p/   535/n   501u/n',
      'VRFY ann':                '252/n   252/n   252/n   252/n   252/n   252/n   252/m   252/r   252/m   252/n   252/n   252/c   252/n   501b/n  501b/n  501b/n',
      'VRFY':                    '501v/n  501v/n  501v/n  501v/n  501v/n  501v/n  501v/m  501v/r  501v/m  501v/n  501v/n  501v/c  501v/n  501u/n  535/n   501u/n',
      'EXPN news':               '500/n   500/n   500/n   500/n   500/n   500/n   500/m   500/r   500/m   500/n   500/n   500/c   500/n   501b/n  501b/n  501b/n',
      'HELP':                    '214/n   214/n   214/n   214/n   214/n   214/n   214/m   214/r   214/m   214/n   214/n   214/c   214/n   501u/n  535/n   501u/n',
      'QUIT':                    '221/-   221/-   221/-   221/-   221/-   221/-   221/-   221/-   221/-   221/-   221/-   221/-   221/-   501u/n  535/n   501u/n',
      'QUIT now':                '501p/n  501p/n  501p/n  501p/n  501p/n  501p/n  501p/m  501p/r  501p/m  501p/n  501p/n  501p/c  501p/n  501b/n  501b/n  501b/n',
      'STARTTLS':                '220/    220/    503t/n  503t/n  503t/n  503t/n  503t/m  503t/r  503t/m  503t/n  503t/n  503t/c  503t/n  501u/n  535/n   501u/n',
      'STARTTLS now':            '501s/n  501s/n  501s/n  501s/n  501s/n  501s/n  501s/m  501s/r  501s/m  501s/n  501s/n  501s/c  501s/n  501b/n  501b/n  501b/n',
      [right]:                   '500/n   500/n   503g/n  235/n   235/n   503i/n  503a/m  503a/r  503a/m  503i/n  503i/n  503a/c  503i/n  501b/n  501b/n  501b/n',
      [wrong]:                   '500/n   500/n   503g/n  535/n   535/n   503i/n  503a/m  503a/r  503a/m  503i/n  503i/n  503a/c  503i/n  501b/n  501b/n  501b/n',
      'AUTH PLAIN':              '500/n   500/n   503g/n  334/    334/    503i/n  503a/m  503a/r  503a/m  503i/n  503i/n  503a/c  503i/n  501b/n  501b/n  501b/n',
      'AUTH LOGIN':              '500/n   500/n   503g/n  334u/   334u/   503i/n  503a/m  503a/r  503a/m  503i/n  503i/n  503a/c  503i/n  501b/n  501b/n  501b/n',
      'AUTH LOGIN ###':          '500/n   500/n   503g/n  501b/n  501b/n  503i/n  503a/m  503a/r  503a/m  503i/n  503i/n  503a/c  503i/n  501b/n  501b/n  501b/n',
      'AUTH FOO':                '500/n   500/n   503g/n  504/n   504/n   503i/n  503a/m  503a/r  503a/m  503i/n  503i/n  503a/c  503i/n  501b/n  501b/n  501b/n',
      [asBob]:                   '500/n   500/n   503g/n  535b/n  535b/n  503i/n  503a/m  503a/r  503a/m  503i/n  503i/n  503a/c  503i/n  501b/n  501b/n  501b/n',
      '*':                       '500/n   500/n   500/n   500/n   500/n   500/n   500/m   500/r   500/m   500/n   500/n   500/c   500/n   501c/n  501c/n  501c/n',
      [base64(ann)]:             '500/n   500/n   500/n   500/n   500/n   500/n   500/m   500/r   500/m   500/n   500/n   500/c   500/n   334p/   535/n   501u/n',
      [base64('correct horse')]: '500/n   500/n   500/n   500/n   500/n   500/n   500/m   500/r   500/m   500/n   500/n   500/c   500/n   334p/   235/n   501u/n',
      [right.slice(11)]:         '500/n   500/n   500/n   500/n   500/n   500/n   500/m   500/r   500/m   500/n   500/n   500/c   500/n   501u/n  535/n   235/n',
      [wrong.slice(11)]:         '500/n   500/n   500/n   500/n   500/n   500/n   500/m   500/r   500/m   500/n   500/n   500/c   500/n   501u/n  535/n   535/n',
      'XCLIENT ADDR=192.0.2.1':  '550x/n  550x/n  550x/n  550x/n  550x/n  550x/n  550x/m  550x/r  550x/m  550x/n  550x/n  550x/c  550x/n  501b/n  501b/n  501b/n',
      'XFORWARD ADDR=192.0.2.1': '550x/n  550x/n  550x/n  550x/n  550x/n  550x/n  550x/m  550x/r  550x/m  550x/n  550x/n  550x/c  550x/n  501b/n  501b/n  501b/n',
      'FOO':                     '500/n   500/n   500/n   500/n   500/n   500/n   500/m   500/r   500/m   500/n   500/n   500/c   500/n   501b/n  501b/n  501b/n',
      '':                        '500/n   500/n   500/n   500/n   500/n   500/n   500/m   500/r   500/m   500/n   500/n   500/c   500/n   501w/n  535/n   501u/n',
      'GET / HTTP/1.1':          '421/-   421/-   421/-   421/-   421/-   421/-   421/-   421/-   421/-   421/-   421/-   421/-   421/-   501b/n  501b/n  501b/n',
    },
  },
  {
    what: 'SMTP of a front end',
    protocol: 'smtp',
    xclientFrom: ['127.0.0.1'],
    states: frontWays(),
    rows: {
      'EHLO c':                                       '250X/n  250X/n  250X/n  250X/n  250X/n  250X/n  250X/n  250X/n  250X/n  250X/n  250Y/n  250Y/n  250S/n  250S/n',
      [mail]:                                         '503g/n  250m/m  503n/m  503n/r  503n/m  250m/m  250m/m  503n/c  250m/m  250m/m  503g/n  250m/m  503g/n  250m/m',
      [rcpt]:                                         '503g/n  503m/n  250r/r  250r/r  250r/r  503m/n  503m/n  503c/c  503m/n  503m/n  503g/n  503m/n  503g/n  503m/n',
      'XCLIENT ADDR=192.0.2.1':                       '220x/   220x/   503x/m  503x/r  503x/m  220x/   220x/   503x/c  220x/   220x/   220x/   220x/   550x/n  550x/n',
      'XCLIENT ADDR=192.0.2.1 LOGIN=ann@example.org': '220x/   220x/   503x/m  503x/r  503x/m  220x/   220x/   503x/c  220x/   220x/   220x/   220x/   550x/n  550x/n',
      'XCLIENT NAME=mx.example':                      '220x/   220x/   503x/m  503x/r  503x/m  220x/   220x/   503x/c  220x/   220x/   220x/   220x/   550x/n  550x/n',
      'XCLIENT ADDR=x':                               '501y/n  501y/n  503x/m  503x/r  503x/m  501y/n  501y/n  503x/c  501y/n  501y/n  501y/n  501y/n  550x/n  550x/n',
      'XCLIENT ADDR=192.0.2.1 FOO=1':                 '501x/n  501x/n  503x/m  503x/r  503x/m  501x/n  501x/n  503x/c  501x/n  501x/n  501x/n  501x/n  550x/n  550x/n',
      'XCLIENT':                                      '501x/n  501x/n  503x/m  503x/r  503x/m  501x/n  501x/n  503x/c  501x/n  501x/n  501x/n  501x/n  550x/n  550x/n',
      'XFORWARD ADDR=192.0.2.1':                      '550x/n  550x/n  550x/m  550x/r  550x/m  550x/n  550x/n  550x/c  550x/n  550x/n  550x/n  550x/n  550x/n  550x/n',
      'NOOP':                                         '250/n   250/n   250/m   250/r   250/m   250/n   250/n   250/c   250/n   250/n   250/n   250/n   250/n   250/n',
    },
  },
]; // prettier-ignore

/** What a session is left in, by its replies to DATA and RCPT. */
async function leftIn(session: Session): Promise<string> {
  const reply = await session.say('DATA');
  if (reply === replies['503d']) return 'c';
  const code = reply.slice(0, 3);
  if (code !== '503') return { '': '-', '354': 'r' }[code] ?? code;
  return (await session.say(rcpt)).startsWith('250') ? 'm' : 'n';
}

async function cell(session: Session, way: Way, command: string): Promise<string> {
  await way(session);
  const reply = (await session.say(command)).replace(/ ok \w+$/, ' ok');
  const name = nameOf.get(reply) ?? reply;
  const left = /^(?:220|334|354)/.test(name) ? '' : await leftIn(session);
  session.close();
  return `${name}/${left}`;
}

/** Knows one user. `isCounting`: wrong passwords are; else everybody comes from another address. */
class Desk extends Submission {
  readonly #isCounting: boolean;
  #count = 0;

  constructor(isCounting: boolean) {
    const salt = Buffer.alloc(16, 1);
    // A hash that is cheap to check.
    const key = scryptSync('correct horse', salt, 32, { N: 1_024, r: 1, p: 1 });
    const password = `scrypt:10:1:1:${salt.toString('base64')}:${key.toString('base64')}`;
    const user = { ...withInitial(userSettingRows, { messagesPerHour: 10_000 }), name: ann, password };
    super(async () => success(new Map([[ann, user]])), { now: () => Date.now(), sleep: async () => {} });
    this.#isCounting = isCounting;
  }

  override authenticate(credentials: Credentials): ReturnType<Submission['authenticate']> {
    const address = this.#isCounting ? credentials.address : `192.0.2.${this.#count++}`;
    return super.authenticate({ ...credentials, address });
  }
}

for (const { what, protocol, states, rows, xclientFrom = [] } of doors) {
  test(
    `${what}: every command in every state has its reply and leaves the state it should`,
    { skip: opensslIsAbsent() },
    async (t) => {
      const { port } = await startStation(
        t,
        {
          tls: await selfSigned(t),
          submission: new Desk(false),
          settings: stationSettings({ connectionsMost: 1_000, xclientFrom }),
        },
        protocol,
      );
      const commands = Object.keys(rows);
      const found = new Map(commands.map((command): [string, string[]] => [command, []]));
      for (const way of Object.values(states)) {
        const session = async (command: string): Promise<void> =>
          void found.get(command)!.push(await cell(await greeted(t, port), way, command));
        await Promise.all(commands.map(session));
      }
      const wanted = commands.map((command) => `${command}: ${rows[command]!.split(/\s+/).join(' ')}`);
      assert.deepEqual(
        commands.map((command) => `${command}: ${found.get(command)!.join(' ')}`),
        wanted,
      );
    },
  );
}

// What is said from the first greeting in TLS on, and the codes of the replies.
const logins: readonly (readonly [what: string, lines: readonly string[], codes: string])[] = [
  ['a name and a password, asked for', ['AUTH LOGIN', base64(ann), base64('correct horse'), mail], '334 334 235 250'],
  ['a name that came with the command', [`AUTH LOGIN ${base64(ann)}`, base64('correct horse'), mail], '334 235 250'],
  ['an empty first response', ['AUTH PLAIN =', mail, 'AUTH PLAIN', '=', mail], '501 530 334 501 530'],
  ['a login that was given up leaves nothing', ['AUTH LOGIN', base64(ann), '*', base64('correct horse'), mail], '334 334 501 500 530'],
  ['a wrong one leaves nothing either', [wrong, rcpt, 'DATA', mail, right, mail], '535 503 503 530 235 250'],
  ['a login stays after RSET, a greeting and a message', [right, mail, 'RSET', 'EHLO c', mail, rcpt, 'DATA', letter, mail, rcpt], '235 250 250 250 250 250 354 250 250 250'],
  ['after ten wrong ones nobody is heard', [...Array<string>(10).fill(wrong), right, mail], `${'535 '.repeat(10)}454 530`],
]; // prettier-ignore

for (const [what, lines, codes] of logins) {
  test(`logging in: ${what}`, { skip: opensslIsAbsent() }, async (t) => {
    const { port } = await startStation(t, { tls: await selfSigned(t), submission: new Desk(true) }, 'submissions');
    const session = await greeted(t, port, true);
    assert.equal(await session.codes('EHLO c', ...lines), `250 ${codes}`);
  });
}

test('a greeting that is refused does not change how a message is said to have come', async (t) => {
  for (const [protocol, hello, other, word] of [
    ['smtp', 'EHLO c', 'LHLO c', 'ESMTP'],
    ['lmtp', 'LHLO c', 'EHLO c', 'LMTP'],
  ] as const) {
    const { port, messages } = await startStation(t, {}, protocol);
    const session = await greeted(t, port);
    assert.equal(await session.codes(hello, other, 'RSET', mail, rcpt, 'DATA', letter), '250 500 250 250 250 354 250');
    assert.match(Buffer.from(messages[0]!.body).toString(), new RegExp(`with ${word} id`));
  }
});

test('what a refused MAIL has asked for is forgotten', async (t) => {
  const { port } = await startStation(t);
  const session = await greeted(t, port);
  const international = `RCPT TO:<\u00e4@${domain}>`;
  const lines = ['EHLO c', 'MAIL FROM:<a..b@x.example> SMTPUTF8', 'MAIL FROM:<a@-x.example> SMTPUTF8', mail];
  assert.equal(await session.codes(...lines), '250 501 553 250');
  assert.match(await session.say(Buffer.from(international).toString('latin1')), /^553 5\.6\.7 .*SMTPUTF8/);
});
