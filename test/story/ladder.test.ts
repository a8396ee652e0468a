import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import type { List } from '../../src/list/list.ts';
import type { Role } from '../../src/list/name.ts';
import { parseAddress } from '../../src/mail/address.ts';
import { verpSender } from '../../src/mail/verp.ts';
import { type Station, startStation, stationList } from '../helpers/daemon.ts';
import { fieldOf, letter } from '../helpers/letter.ts';
import type { PeerCopy } from '../helpers/peer.ts';
import { reportOf } from '../helpers/reports.ts';
import { ShiftedClock } from '../helpers/shifted-clock.ts';
import { transact } from '../helpers/smtp-client.ts';
import { until } from '../helpers/until.ts';

const dayMs = 86_400_000;
const ann = 'ann@example.net';
const dead = 'dead@example.com';
const rita = 'rita@example.com';
const dan = 'dan@example.net';

interface Ladder extends Station {
  readonly list: List;
  readonly clock: ShiftedClock;
  post(subject: string): Promise<void>;
  /** What comes back: a report to this address; gives what the list made of it. */
  bounce(to: string): Promise<string>;
  /** So many days pass, and what is due is done. */
  pass(days: number): Promise<void>;
  /** The list's log, `event address`. */
  log(): Promise<string[]>;
  states(): Promise<string[]>;
}

async function startLadder(t: TestContext, settings: Record<string, unknown> = {}): Promise<Ladder> {
  const clock = new ShiftedClock();
  const station = await startStation(t, {}, '', clock);
  const list = await stationList(station.daemon, 'news', { owner: 'owner@example.org', ...settings });
  const join = (role: Role, ...texts: string[]): Promise<number> =>
    list.store.add(
      role,
      texts.map((text) => parseAddress(text)!),
      { id: `join ${role}`, tag: 'manual', at: clock.now() },
    );
  await join('subscriber', ann, dead, rita);
  await join('digest', dan);
  let bounces = 0;
  return {
    ...station,
    list,
    clock,
    post: async (subject) => {
      const sent = (): number => station.logged.filter(({ event }) => event === 'post.sent').length;
      const before = sent();
      const message = letter(ann, list.name.address, subject);
      await transact(station.daemon.smtpPort, { from: ann, to: list.name.address, message });
      await until(`the end of ${subject}`, () => sent() > before);
    },
    bounce: async (to) => {
      const about = `Message-ID: <bounce.${++bounces}@example.com>`;
      const { end } = await transact(station.daemon.smtpPort, { from: '', to, message: reportOf({ fields: [about] }) });
      const [, id] = /^250 2\.0\.0 ok (\S+)$/.exec(end[0]!)!;
      const done = await until(`what came back to ${to}`, () =>
        station.logged.find(({ event, fields }) => event === 'entry.done' && fields['entry'] === id),
      );
      return String(done.fields['result']);
    },
    pass: async (days) => {
      clock.move(days * dayMs);
      await station.daemon.lookAfterBounces();
    },
    log: async () => {
      const lines: string[] = [];
      for await (const page of list.store.log()) lines.push(...page.map(({ event, address }) => `${event} ${address}`));
      return lines.filter((line) => !line.startsWith('+'));
    },
    states: async () => {
      const lines: string[] = [];
      for await (const page of list.store.standings())
        lines.push(...page.map(({ address, standing }) => `${address} ${standing.state}`));
      return lines;
    },
  };
}

function senderOf(ladder: Ladder, who: string, count: number): Promise<string> {
  return ladder.peer.nth(who, count).then(({ sender }) => sender);
}

/** The same address with one character of its proof changed. */
function forged(sender: string): string {
  const at = sender.lastIndexOf('@');
  const mac = /\.([a-z2-7]{8})-/.exec(sender)?.[1];
  if (mac !== undefined) return sender.replace(mac, mac.startsWith('a') ? `b${mac.slice(1)}` : `a${mac.slice(1)}`);
  return sender.slice(0, at - 1) + (sender[at - 1] === 'a' ? 'b' : 'a') + sender.slice(at);
}

async function digestSender({ list }: Ladder, who: string, number: number): Promise<string> {
  const address = parseAddress(who)!;
  const { id: member } = (await list.store.memberOf('digest', address.canonical))!;
  const { name, id, domain } = list.name;
  return verpSender(`${name}-digest`, id, domain, { number, member, address }, (await list.keys()).verpMac);
}

