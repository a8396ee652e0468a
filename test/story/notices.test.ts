import assert from 'node:assert/strict';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { understand } from '../../src/bounce/understand.ts';
import { hashPassword } from '../../src/domain/password.ts';
import { changeUsers, userSettingRows } from '../../src/domain/users.ts';
import { withInitial } from '../../src/lib/settings.ts';
import type { DsnRequest } from '../../src/mail/dsn-request.ts';
import { makeCertificate, opensslIsAbsent } from '../helpers/certificate.ts';
import { listDomain, type Station, startStation, stationList } from '../helpers/daemon.ts';
import { fieldOf, letter } from '../helpers/letter.ts';
import { startMortal } from '../helpers/mortal.ts';
import type { PeerCopy } from '../helpers/peer.ts';
import { greeted } from '../helpers/session.ts';
import { ShiftedClock } from '../helpers/shifted-clock.ts';
import { type Sink, type SinkAnswer, startSink } from '../helpers/sink.ts';
import { transact } from '../helpers/smtp-client.ts';
import { temporaryDirectory } from '../helpers/temporary.ts';
import { until } from '../helpers/until.ts';

const ann = 'ann@people.example';
const bob = 'bob@away.example';
const root = 'root@people.example';
const unknown = { code: 550, text: '5.1.1 no such user' };
const hourMs = 3_600_000;

interface Mail {
  readonly sender: string;
  readonly recipient: string;
  readonly dsn?: DsnRequest;
}

/** Puts a mail to somebody elsewhere into the queue of a station, as its stages do. */
async function mail({ daemon }: Station, { sender, recipient, dsn }: Mail): Promise<void> {
  const { queue, newId, clock } = daemon.home;
  const [message, id] = [newId(), newId()];
  const body = Buffer.from(letter(sender || 'nobody@people.example', recipient, 'hello'));
  const entry = { id, kind: 'mail', message, sender, recipient, list: '', cause: id, due: clock.now() } as const;
  await queue.accept([{ id: message, body }], [{ ...entry, ...(dsn && { dsn }) }]);
  daemon.wake();
}

async function isIdle({ daemon }: Station): Promise<void> {
  await until('an empty queue', async () => {
    const { ready, claimed } = await daemon.home.queue.counts();
    return ready + claimed === 0;
  });
}

function toldOf({ logged }: Station): string[] {
  const told = logged.filter(({ event }) => event === 'dsn.queued' || event === 'dsn.lost');
  return told.map(({ event, fields }) => `${event} ${fields['action'] ?? ''} ${fields['to'] ?? ''}`.trimEnd());
}

/** The mails that the postmaster of the station has. */
async function postbox({ directory }: Station): Promise<Buffer[]> {
  const inbox = join(directory, 'domains', listDomain, 'postmaster', 'new');
  const names = await readdir(inbox).catch(() => []);
  return Promise.all(names.map((name) => readFile(join(inbox, name))));
}

function reads({ message }: Pick<PeerCopy, 'message'>): string {
  const { kind, recipients } = understand(Buffer.from(message, 'latin1'));
  return [kind, ...recipients.map(({ address, reason }) => `${address} ${reason}`)].join(' ');
}

/** A station with a port for its users, of whom Ann is one. */
async function userStation(t: TestContext): Promise<Station & { readonly submissions: number }> {
  const directory = await temporaryDirectory(t);
  const { key, cert } = await makeCertificate(t, 'IP:127.0.0.1');
  const [tlsKey, tlsCertificate] = [join(directory, 'key.pem'), join(directory, 'cert.pem')];
  await writeFile(tlsKey, key);
  await writeFile(tlsCertificate, cert);
  const station = await startStation(t, { submissions: ['127.0.0.1:0'], tlsKey, tlsCertificate });
  const password = await hashPassword('correct horse');
  await changeUsers(station.daemon.home.paths.users, (users) => {
    users.set(ann, { ...withInitial(userSettingRows, {}), name: ann, password });
    return undefined;
  });
  const where = station.daemon.addresses.find((one) => one.startsWith('SUBMISSIONS')) ?? assert.fail('no port');
  return Object.assign(station, { submissions: Number(where.slice(where.lastIndexOf(':') + 1)) });
}

