import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import type { List } from '../../src/list/list.ts';
import { parseAddress } from '../../src/mail/address.ts';
import { listDomain, type Station, startStation, stationList } from '../helpers/daemon.ts';
import { fieldOf, letter, replyAddress } from '../helpers/letter.ts';
import type { PeerCopy } from '../helpers/peer.ts';
import { transact } from '../helpers/smtp-client.ts';
import { until } from '../helpers/until.ts';

const ann = 'ann@example.net';
const ben = 'ben@example.com';

function at(local: string): string {
  return `${local}@${listDomain}`;
}

/** Sends one mail over SMTP; it must be accepted. */
async function write(station: Station, from: string, to: string, subject: string, fields?: string[]): Promise<void> {
  const message = letter(from, to, subject, fields);
  const { end, recipients } = await transact(station.daemon.smtpPort, { from, to, message });
  assert.match(end[0] ?? recipients[0]!, /^250 2\.0\.0 ok \S+$/);
}

/** The reply that refuses a mail, at RCPT or at the end of DATA. */
async function refusal(station: Station, from: string, to: string, subject = 'hello'): Promise<string> {
  const { end, recipients } = await transact(station.daemon.smtpPort, { from, to, message: letter(from, to, subject) });
  return end[0] ?? recipients[0]!;
}

/** The whole way onto a list: ask, be asked, reply, be welcomed. */
async function subscribe(station: Station, who: string, role = ''): Promise<void> {
  const before = station.peer.of(who).length;
  await write(station, who, at(`news-${role}subscribe`), 'please');
  const asked = await station.peer.nth(who, before + 1);
  await write(station, who, replyAddress(asked), `Re: ${fieldOf(asked, 'Subject')}`);
}

/** Waits until a mail to this address has been worked off; gives the result that was logged. */
async function result(station: Station, recipient: string): Promise<string> {
  return until(`the end of a mail to ${recipient}`, () => {
    const done = station.logged.find(
      ({ event, fields }) => event === 'entry.done' && fields['recipient'] === recipient,
    );
    return done && String(done.fields['result']);
  });
}

async function withMembers(t: TestContext, settings: Record<string, unknown> = {}): Promise<[Station, List]> {
  const station = await startStation(t);
  const list = await stationList(station.daemon, 'news', settings);
  const addresses = [ann, ben].map((address) => parseAddress(address)!);
  await list.store.add('subscriber', addresses, { id: 'test', tag: 'manual', at: Date.now() });
  return [station, list];
}

test('people subscribe by a simple reply, a post reaches them under their own senders, they leave', async (t) => {
  const station = await startStation(t);
  const { peer } = station;
  const list = await stationList(station.daemon, 'news');
  for (const who of [ann, ben]) {
    await subscribe(station, who);
    const welcome = await peer.nth(who, 2);
    assert.equal(fieldOf(welcome, 'Auto-Submitted'), 'auto-replied');
    assert.ok(await list.store.memberOf('subscriber', who));
  }
  await write(station, ann, list.name.address, 'first words');
  const copies = [await peer.nth(ann, 3), await peer.nth(ben, 3)];
  for (const { sender, recipient, message } of copies) {
    assert.match(sender, new RegExp(`^news-return-1\\.[a-z2-7]{8}-${recipient.replace('@', '=')}@${listDomain}$`));
    assert.match(message, /\r\n\r\nThis is first words\.\r\n$/);
  }
  await write(station, ben, at('news-unsubscribe'), 'enough');
  const asked = await peer.nth(ben, 4);
  await write(station, ben, replyAddress(asked), 'Re: yes');
  await peer.nth(ben, 5);
  assert.equal(await list.store.memberOf('subscriber', ben), undefined);
  await write(station, ann, list.name.address, 'second words');
  await peer.nth(ann, 4);
  await until(
    'the end of the second post',
    () => station.logged.filter(({ event }) => event === 'post.sent').length === 2,
  );
  assert.equal(peer.of(ben).length, 5);
});

