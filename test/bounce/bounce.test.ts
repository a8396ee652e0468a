import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { handleBounce, recordRefusals } from '../../src/bounce/bounce.ts';
import { bounceRulesOf } from '../../src/list/bounce-rules.ts';
import type { MailRole } from '../../src/list/name.ts';
import { stepSender } from '../../src/list/step-address.ts';
import { statusOf } from '../../src/mail/dsn.ts';
import { noticeOf } from '../../src/queue/notice.ts';
import type { Entry } from '../../src/queue/store.ts';
import { parseAddress } from '../../src/mail/address.ts';
import { verpSender } from '../../src/mail/verp.ts';
import { answered, arrived, type Dialogue, startDialogue } from '../helpers/dialogue.ts';
import { replyAddress } from '../helpers/letter.ts';
import { plainBounce, reportOf } from '../helpers/reports.ts';

const ann = 'ann@example.net';
const long = `${'very-long-name.'.repeat(4)}x@example.net`;
const host = 'lists.example.org';

interface BounceTalk extends Dialogue {
  /** The VERP sender of a copy for a member. */
  verp(who: string, number?: number, prefix?: string): Promise<string>;
  bounce(to: string, message?: string | Buffer, sender?: string): Promise<string>;
  recorded(): Promise<string[]>;
  /** Our own delivery of a mail to ann with this sender ends with this reply, which its notice tells the list. */
  refuse(sender: string, reply: string, host: string): Promise<string>;
}

async function bounceTalk(t: TestContext, members: Partial<Record<MailRole, string[]>>): Promise<BounceTalk> {
  const talk = await startDialogue(t);
  const { store, name } = talk.list;
  for (const [role, addresses] of Object.entries(members)) {
    const cause = { id: talk.newId(), tag: 'manual', at: talk.now };
    await store.add(
      role as MailRole,
      addresses.map((text) => parseAddress(text)!),
      cause,
    );
  }
  const more: Omit<BounceTalk, keyof Dialogue> = {
    verp: async (who, number = 17, prefix = name.name) => {
      const address = parseAddress(who)!;
      const member = (await store.memberOf('subscriber', address.canonical))?.id ?? 0;
      return verpSender(prefix, name.id, name.domain, { number, member, address }, (await talk.list.keys()).verpMac);
    },
    bounce: async (to, message = reportOf(), sender = '') => {
      const way = talk.route(to);
      assert.ok(way.kind === 'bounce', `${to} is no return path`);
      const entry = arrived(talk.newId(), sender, to, talk.now);
      return answered(
        await handleBounce(entry, Buffer.from(message), way, talk.list, {
          ...talk.tools,
          providerOf: () => 'others',
          onDue: () => {},
        }),
      ).result;
    },
    refuse: async (sender, reply, of) => {
      const entry: Entry = { ...arrived(talk.newId(), sender, ann, talk.now), kind: 'mail' };
      const status = statusOf(reply, reply[0] as '4' | '5');
      const told = await noticeOf(entry, { action: 'failed', status, host: of, reply }, async () => Buffer.alloc(0), {
        clock: talk.tools.clock,
        newId: talk.newId,
        hostname: host,
        domain: host,
        readerOf: () => ({ kind: 'here', list: name.address }),
      });
      const way = talk.route(told!.to);
      assert.ok(way.kind === 'bounce');
      const came: Entry = { ...arrived(talk.newId(), '', told!.to, talk.now), cause: told!.entries[0]!.cause };
      const tools = { ...talk.tools, providerOf: () => 'others', onDue: () => {} };
      return answered(await handleBounce(came, Buffer.from(told!.messages[0]!.body), way, talk.list, tools)).result;
    },
    recorded: async () => (await store.bounces(100)).map(({ address, number, how }) => `${address} ${number} ${how}`),
  };
  return Object.assign(talk, more);
}