test(
  'a user whose mail is refused for good gets one notice, by what was asked',
  { skip: opensslIsAbsent() },
  async (t) => {
    const station = await userStation(t);
    const { peer } = station;
    peer.refusals.set(bob, unknown);
    const stranger = await greeted(t, station.daemon.smtpPort);
    assert.doesNotMatch(await stranger.say('EHLO c'), /DSN/);
    stranger.close();
    const session = await greeted(t, station.submissions, true);
    assert.match(await session.say('EHLO c'), /^250[ -]DSN$/m);
    assert.equal(await session.codes(`AUTH PLAIN ${Buffer.from(`\0${ann}\0correct horse`).toString('base64')}`), '235');
    const rcpt = `RCPT TO:<${bob}> NOTIFY=FAILURE ORCPT=rfc822;Bob+2Bx@away.example`;
    const lines = [`MAIL FROM:<${ann}> RET=HDRS ENVID=a+2Bb`, rcpt, 'DATA', `${letter(ann, bob, 'hello')}.`];
    assert.equal(await session.codes(...lines), '250 250 354 250');
    const notice = await peer.nth(ann, 1);
    assert.equal(notice.sender, '');
    assert.equal(reads(notice), `bounce ${bob} userunknown`);
    assert.equal(fieldOf(notice, 'Auto-Submitted'), 'auto-replied');
    assert.equal(fieldOf(notice, 'In-Reply-To'), `<hello.${ann}>`);
    for (const line of [
      'Original-Envelope-Id: a+b',
      'Original-Recipient: rfc822; Bob+x@away.example',
      `Final-Recipient: rfc822; ${bob}`,
      'Content-Type: text/rfc822-headers; charset=us-ascii',
      'Subject: hello',
    ])
      assert.ok(notice.message.includes(`\r\n${line}\r\n`), line);
    await isIdle(station);
    assert.deepEqual(toldOf(station), [`dsn.queued failed ${ann}`]);
    assert.equal(peer.copies.length, 1);
  },
);

test('a mail without a sender that fails is told to the postmaster, once', async (t) => {
  const station = await startStation(t);
  station.peer.refusals.set(bob, unknown);
  await mail(station, { sender: '', recipient: bob });
  const [notice] = await until('the notice', async () => {
    const mails = await postbox(station);
    return mails.length > 0 && mails;
  });
  await isIdle(station);
  assert.equal(reads({ message: notice!.toString('latin1') }), `bounce ${bob} userunknown`);
  assert.match(notice!.toString(), /without a sender/);
  assert.equal((await postbox(station)).length, 1);
  assert.deepEqual(station.peer.copies, []);
});

test('a notice that fails goes to the postmaster, and one that fails behind there too is only logged', async (t) => {
  // Of all detours the longest: the postmaster is the owner of a list, and that one is gone.
  const station = await startStation(t, { postmaster: `news-owner@${listDomain}` });
  await stationList(station.daemon, 'news', { owner: root });
  for (const dead of [ann, bob, root]) station.peer.refusals.set(dead, unknown);
  await mail(station, { sender: ann, recipient: bob });
  await until('the end', () => toldOf(station).includes('dsn.lost'));
  await isIdle(station);
  assert.deepEqual(toldOf(station), [
    `dsn.queued failed ${ann}`,
    `dsn.queued failed postmaster@${listDomain}`,
    'dsn.lost',
  ]);
});

test('a delay is told once, and then that the time is over, with the last reply', async (t) => {
  const clock = new ShiftedClock();
  const station = await startStation(t, { delayNoticeHours: 2 }, '', clock);
  station.peer.refusals.set(bob, { code: 450, text: '4.2.0 try later' });
  await mail(station, { sender: ann, recipient: bob, dsn: { notify: ['delay', 'failure'] } });
  const tries = (): number => station.logged.filter(({ event }) => event === 'delivery.deferred').length;
  for (const [count, hours] of [1, 3, 3, 3].entries()) {
    await until(`try ${count + 1}`, () => tries() > count);
    clock.move(hours * hourMs);
    station.daemon.wake();
  }
  await until('try 5', () => tries() === 5);
  assert.deepEqual(toldOf(station), [`dsn.queued delayed ${ann}`]);
  const notice = await station.peer.nth(ann, 1);
  assert.match(reads(notice), /^delay bob@away\.example /);
  assert.match(notice.message, /\r\nWill-Retry-Until: /);
  clock.move(120 * hourMs);
  station.daemon.wake();
  const last = await station.peer.nth(ann, 2);
  assert.match(
    last.message,
    /\r\nAction: failed\r\nStatus: 4\.2\.0\r\n[^]*\r\nDiagnostic-Code: smtp; 450 4\.2\.0 try later/,
  );
  await isIdle(station);
  assert.equal(toldOf(station).length, 2);
});

// What is asked, of what kind the next hop is, whether it takes the mail, and which notices there are.
const wishes: readonly (readonly [
  notify: DsnRequest['notify'],
  host: 'knows' | 'old' | 'box',
  takes: boolean,
  told: string[],
])[] = [
  [undefined, 'old', true, []],
  [undefined, 'old', false, ['failed']],
  [undefined, 'knows', false, ['failed']],
  [[], 'old', false, []],
  [[], 'knows', false, []],
  [['success'], 'old', true, ['relayed']],
  [['success'], 'knows', true, []],
  [['success'], 'old', false, []],
  [['success', 'failure'], 'knows', false, ['failed']],
  [['success', 'failure'], 'old', true, ['relayed']],
  [['delay'], 'old', false, []],
  [['success'], 'box', true, ['delivered']],
  [undefined, 'box', false, ['failed']],
];