test('the whole ladder: bounces, warning, its bounce, probe, its bounce, removal; who recovers stays', async (t) => {
  const ladder = await startLadder(t);
  const { list, peer } = ladder;
  await ladder.post('first words');
  const first = await senderOf(ladder, dead, 1);
  assert.equal(await ladder.bounce(forged(first)), 'ignored: no valid MAC');
  assert.deepEqual(await ladder.states(), []);
  assert.equal(await ladder.bounce(first), 'bounce recorded');
  assert.equal(await ladder.bounce(await senderOf(ladder, rita, 1)), 'bounce recorded');
  assert.equal(await ladder.bounce(await digestSender(ladder, dan, 1)), 'bounce recorded');

  await ladder.pass(5);
  await ladder.post('second words');
  assert.equal(await ladder.bounce(await senderOf(ladder, dead, 2)), 'bounce recorded');
  await ladder.pass(4.9);
  assert.equal(peer.of(dead).length, 2, 'no warning before its time');
  await ladder.pass(0.2);
  const warning = await peer.nth(dead, 3);
  assertWarning(warning, ladder);
  const [forRita, forDan] = [await peer.nth(rita, 3), await peer.nth(dan, 1)];
  assert.match(forDan.message, /the digest of/);
  assert.deepEqual(await ladder.states(), [`${dead} warned`, `${rita} warned`, `${dan} warned`]);

  for (const to of [forged(warning.sender), forRita.sender.replace('.warn.', '.probe.'), first])
    assert.match(await ladder.bounce(to), /^ignored: no valid MAC$|^bounce recorded$/);
  assert.deepEqual(await ladder.states(), [`${dead} warned`, `${rita} warned`, `${dan} warned`]);
  assert.equal(await ladder.bounce(warning.sender), 'bounce: returned');
  assert.equal(await ladder.bounce(warning.sender), 'bounce recorded', 'the same again counts for nothing');
  assert.equal(await ladder.bounce(forDan.sender), 'bounce: returned');

  await ladder.pass(9.9);
  assert.equal(peer.of(dead).length, 3, 'no probe before its time');
  await ladder.pass(0.2);
  const probe = await peer.nth(dead, 4);
  const probeForDan = await peer.nth(dan, 2);
  assert.match(fieldOf(probe, 'Subject')!, /still in use/);
  assert.match(probe.sender, /^return\.[a-z2-7]{8}\.probe\./);
  assert.equal(peer.of(rita).length, 3, 'nothing came back from rita');
  assert.deepEqual(await ladder.states(), [`${dead} probed`, `${dan} probed`]);

  assert.equal(await ladder.bounce(warning.sender), 'bounce recorded', 'an old warning proves nothing now');
  assert.equal(await ladder.bounce(forged(probe.sender)), 'ignored: no valid MAC');
  assert.ok(await list.store.memberOf('subscriber', dead));
  assert.equal(await ladder.bounce(probe.sender), 'bounce: removed');
  assert.equal(await ladder.bounce(probe.sender), 'ignored: no member');
  assert.equal(await ladder.bounce(probeForDan.sender), 'bounce: removed');
  assert.equal(await list.store.memberOf('subscriber', dead), undefined);
  assert.equal(await list.store.memberOf('digest', dan), undefined);
  for (const who of [ann, rita]) assert.ok(await list.store.memberOf('subscriber', who), who);
  assert.deepEqual(await ladder.log(), [
    ...[dead, rita, dan].map((who) => `bounced ${who}`),
    ...[dead, rita, dan].map((who) => `warned ${who}`),
    ...[dead, dan].map((who) => `warning returned ${who}`),
    `recovered ${rita}`,
    `probed ${dead}`,
    `probed ${dan}`,
    `-probe ${dead}`,
    `-probe ${dan}`,
  ]);
});

function assertWarning(warning: PeerCopy, { list }: Ladder): void {
  assert.match(warning.sender, new RegExp(`^return\\.${list.name.id}\\.warn\\.`));
  assert.equal(fieldOf(warning, 'Auto-Submitted'), 'auto-generated');
  const text = warning.message.replaceAll('=\r\n', '');
  assert.match(text, /550 5\.1\.1 <ann@example\.net>: nobody here/);
  assert.match(text, / 1 {2}first words\r\n {4}2 {2}second words\r\n/);
}

