import assert from 'node:assert/strict';
import test, { type TestContext } from 'node:test';
import { hashPassword } from '../../src/domain/password.ts';
import { type User, userSettingRows } from '../../src/domain/users.ts';
import type { Clock } from '../../src/lib/clock.ts';
import { withInitial } from '../../src/lib/settings.ts';
import { success } from '../../src/mail/failure.ts';
import { Submission } from '../../src/receive/submission.ts';
import { opensslIsAbsent, selfSigned } from '../helpers/certificate.ts';
import { greeted, type Session } from '../helpers/session.ts';
import { domain, type Station, startStation } from '../helpers/station.ts';

const skip = opensslIsAbsent();
const name = 'ann@example.org';
const password = 'correct horse';
const plain = (user: string, word: string): string =>
  `AUTH PLAIN ${Buffer.from(`\0${user}\0${word}`).toString('base64')}`;
const rcpt = (to: string): string => `RCPT TO:<${to}>`;
const letter = (from: string): string => `From: ${from}\r\nSubject: a\r\n\r\nx\r\n.`;

/** A clock whose sleeps are over at once, and are counted. */
function quickClock(): { clock: Clock; slept: number[] } {
  const slept: number[] = [];
  return { clock: { now: () => Date.now(), sleep: async (ms) => void slept.push(ms) }, slept };
}

async function desk(given: object = {}): Promise<{ submission: Submission; slept: number[] }> {
  const hash = await hashPassword(password);
  const user: User = {
    ...withInitial(userSettingRows, { senders: ['@lists.example.net'], ...given }),
    name,
    password: hash,
  };
  const { clock, slept } = quickClock();
  return { submission: new Submission(async () => success(new Map([[name, user]])), clock), slept };
}

async function station(t: TestContext, isTls: boolean, given: object = {}): Promise<Station> {
  const { submission } = await desk(given);
  return startStation(t, { tls: await selfSigned(t), submission }, isTls ? 'submissions' : 'submission');
}

async function loggedIn(t: TestContext, port: number): Promise<Session> {
  const session = await greeted(t, port, true);
  assert.equal(await session.codes('EHLO c', plain(name, password)), '250 235');
  return session;
}

test('nobody logs in before TLS, and nobody sends before logging in', { skip }, async (t) => {
  const { port } = await station(t, false);
  const session = await greeted(t, port);
  assert.doesNotMatch(await session.say('EHLO c'), /AUTH/);
  assert.equal(await session.codes(plain(name, password), `MAIL FROM:<${name}>`, 'STARTTLS'), '500 530 220');
  await session.secure();
  assert.match(await session.say('EHLO c'), /AUTH LOGIN PLAIN/);
  assert.equal(
    await session.codes(`MAIL FROM:<${name}>`, plain(name, 'wrong horse'), `MAIL FROM:<${name}>`),
    '530 535 530',
  );
  assert.equal(await session.codes(plain(name, password), `MAIL FROM:<${name}>`), '235 250');
});

test('on port 25 nobody logs in, in TLS or not', { skip }, async (t) => {
  const { port } = await startStation(t, { tls: await selfSigned(t), submission: (await desk()).submission });
  const session = await greeted(t, port);
  await session.codes('EHLO c', 'STARTTLS');
  await session.secure();
  assert.doesNotMatch(await session.say('EHLO c'), /AUTH/);
  assert.equal(await session.codes(plain(name, password)), '500');
});

test('what a user hands in goes to lists and elsewhere, under the name of the user', { skip }, async (t) => {
  const { port, entries, messages } = await station(t, true);
  const session = await loggedIn(t, port);
  const to = [rcpt(`news@${domain}`), rcpt('bob@other.example')];
  assert.equal(
    await session.codes(`MAIL FROM:<${name}>`, ...to, 'DATA', letter(`Ann <${name}>`)),
    '250 250 250 354 250',
  );
  assert.deepEqual(
    entries.map(({ kind, sender, recipient }) => [kind, sender, recipient]),
    [
      ['arrived', name, `news@${domain}`],
      ['mail', name, 'bob@other.example'],
    ],
  );
  for (const { id, cause } of entries) assert.equal(cause, `user ${name} ${id}`);
  assert.match(Buffer.from(messages[0]!.body).toString(), /with ESMTPSA id/);
});

test('a user sends as the own address and the allowed ones only, in the envelope and in From', { skip }, async (t) => {
  const { port, entries } = await station(t, true);
  const session = await loggedIn(t, port);
  assert.equal(await session.codes('MAIL FROM:<bob@other.example>'), '553');
  const froms: [from: string, code: string][] = [
    ['Ann@Example.org', '250'],
    ['"Ann, at home" <news@lists.example.net>', '250'],
    ['<bob@other.example>', '550'],
    [`${name}, bob@other.example`, '550'],
    [`Bob <bob@other.example> <${name}>`, '550'],
    [`${name}\r\nFrom: bob@other.example`, '550'],
    ['friends: ann@example.org;', '550'],
    ['', '550'],
  ];
  for (const [from, code] of froms) {
    const codes = await session.codes('MAIL FROM:<x@lists.example.net>', rcpt(`news@${domain}`), 'DATA', letter(from));
    assert.equal(codes, `250 250 354 ${code}`, from);
  }
  assert.equal(entries.length, 2);
});

test('a user has so many messages and recipients, and is told to come back', { skip }, async (t) => {
  const { port } = await station(t, true, { messagesPerHour: 2, recipientsPerDay: 3 });
  const session = await loggedIn(t, port);
  const send = (...to: string[]): Promise<string> =>
    session.codes(`MAIL FROM:<${name}>`, ...to.map(rcpt), 'DATA', letter(name));
  assert.equal(await send('a@x.example', 'b@x.example', 'c@x.example', 'd@x.example'), '250 250 250 250 250 354 451');
  assert.equal(await send('a@x.example'), '250 250 354 250');
  assert.equal(await send('a@x.example'), '250 250 354 250');
  assert.equal(await send('a@x.example'), '250 250 354 451');
});

test('wrong passwords are answered later and later, and after ten not heard', async () => {
  const { submission, slept } = await desk();
  const ask = (address: string, word = 'wrong horse'): Promise<string> =>
    submission
      .authenticate({ name, password: word, address })
      .then((known) => (known.ok ? 'in' : known.failure.status));
  const from = '2001:db8::1';
  assert.equal(await ask(from, password), 'in');
  const answers: string[] = [];
  for (let count = 0; count < 11; count++) answers.push(await ask(`2001:db8::${count + 1}`, 'x'.repeat(2_000)));
  assert.deepEqual(answers, [...Array<string>(10).fill('5.7.8'), '4.7.0']);
  assert.deepEqual(slept.slice(0, 5), [500, 1_000, 2_000, 4_000, 8_000]);
  assert.equal(await ask(from, password), '4.7.0');
  assert.equal(await ask('2001:db8:0:1::1', password), 'in');
  assert.equal(await ask('192.0.2.1', ''), '5.7.8');
});