test('a forged bounce changes nothing, a real one is recorded against its member', async (t) => {
  const [station, list] = await withMembers(t);
  await write(station, ann, list.name.address, 'words');
  const { sender } = await station.peer.nth(ben, 1);
  const report = letter('MAILER-DAEMON@example.com', sender, 'Undelivered Mail Returned to Sender');
  const [, mac] = /\.([a-z2-7]{8})-/.exec(sender)!;
  const forged = sender.replace(mac!, mac === 'aaaaaaaa' ? 'bbbbbbbb' : 'aaaaaaaa');
  for (const to of [forged, at('news-return-1-ben=example.com'), sender]) {
    const { end } = await transact(station.daemon.smtpPort, { from: '', to, message: report });
    assert.match(end[0]!, /^250 /);
    assert.equal(await result(station, to), to === sender ? 'bounce recorded' : 'ignored: no valid MAC');
  }
  const bounces = await list.store.bounces(10);
  assert.deepEqual(
    bounces.map(({ address, number, how }) => ({ address, number, how })),
    [{ address: ben, number: 1, how: 'mail' }],
  );
});

test('a refusal during delivery is recorded as a bounce, and the trace shows host and reply', async (t) => {
  const [station, list] = await withMembers(t);
  station.peer.refusals.set(ben, { code: 550, text: 'nobody of that name' });
  await write(station, ann, list.name.address, 'words');
  await until('the end of the post', () => station.logged.some(({ event }) => event === 'post.sent'));
  const [bounce, ...rest] = await list.store.bounces(10);
  assert.equal(rest.length, 0);
  assert.equal(bounce?.how, 'refused');
  assert.equal(bounce.address, ben);
  const traced = [];
  for await (const page of station.daemon.home.queue.trace(list.name.address, 1, ben)) traced.push(...page);
  const [attempt] = traced[0]!.attempts;
  assert.equal(attempt?.state, 'failed');
  assert.match(attempt.host, /127\.0\.0\.1/);
  assert.match(attempt.reply, /^550 .*nobody of that name/);
  assert.equal(station.peer.of(ben).length, 0);
});

test('somebody else can ask for a third person, and puts no word of their own into that mail', async (t) => {
  const station = await startStation(t);
  const list = await stationList(station.daemon, 'news');
  const evil = 'mallory@evil.example';
  await write(station, evil, at('news-subscribe-cleo=example.net'), 'BUY PILLS', ['X-Spam: pills']);
  const asked = await station.peer.nth('cleo@example.net', 1);
  for (const word of ['mallory', 'evil', 'PILLS', 'In-Reply-To', 'References']) {
    assert.ok(!asked.message.includes(word), `the mail holds ${word}`);
  }
  assert.equal(station.peer.of(evil).length, 0);
  await write(station, 'cleo@example.net', replyAddress(asked), 'Re: yes');
  await station.peer.nth('cleo@example.net', 2);
  assert.ok(await list.store.memberOf('subscriber', 'cleo@example.net'));
});

test('the digest and allow roles are joined and left by their own addresses', async (t) => {
  const station = await startStation(t);
  const list = await stationList(station.daemon, 'news');
  await subscribe(station, ann, 'digest-');
  await station.peer.nth(ann, 2);
  assert.deepEqual(await list.store.rolesOf(ann), ['digest']);
  await subscribe(station, ben, 'allow-');
  await until('ben may post', async () => (await list.store.rolesOf(ben)).includes('allow'));
  assert.equal(await list.store.count('subscriber'), 0);
  await write(station, ben, list.name.address, 'from an allowed stranger');
  await write(station, ann, at('news-digest-unsubscribe'), 'enough');
  const asked = await station.peer.nth(ann, 3);
  await write(station, ann, replyAddress(asked), 'Re: yes');
  await station.peer.nth(ann, 4);
  assert.deepEqual(await list.store.rolesOf(ann), []);
});