test('a report under a valid MAC is recorded against the member and the post', async (t) => {
  const talk = await bounceTalk(t, { subscriber: [ann, long] });
  for (const who of [ann, long]) {
    const to = await talk.verp(who);
    assert.equal(to.startsWith('return.'), who === long);
    assert.equal(await talk.bounce(to), 'bounce recorded');
    assert.equal(await talk.bounce(to.toUpperCase()), 'bounce recorded', 'letter case does not matter');
  }
  assert.deepEqual(await talk.recorded(), [`${long} 17 mail`, `${long} 17 mail`, `${ann} 17 mail`, `${ann} 17 mail`]);
  assert.equal((await talk.list.store.bounces(1))[0]!.text, '550 5.1.1 <ann@example.net>: nobody here');
});

test('the same entry is recorded once, however often the stage runs', async (t) => {
  const talk = await bounceTalk(t, { subscriber: [ann] });
  const to = await talk.verp(ann);
  const way = talk.route(to);
  assert.ok(way.kind === 'bounce');
  const entry = arrived(talk.newId(), '', to, talk.now);
  for (let run = 0; run < 3; run++)
    await handleBounce(entry, Buffer.from(reportOf()), way, talk.list, {
      ...talk.tools,
      providerOf: () => 'others',
      onDue: () => {},
    });
  assert.equal((await talk.recorded()).length, 1);
});

test('what is forged changes nothing and is logged', async (t) => {
  const talk = await bounceTalk(t, { subscriber: [ann, long] });
  const real = await talk.verp(ann);
  const opaque = await talk.verp(long);
  const at = real.indexOf('.') + 1;
  const forged = [
    `news-return-17-ann=example.net@${host}`,
    `news-return-@${host}`,
    `news-return-17.aaaaaaaa-ann=example.net@${host}`,
    real.replace('return-17.', 'return-18.'),
    real.replace('ann=', 'bob='),
    ...[0, 3, 7].map((n) => real.slice(0, at + n) + (real[at + n] === 'b' ? 'c' : 'b') + real.slice(at + n + 1)),
    opaque.replace(/\.[a-z2-7]{8}@/, '.aaaaaaaa@'),
    opaque.replace(/\.[a-z2-7]+(\.[a-z2-7]{8}@)/, '.b$1'),
    opaque.replace(/\.[a-z2-7]+(\.[a-z2-7]{8}@)/, '.7777777$1'),
  ];
  for (const to of forged) assert.equal(await talk.bounce(to), 'ignored: no valid MAC', to);
  assert.deepEqual(await talk.recorded(), []);
  assert.equal(talk.logged.filter((line) => line.startsWith('bounce.ignored ')).length, forged.length);
});

test("another list's or another address's MAC proves nothing here", async (t) => {
  const talk = await bounceTalk(t, { subscriber: [ann] });
  const other = await bounceTalk(t, { subscriber: [ann] });
  assert.equal(await talk.bounce(await other.verp(ann)), 'ignored: no valid MAC');
});

test('digest members are found in their own role', async (t) => {
  const talk = await bounceTalk(t, { subscriber: [ann], digest: [ann, 'dan@example.net'] });
  const digest = await talk.list.store.memberOf('digest', ann);
  await talk.bounce(await talk.verp(ann, 4, 'news-digest'));
  assert.equal((await talk.list.store.bounces(1))[0]!.member, digest!.id);
  assert.equal(await talk.bounce(await talk.verp('dan@example.net', 5)), 'bounce recorded');
});

test('who has left is not counted, nor who never was there', async (t) => {
  const talk = await bounceTalk(t, { subscriber: [ann, long] });
  const addresses = [await talk.verp(ann), await talk.verp(long), await talk.verp('carl@example.net')];
  const both = [ann, long].map((text) => parseAddress(text)!);
  await talk.list.store.remove('subscriber', both, { id: talk.newId(), tag: '', at: talk.now });
  for (const to of addresses) assert.equal(await talk.bounce(to), 'ignored: no member');
  assert.deepEqual(await talk.recorded(), []);
});