test('a suspended member gets no posts, stays a member, and is back by a confirmed subscription', async (t) => {
  const ladder = await startLadder(t, { bounces: 'suspend', warnDays: 1, probeDays: 1 });
  const { list, peer } = ladder;
  await ladder.post('first words');
  await ladder.bounce(await senderOf(ladder, dead, 1));
  for (const [step, count] of [
    ['returned', 2],
    ['suspended', 3],
  ] as const) {
    await ladder.pass(1.1);
    assert.equal(await ladder.bounce(await senderOf(ladder, dead, count)), `bounce: ${step}`);
  }
  await ladder.post('second words');
  assert.equal(peer.of(dead).length, 3);
  assert.ok(await list.store.memberOf('subscriber', dead));
  const to = `news-subscribe@${list.name.domain}`;
  await transact(ladder.daemon.smtpPort, { from: dead, to, message: letter(dead, to, 'again') });
  const asked = await peer.nth(dead, 4);
  const reply = fieldOf(asked, 'Reply-To')!.replace(/^<|>$/g, '');
  await transact(ladder.daemon.smtpPort, { from: dead, to: reply, message: letter(dead, reply, 'yes') });
  assert.match(fieldOf(await peer.nth(dead, 5), 'Subject')!, /subscribed|Welcome/i);
  await ladder.post('third words');
  assert.equal(fieldOf(await peer.nth(dead, 6), 'Subject'), 'third words');
});

test('a complaint ends every membership at once, and an import does not bring it back', async (t) => {
  const ladder = await startLadder(t);
  const { list, daemon, peer } = ladder;
  await ladder.post('first words');
  const sender = await senderOf(ladder, dead, 1);
  const complaint = [
    'From: feedback@example.com',
    'Subject: complaint',
    'MIME-Version: 1.0',
    'Content-Type: multipart/report; report-type=feedback-report; boundary=b',
    '',
    '--b',
    'Content-Type: message/feedback-report',
    '',
    'Feedback-Type: abuse',
    'User-Agent: test/1',
    `Original-Mail-From: <${sender}>`,
    '--b--',
    '',
  ].join('\r\n');
  const owner = `news-owner@${list.name.domain}`;
  await transact(daemon.smtpPort, { from: 'feedback@example.com', to: owner, message: complaint });
  await until('the end of the membership', async () => !(await list.store.memberOf('subscriber', dead)));
  assert.deepEqual(await list.suppressions.among([dead, ann]), [dead]);
  assert.deepEqual(await ladder.log(), [`-complaint ${dead}`]);
  assert.equal(peer.of('owner@example.org').length, 0, 'the owner need not read it');
});

test('ten refusals for the sake of policy tell the owner once, and move nobody', async (t) => {
  const ladder = await startLadder(t, { alarmRefusals: 2 });
  const { peer } = ladder;
  for (const who of [dead, rita])
    peer.refusals.set(who, { code: 550, text: '5.7.26 unauthenticated mail is not accepted (DMARC)' });
  for (const subject of ['first words', 'second words']) await ladder.post(subject);
  const alarm = await peer.nth('owner@example.org', 1);
  assert.match(alarm.message, /DMARC/);
  await ladder.pass(40);
  assert.deepEqual(
    (await ladder.log()).filter((line) => !line.startsWith('+')),
    [],
  );
  assert.deepEqual(await ladder.states(), []);
  const letters = peer.of('owner@example.org').map((copy) => fieldOf(copy, 'Subject'));
  assert.equal(letters.filter((subject) => /refuse/.test(subject!)).length, 1);
});

test('what a host refuses in the session climbs the same ladder, by the reports of our own delivery', async (t) => {
  const ladder = await startLadder(t, { warnDays: 1, probeDays: 1 });
  const { list, peer } = ladder;
  peer.refusals.set(dead, { code: 550, text: '5.1.1 nobody of that name' });
  await ladder.post('first words');
  for (const event of ['warning returned', '-probe']) {
    await ladder.pass(1.1);
    await until(event, async () => (await ladder.log()).includes(`${event} ${dead}`));
  }
  assert.equal(await list.store.memberOf('subscriber', dead), undefined);
  assert.ok(await list.store.memberOf('subscriber', rita));
  assert.equal(peer.of('owner@example.org').length, 0);
});

test('whoever cannot get the request to confirm is not asked again, and is no member', async (t) => {
  const ladder = await startLadder(t);
  const { list, peer } = ladder;
  const typo = 'nobody@example.com';
  peer.refusals.set(typo, { code: 550, text: '5.1.1 nobody of that name' });
  const to = `news-subscribe@${list.name.domain}`;
  await transact(ladder.daemon.smtpPort, { from: typo, to, message: letter(typo, to, 'please') });
  await until('the end of the request', async () => {
    const request = await list.store.requestById(1);
    return request?.used !== undefined;
  });
  assert.equal(await list.store.memberOf('subscriber', typo), undefined);
  assert.ok(
    ladder.logged.some(({ event, fields }) => event === 'bounce.ignored' && /closed/.test(String(fields['why']))),
  );
});