/** A station with two hosts, one that knows DSN and one that does not and is spoken to by LMTP too; both refuse whose name begins with `no`. */
async function twoHosts(t: TestContext): Promise<{ station: Station; knowing: Sink; other: Sink }> {
  const answer: SinkAnswer = (line) => (line.startsWith('RCPT TO:<no') ? '550 5.1.1 no such user' : undefined);
  const [knowing, other] = [await startSink(['DSN', 'PIPELINING'], answer), await startSink(['PIPELINING'], answer)];
  t.after(() => Promise.all([knowing.close(), other.close()]));
  const [knows, old] = [`127.0.0.1:${knowing.port}`, `127.0.0.1:${other.port}`];
  const routes = { 'knows.example': knows, 'box.example': `lmtp://${old}`, '*': old };
  return { station: await startStation(t, { routes }), knowing, other };
}

test('senders are told what they have asked for, by us or by the next host', async (t) => {
  const { station, knowing, other } = await twoHosts(t);
  const dsn = {
    returns: 'headers',
    envelopeId: 'a+b =c',
    notify: ['success', 'delay'],
    originalRecipient: { type: 'rfc822', address: 'Bob+x@away.example' },
  } as const;
  for (const recipient of ['bob@knows.example', 'bob@old.example'])
    await mail(station, { sender: ann, recipient, dsn });
  await isIdle(station);
  const commands = ({ lines }: Sink): string[] => lines.filter((line) => /^(?:MAIL|RCPT)/.test(line));
  assert.deepEqual(commands(knowing), [
    `MAIL FROM:<${ann}> RET=HDRS ENVID=a+2Bb+20+3Dc`,
    `RCPT TO:<bob@knows.example> NOTIFY=SUCCESS,DELAY ORCPT=rfc822;Bob+2Bx@away.example`,
  ]);
  assert.deepEqual(commands(other).slice(0, 2), [`MAIL FROM:<${ann}>`, 'RCPT TO:<bob@old.example>']);
  const cases = wishes.map(([notify, host, takes, told], at) => {
    const recipient = `${takes ? 'yes' : 'no'}-${at}@${host}.example`;
    return { dsn: notify ? { notify } : {}, recipient, told: told.map((action) => `${recipient} ${action}`) };
  });
  for (const { recipient, dsn } of cases) await mail(station, { sender: ann, recipient, dsn });
  await isIdle(station);
  const queued = station.logged.filter(({ event }) => event === 'dsn.queued').slice(1);
  const notices = queued.map(({ fields }) => fields);
  const told = notices.map(({ recipient, action }) => `${recipient} ${action}`);
  assert.deepEqual(told.toSorted(), cases.flatMap((one) => one.told).toSorted());
  assert.equal(other.taken.filter(({ recipient }) => recipient === ann).length, told.length + 1);
});

test('a list that takes a mail tells its sender who has asked for it, and nobody else', async (t) => {
  const station = await startStation(t);
  await stationList(station.daemon, 'news');
  const { queue, newId, clock } = station.daemon.home;
  const recipient = `news-help@${listDomain}`;
  for (const dsn of [{ notify: ['success'] }, { notify: ['failure'] }, undefined] as const) {
    const [message, id] = [newId(), newId()];
    const entry = { id, kind: 'arrived', message, sender: ann, recipient, list: `news@${listDomain}` } as const;
    const body = Buffer.from(letter(ann, recipient, 'help'));
    await queue.accept([{ id: message, body }], [{ ...entry, cause: id, due: clock.now(), ...(dsn && { dsn }) }]);
  }
  station.daemon.wake();
  await until('three ends', () => station.logged.filter(({ event }) => event === 'entry.done').length === 3);
  await isIdle(station);
  assert.deepEqual(toldOf(station), [`dsn.queued delivered ${ann}`]);
});

test('a confirmation that is refused in our own session closes the request', async (t) => {
  const station = await startStation(t);
  await stationList(station.daemon, 'news');
  station.peer.refusals.set(bob, unknown);
  const to = `news-subscribe@${listDomain}`;
  await transact(station.daemon.smtpPort, { from: bob, to, message: letter(bob, to, 'subscribe') });
  const ignored = await until('what the list made of the notice', () =>
    station.logged.find(({ event }) => event === 'bounce.ignored'),
  );
  assert.equal(ignored.fields['why'], 'no member; what was asked for is closed');
  await isIdle(station);
  assert.equal(toldOf(station).length, 1);
});

test('a daemon that dies with a refusal in its ears has told the one who must know, once', async (t) => {
  const station = await startStation(t);
  await stationList(station.daemon, 'news', { owner: bob });
  await station.daemon.stop();
  station.peer.refusals.set(bob, unknown);
  const mortal = await startMortal(t, station.directory, station.peer.port, 'delivery.failed');
  const to = `news-owner@${listDomain}`;
  // The reply may die with the daemon.
  await transact(mortal.port, { from: ann, to, message: letter(ann, to, 'a question') }).catch(() => undefined);
  await mortal.ended;
  await station.start();
  await isIdle(station);
  const notices = await postbox(station);
  assert.deepEqual(
    notices.map((notice) => reads({ message: notice.toString('latin1') })),
    [`bounce ${bob} userunknown`],
  );
});