test('a report that was delayed, relayed or delivered, a vacation and a person do not count', async (t) => {
  const talk = await bounceTalk(t, { subscriber: [ann] });
  const to = await talk.verp(ann);
  for (const action of ['delayed', 'delivered', 'relayed', 'expanded']) {
    assert.equal(await talk.bounce(to, reportOf({ action, status: '4.4.1' })), 'ignored: only news');
  }
  const vacation = plainBounce({ from: ann, fields: ['Auto-Submitted: auto-replied'] });
  assert.equal(await talk.bounce(to, vacation), 'ignored: automatic mail');
  assert.equal(await talk.bounce(to, plainBounce({ from: ann }), ann), 'ignored: no bounce');
  assert.deepEqual(await talk.recorded(), []);
});

test('nothing that comes back is answered, and no octets make the stage fail', async (t) => {
  const talk = await bounceTalk(t, { subscriber: [ann] });
  const to = await talk.verp(ann);
  for (let n = 0; n < 200; n++) {
    const report = Buffer.from(reportOf());
    const at = Math.floor(Math.random() * report.length);
    const noise = randomBytes(1 + (n % 40));
    const message =
      n % 4 === 0
        ? randomBytes(n * 20)
        : Buffer.concat([report.subarray(0, at), noise, report.subarray(at + noise.length)]);
    assert.match(await talk.bounce(to, message), /^(?:bounce recorded|ignored: .+)$/);
  }
  for (const { text } of await talk.list.store.bounces(1_000)) {
    assert.ok(text.length > 0 && text.length <= 500);
    assert.doesNotMatch(text, /[\u0000-\u001f\u007f-\u009f]/);
  }
});

const complaint = [
  'From: feedback@example.com',
  'MIME-Version: 1.0',
  'Content-Type: multipart/report; report-type=feedback-report; boundary=b',
  '',
  '--b',
  'Content-Type: message/feedback-report',
  '',
  'Feedback-Type: abuse',
  'User-Agent: x/1',
  'Version: 1',
  '--b',
  'Content-Type: message/rfc822',
  '',
  'From: somebody@example.org',
  'Return-Path: <FROM>',
  '',
  'A post.',
  '--b--',
  '',
].join('\r\n');

test('a complaint ends what gets mail at once, whatever address it comes to, and no import brings it back', async (t) => {
  for (const way of ['VERP', 'bare']) {
    const talk = await bounceTalk(t, { subscriber: [ann, long], digest: [ann], allow: [ann] });
    const { store, suppressions } = talk.list;
    const verp = await talk.verp(ann);
    const to = way === 'VERP' ? verp : `news-return-@${host}`;
    const message = complaint.replace('FROM', verp);
    assert.equal(await talk.bounce(to, message, 'feedback@example.com'), 'complaint: unsubscribed and suppressed');
    assert.deepEqual(await store.rolesOf(ann), ['allow']);
    assert.equal(await store.count('subscriber'), 1);
    assert.deepEqual(await suppressions.among([ann, long]), [ann]);
    assert.deepEqual(await talk.recorded(), [`${ann} 17 complaint`]);
  }
});

test('a forged complaint ends nothing', async (t) => {
  const talk = await bounceTalk(t, { subscriber: [ann] });
  const wrong = (await talk.verp(ann)).replace(/\.[a-z2-7]{8}-/, '.aaaaaaaa-');
  for (const to of [wrong, `news-return-@${host}`, `news-return-17-ann=example.net@${host}`])
    assert.equal(await talk.bounce(to, complaint.replace('FROM', wrong)), 'ignored: no valid MAC');
  assert.equal(await talk.list.store.count('subscriber'), 1);
  assert.deepEqual(await talk.list.suppressions.among([ann]), []);
});