test('a list that is not public answers help only', async (t) => {
  const station = await startStation(t);
  await stationList(station.daemon, 'news', { public: false });
  await write(station, ann, at('news-subscribe'), 'please');
  assert.equal(await result(station, at('news-subscribe')), 'ignored: not offered');
  await write(station, ann, at('news-help'), 'please');
  await station.peer.nth(ann, 1);
  assert.equal(station.peer.of(ann).length, 1);
});

test('mail for the owner is forwarded as it came, and its bounce goes to nobody', async (t) => {
  const [station] = await withMembers(t, { owner: 'boss@example.org' });
  await write(station, 'stranger@example.net', at('news-owner'), 'a question');
  const copy = await station.peer.nth('boss@example.org', 1);
  assert.equal(copy.sender, at('news-return-'));
  assert.equal(fieldOf(copy, 'From'), 'stranger@example.net');
  assert.match(copy.message, /\r\n\r\nThis is a question\.\r\n$/);
});

test('what cannot be taken is refused in the reply, with its reason', async (t) => {
  const [station, list] = await withMembers(t);
  assert.match(await refusal(station, ann, at('nobody')), /^550 5\.1\.1 /);
  assert.match(await refusal(station, ann, 'someone@elsewhere.example'), /^550 5\.7\.1 .*relay/);
  assert.match(await refusal(station, ann, at('news-index.7')), /^550 5\.1\.1 not offered/);
  assert.match(await refusal(station, 'stranger@example.net', list.name.address), /^550 5\.7\.1 .*subscribers/i);
  assert.match(await refusal(station, ann, list.name.address, ''), /^550 5\.7\.1 .*subject/i);
  assert.equal(await list.store.lastPost(), 0);
  assert.equal(station.peer.copies.length, 0);
});

test('LMTP gives one reply per recipient', async (t) => {
  const [station] = await withMembers(t);
  await stationList(station.daemon, 'closed', { posting: 'nobody' });
  const { recipients, end } = await transact(station.daemon.lmtpPort!, {
    from: ann,
    to: ['news', 'nobody', 'closed', 'news-help'].map((local) => at(local)),
    message: letter(ann, at('news'), 'for several'),
    isLmtp: true,
  });
  assert.deepEqual(
    recipients.map((reply) => reply.slice(0, 3)),
    ['250', '550', '250', '250'],
  );
  assert.equal(end.length, 3);
  assert.match(end[0]!, /^250 2\.0\.0 /);
  assert.match(end[1]!, /^550 5\.7\.1 /);
  assert.match(end[2]!, /^250 2\.0\.0 /);
  const subjects = (copies: PeerCopy[]): string[] => copies.map((copy) => fieldOf(copy, 'Subject') ?? '').toSorted();
  await station.peer.nth(ann, 2);
  assert.ok(subjects(station.peer.of(ann)).includes('for several'));
  assert.deepEqual(subjects([await station.peer.nth(ben, 1)]), ['for several']);
});

test('where one SMTP reply stands for two lists, the one that takes the post gets it and the other tells once', async (t) => {
  const [station, list] = await withMembers(t);
  const closed = await stationList(station.daemon, 'closed', { posting: 'nobody' });
  const { end } = await transact(station.daemon.smtpPort, {
    from: ann,
    to: [list.name.address, closed.name.address],
    message: letter(ann, list.name.address, 'for both'),
  });
  assert.match(end[0]!, /^250 2\.0\.0 /);
  assert.match(await result(station, closed.name.address), /^rejected: /);
  await station.peer.nth(ben, 1);
  await station.peer.nth(ann, 2);
  const notices = station.peer.of(ann).filter((copy) => fieldOf(copy, 'Auto-Submitted') !== undefined);
  assert.equal(notices.length, 1);
  assert.match(notices[0]!.message, /closed@lists\.example\.org/);
  assert.equal(await closed.store.lastPost(), 0);
});