test('a complaint of a post does not end the membership that was confirmed after it', async (t) => {
  const talk = await bounceTalk(t, { subscriber: [ann] });
  const { store, suppressions } = talk.list;
  talk.now += 1_000;
  const post = { from: ann, messageId: '<1@x.example>', size: 9, subject: 'x', at: talk.now, cause: 'p' };
  await store.recordPost({ ...post, number: 1 });
  const to = await talk.verp(ann, 1);
  const complained = (): Promise<string> => talk.bounce(to, complaint, 'feedback@example.com');
  assert.equal(await complained(), 'complaint: unsubscribed and suppressed');
  talk.now += 1_000;
  const { sent } = await talk.write(ann, `news-subscribe@${host}`);
  assert.equal((await talk.write(ann, replyAddress(sent[0]!))).result, 'subscribed');
  assert.equal(await complained(), 'ignored: a post from before the membership');
  assert.equal(await store.count('subscriber'), 1);
  assert.deepEqual(await suppressions.among([ann]), []);
  await store.recordPost({ ...post, number: 2, cause: 'q', at: talk.now });
  assert.match(await talk.bounce(await talk.verp(ann, 2), complaint), /^complaint/);
});

const dead = '451 4.4.1 connect ECONNREFUSED 192.0.2.1:25';
const neverReached = `550 5.4.7 given up after 120 hours; the last reply: ${dead}`;
const mx = 'mx.example.net[192.0.2.1]';

/** What brought the member onto the ladder, and how the delivery of the warning ended. */
const warnings: readonly [post: string, warning: string, host: string, result: string][] = [
  ['550 No such user here', '550 No such user here', mx, 'bounce: returned'],
  ['550 5.1.1 unknown', '550 5.1.1 unknown', mx, 'bounce: returned'],
  ['550 5.1.2 there is no such domain', '550 5.1.2 there is no domain example.net', '', 'bounce: returned'],
  [neverReached, dead, mx, 'bounce: returned'],
  [neverReached, '451 4.4.4 it has no address', 'mx.example.net', 'bounce: returned'],
  [neverReached, '550 5.1.1 unknown', mx, 'bounce: returned'],
  [neverReached, '451 4.4.2 the peer did not answer in time', mx, 'bounce recorded'],
  [neverReached, '452 4.2.2 mailbox full', mx, 'bounce recorded'],
  ['550 5.1.1 unknown', '450 4.1.1 <ann@example.net>: Recipient address rejected: User unknown', mx, 'bounce recorded'],
  ['550 5.1.1 unknown', dead, mx, 'bounce recorded'],
  ['550 5.1.1 unknown', '554 5.7.1 blocked using zen.example', mx, 'bounce recorded'],
  ['550 5.1.1 unknown', '451 4.3.2 the lane is paused by the operator', '', 'bounce recorded'],
];

test('a warning that our own delivery gives up or is refused is judged as the post was', async (t) => {
  for (const [post, warning, host, result] of warnings) {
    const talk = await bounceTalk(t, { subscriber: [ann] });
    const { store } = talk.list;
    const tools = { ...talk.tools, providerOf: () => 'others', onDue: () => {} };
    for (const number of [1, 2, 3]) {
      const at = talk.now + number * 7 * 86_400_000;
      const cause = `post ${number}`;
      await recordRefusals(talk.list, [{ member: 1, address: ann, number, host, reply: post, at, cause }], tools);
    }
    const rules = { ...bounceRulesOf(await talk.list.settings()), threshold: 1 };
    const { steps } = await store.takeSteps(talk.now + 40 * 86_400_000, rules, 10);
    assert.equal(steps.length, 1, post);
    const since = steps[0]!.standing.since;
    const sender = stepSender(talk.list.name, 'warn', since, { id: 1, address: ann }, await talk.list.keys());
    const handled = await talk.refuse(sender, warning, host);
    assert.equal(handled, result, `${post}, then ${warning}`);
  }
});

/** How the delivery of a confirmation ended, and whether its answer still makes a member. */
const confirmations: readonly [reply: string, host: string, isOpen: boolean][] = [
  ['550 5.1.1 nobody here', mx, false],
  ['550 No such user here', mx, false],
  ['550 5.1.10 example.net takes no mail (null MX)', '', false],
  ['450 4.1.1 unknown user', mx, true],
  ['452 4.2.2 mailbox full', mx, true],
  ['554 5.7.1 blocked using zen.example', mx, true],
  [dead, mx, true],
];

test('a confirmation that is refused for good makes no member, whoever answers it', async (t) => {
  for (const [reply, at, isOpen] of confirmations) {
    const talk = await bounceTalk(t, {});
    const { sent } = await talk.write(ann, `news-subscribe@${host}`);
    assert.equal((await talk.refuse(sent[0]!.entry.sender, reply, at)).includes('closed'), !isOpen, reply);
    await talk.write('eve@evil.example', replyAddress(sent[0]!));
    assert.equal((await talk.list.store.memberOf('subscriber', ann)) !== undefined, isOpen, reply);
  }
});

test('refusals during delivery are recorded once each', async (t) => {
  const talk = await bounceTalk(t, { subscriber: [ann] });
  const { id } = (await talk.list.store.memberOf('subscriber', ann))!;
  const refusal = {
    member: id,
    address: ann,
    number: 3,
    host: '',
    reply: `550 ${'x'.repeat(900)}\r\n\0`,
    at: talk.now,
  };
  for (let run = 0; run < 2; run++) {
    await recordRefusals(
      talk.list,
      [
        { ...refusal, cause: 'a' },
        { ...refusal, cause: 'b', number: 4 },
      ],
      { ...talk.tools, providerOf: () => 'others', onDue: () => {} },
    );
  }
  assert.deepEqual(await talk.recorded(), [`${ann} 4 refused`, `${ann} 3 refused`]);
  assert.equal((await talk.list.store.bounces(1))[0]!.text.length, 500);
});

// BSD-2-Clause mail of github.com/sisimai/set-of-emails, beside rows of what each says.
const corpora = process.env['EZLM_CORPORA'];

test(
  'real bounces at a return path are put down to its member, and none of them leads further than to a warning',
  { skip: corpora ? false : 'EZLM_CORPORA is not set' },
  async (t) => {
    const home = join(corpora!, 'sisimai');
    const rows: { file: string; hard: boolean }[] = JSON.parse(await readFile(join(home, 'expected.json'), 'utf8'));
    const files = [...new Set(rows.map(({ file }) => file))];
    const members = files.map((_, at) => `member-${at}@example.net`);
    const talk = await bounceTalk(t, { subscriber: members });
    const { store } = talk.list;
    for (const [at, file] of files.entries())
      await talk.bounce(await talk.verp(members[at]!), await readFile(join(home, 'bounces', file)));
    const recorded = await store.bounces(10_000);
    assert.deepEqual(
      recorded.filter(({ member, address }) => members[member - 1] !== address),
      [],
    );
    const softFiles = new Set(files.filter((file) => !rows.some((row) => row.file === file && row.hard)));
    const climbing: string[] = [];
    let blamed = 0;
    for await (const page of store.standings())
      for (const { address, standing } of page) {
        assert.equal(standing.state, 'ok');
        if (standing.score > 0) blamed++;
        if (standing.due !== undefined) climbing.push(files[members.indexOf(address)]!);
      }
    t.diagnostic(`${recorded.length} of ${files.length} recorded, ${climbing.length} would be warned`);
    assert.ok(climbing.filter((file) => softFiles.has(file)).length <= 3);
    assert.ok(blamed >= 0.94 * (files.length - softFiles.size));
    const complaints = recorded.filter(({ how }) => how === 'complaint').length;
    assert.equal(await store.count('subscriber'), files.length - complaints);
  },
);

test('ten thousand forged bounces move nothing', async (t) => {
  const talk = await bounceTalk(t, { subscriber: [ann] });
  const real = await talk.verp(ann);
  const [, mac] = /\.([a-z2-7]{8})-/.exec(real)!;
  for (let n = 0; n < 10_000; n++) {
    const wrong = n
      .toString(32)
      .padStart(8, 'a')
      .replace(/[018-9w-z]/g, 'b')
      .slice(-8);
    if (wrong !== mac) assert.equal(await talk.bounce(real.replace(mac!, wrong)), 'ignored: no valid MAC');
  }
  assert.deepEqual(await talk.recorded(), []);
});
