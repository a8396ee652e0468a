import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseAddress } from '../../src/mail/address.ts';
import { type Dialogue, type Sent, startDialogue } from '../helpers/dialogue.ts';
import { fieldOf, replyAddress } from '../helpers/letter.ts';

const ann = 'ann@example.net';
const bob = 'bob@example.com';
const eve = 'eve@evil.example';
const host = 'lists.example.org';
const dayMs = 86_400_000;

async function isMember({ list }: Dialogue, who: string, role: 'subscriber' | 'digest' | 'allow' = 'subscriber') {
  return (await list.store.memberOf(role, who)) !== undefined;
}

async function joined({ list, newId, now }: Dialogue, who: string, role: 'subscriber' | 'digest' = 'subscriber') {
  await list.store.add(role, [parseAddress(who)!], { id: newId(), tag: 'manual', at: now });
}

function only(sent: readonly Sent[], to: string): Sent {
  assert.deepEqual(
    sent.map(({ entry }) => entry.recipient),
    [to],
  );
  return sent[0]!;
}

function textOf({ message }: Sent): string {
  return message
    .slice(message.indexOf('\r\n\r\n') + 4)
    .replaceAll('=\r\n', '')
    .replaceAll('=3D', '=');
}

for (const [prefix, role] of [
  ['', 'subscriber'],
  ['digest-', 'digest'],
] as const) {
  test(`the ${role} role is joined and left by answering a request`, async (t) => {
    const talk = await startDialogue(t);
    const asked = only((await talk.write(ann, `news-${prefix}subscribe@${host}`)).sent, ann);
    assert.ok(replyAddress(asked).startsWith(`news-${prefix}sc.`));
    assert.equal(await isMember(talk, ann, role), false);
    assert.ok(textOf(asked).includes(replyAddress(asked)));
    assert.equal(textOf(asked).includes('the digest of'), role === 'digest');
    const welcome = await talk.write('ann.other@work.example', replyAddress(asked), { subject: 'Re: AW: quoted' });
    assert.equal(welcome.result, 'subscribed');
    assert.match(fieldOf(only(welcome.sent, ann), 'Subject')!, /^Welcome/);
    assert.equal(await isMember(talk, ann, role), true);
    const asked2 = only((await talk.write(ann, `news-${prefix}unsubscribe@${host}`)).sent, ann);
    const done = await talk.write(ann, replyAddress(asked2));
    assert.equal(done.result, 'unsubscribed');
    assert.match(fieldOf(only(done.sent, ann), 'Subject')!, /^You have left/);
    assert.equal(await isMember(talk, ann, role), false);
  });
}

test('the allow role is changed by the confirmation without a second mail', async (t) => {
  const talk = await startDialogue(t);
  for (const [word, isThere] of [
    ['subscribe', true],
    ['unsubscribe', false],
  ] as const) {
    const asked = only((await talk.write(ann, `news-allow-${word}@${host}`)).sent, ann);
    assert.match(textOf(asked), /may\s+post to/);
    assert.deepEqual((await talk.write(ann, replyAddress(asked))).sent, []);
    assert.equal(await isMember(talk, ann, 'allow'), isThere);
  }
});

test('forms that this list does not work on are refused', async (t) => {
  const talk = await startDialogue(t);
  const words = ['deny-subscribe', 'deny-help', 'list', 'log', 'index.1', 'index', 'edit', 'accept-x', 'request'];
  const tokens = ['tc', 'rc', 'vc', 'wc', 'deny-sc'].map((word) => `${word}.aaaaaaaaa-ann=example.net`);
  for (const word of [...words, ...tokens]) {
    assert.equal((await talk.write(ann, `news-${word}@${host}`)).result, '550', word);
  }
});

test('help, info and faq answer; help and unknown words answer the writer only', async (t) => {
  const talk = await startDialogue(t, { title: 'News of "the" <world>' });
  for (const [word, to, subject] of [
    ['help', ann, 'Help for'],
    ['info', ann, 'About'],
    ['faq', ann, 'Questions'],
    ['help-bob=example.com', eve, 'Help for'],
    ['info-bob=example.com', bob, 'About'],
  ] as const) {
    const from = to === ann ? ann : eve;
    const { message, entry } = only((await talk.write(from, `news-${word}@${host}`)).sent, to);
    assert.ok(fieldOf({ message }, 'Subject')!.startsWith(subject));
    assert.equal(entry.list, talk.list.name.address);
  }
  only((await talk.write(bob, `news-gibberish-carl=example.com@${host}`)).sent, bob);
});

test('a query tells the address itself whether it is on the list', async (t) => {
  const talk = await startDialogue(t);
  await joined(talk, ann);
  assert.match(textOf(only((await talk.write(eve, `news-query-ann=example.net@${host}`)).sent, ann)), /: it is\./);
  assert.match(textOf(only((await talk.write(bob, `news-query@${host}`)).sent, bob)), /: it is not\./);
  assert.match(
    textOf(only((await talk.write(ann, `news-digest-query@${host}`)).sent, ann)),
    /digest.*\s*.*: it is not\./,
  );
});

test('what is true already is said instead of being asked for', async (t) => {
  const talk = await startDialogue(t);
  await joined(talk, ann);
  const already = await talk.write(ann, `news-subscribe@${host}`);
  assert.match(fieldOf(only(already.sent, ann), 'Subject')!, /subscribed to .* already/);
  assert.match(
    fieldOf(only((await talk.write(bob, `news-unsubscribe@${host}`)).sent, bob), 'Subject')!,
    /not subscribed/,
  );
});

test('every mail we write says what it is and cannot be answered by a machine', async (t) => {
  const talk = await startDialogue(t);
  const { entry, message } = only((await talk.write(ann, `news-subscribe@${host}`)).sent, ann);
  assert.match(entry.sender, new RegExp(`^news-return-0\\.[a-z2-7]{8}-ann=example\\.net@${host}$`));
  assert.equal(entry.kind, 'mail');
  const wanted: [string, RegExp][] = [
    ['Auto-Submitted', /^auto-replied$/],
    ['List-Id', /<news\.lists\.example\.org>/],
    ['List-Help', /<mailto:news-help@/],
    ['List-Unsubscribe', /<mailto:news-unsubscribe@/],
    ['List-Owner', /<mailto:news-owner@/],
    ['List-Post', /<mailto:news@/],
    ['Message-ID', /^<[0-9a-v]{18}@lists\.example\.org>$/],
    ['Date', /^Mon, 03 Aug 2026 10:00:00 \+0000$/],
    ['In-Reply-To', /^<hello\.ann@example\.net>$/],
    ['From', /news-help@lists\.example\.org/],
    ['To', /^<ann@example\.net>$/],
  ];
  for (const [name, pattern] of wanted) assert.match(fieldOf({ message }, name) ?? '', pattern, name);
  // What we write would stop at our own guards.
  const back = await talk.write(bob, `news-subscribe@${host}`, { message });
  assert.equal(back.result, 'ignored: automatic mail');
});

test('an answer to an address of our own domain goes round through the queue', async (t) => {
  const talk = await startDialogue(t);
  const [{ entry }] = (await talk.write(`carl@${host}`, `news-subscribe@${host}`)).sent as [Sent];
  assert.equal(entry.kind, 'arrived');
});

test('a mail to a third person holds nothing that the sender chose', async (t) => {
  const talk = await startDialogue(t);
  const marked = ['From: MARK <mark@evil.example>', 'Subject: MARK', 'Message-ID: <MARK@evil.example>'];
  const more = ['Reply-To: MARK@evil.example', 'References: <MARK@evil.example>', 'X-MARK: MARK', 'Date: MARK'];
  const message = [...marked, ...more, '', 'MARK', ''].join('\r\n');
  for (const word of ['subscribe', 'unsubscribe', 'query', 'info', 'faq']) {
    const { sent } = await talk.write(eve, `news-${word}-ann=example.net@${host}`, { message });
    const mail = only(sent, ann);
    assert.doesNotMatch(mail.message, /mark|evil|in-reply-to|references/i, word);
  }
});

test('In-Reply-To is written to the writer only, for plain ids of at most 200 octets', async (t) => {
  const talk = await startDialogue(t, {}, { perAction: 100, perAddress: 100 });
  for (const [id, isKept] of [
    ['<a@b>', true],
    [`<${'a'.repeat(198)}>`, true],
    [`<${'a'.repeat(199)}>`, false],
    ['<a b>', false],
    ['<\u00e9@b>', false],
    ['<a>b>', false],
    ['a@b', false],
    ['<>', false],
    ['<a\u0007@b>', false],
  ] as const) {
    const message = `From: ${ann}\r\nMessage-ID: ${id}\r\n\r\nhelp\r\n`;
    const mail = only((await talk.write(ann, `news-help@${host}`, { message })).sent, ann);
    assert.equal(fieldOf(mail, 'In-Reply-To'), isKept ? id : undefined, id);
  }
});

test('the sender that forwarders and hosts rewrite is still the person', async (t) => {
  const talk = await startDialogue(t);
  for (const sender of ['SRS0=HHH=TT=example.net=ann@fwd.example', 'prvs=123456789a=bob@example.com']) {
    const to = sender.includes('ann') ? ann : bob;
    const mail = only((await talk.write(sender, `news-subscribe@${host}`)).sent, to);
    assert.notEqual(fieldOf(mail, 'In-Reply-To'), undefined);
  }
});

test('while a request is open nobody is mailed again, after the answer they are', async (t) => {
  const talk = await startDialogue(t, {}, { perAction: 50, perAddress: 100 });
  const asked = only((await talk.write(ann, `news-subscribe@${host}`)).sent, ann);
  for (const from of [ann, eve]) {
    const again = await talk.write(from, `news-subscribe-ann=example.net@${host}`);
    assert.deepEqual(again, { result: 'ignored: a request is open', sent: [] });
  }
  await talk.write(ann, replyAddress(asked));
  await talk.write(ann, replyAddress(only((await talk.write(ann, `news-unsubscribe@${host}`)).sent, ann)));
  only((await talk.write(ann, `news-subscribe@${host}`)).sent, ann);
});

test('a hundred forged mails of any kind send the victim at most their share', async (t) => {
  const talk = await startDialogue(t);
  let mails = 0;
  const words = ['subscribe', 'unsubscribe', 'query', 'info', 'faq', 'digest-subscribe', 'allow-subscribe', 'help'];
  for (let n = 0; n < 100; n++) {
    const word = words[n % words.length]!;
    const to = n % 2 === 0 ? `news-${word}-ann=example.net@${host}` : `news-${word}@${host}`;
    const { sent } = await talk.write(n % 2 === 0 ? `eve${n}@evil.example` : ann, to);
    mails += sent.filter(({ entry }) => entry.recipient === ann).length;
  }
  assert.equal(mails, 5);
  talk.now += dayMs + 1;
  const { sent } = await talk.write(ann, `news-info@${host}`);
  assert.equal(sent.length, 1);
});

test('an answered request no longer counts: joining and leaving go on the same day', async (t) => {
  const talk = await startDialogue(t);
  for (let round = 0; round < 8; round++) {
    const word = round % 2 === 0 ? 'subscribe' : 'unsubscribe';
    const asked = only((await talk.write(ann, `news-${word}@${host}`)).sent, ann);
    only((await talk.write(ann, replyAddress(asked))).sent, ann);
  }
});

test('without confirmation only the writer is changed at once; a third person is still asked', async (t) => {
  const talk = await startDialogue(t, { subscribeConfirm: false, unsubscribeConfirm: false });
  assert.equal((await talk.write(ann, `news-subscribe@${host}`)).result, 'subscribed');
  assert.equal(await isMember(talk, ann), true);
  const asked = only((await talk.write(eve, `news-subscribe-bob=example.com@${host}`)).sent, bob);
  assert.ok(replyAddress(asked).startsWith('news-sc.'));
  assert.equal(await isMember(talk, bob), false);
  assert.equal((await talk.write(ann, `news-unsubscribe@${host}`)).result, 'unsubscribed');
  assert.equal(await isMember(talk, ann), false);
});

test('without confirmation a forged sender is not mailed without end', async (t) => {
  const talk = await startDialogue(t, { subscribeConfirm: false, unsubscribeConfirm: false });
  let mails = 0;
  for (let n = 0; n < 20; n++) {
    const word = n % 2 === 0 ? 'subscribe' : 'unsubscribe';
    mails += (await talk.write(ann, `news-${word}@${host}`)).sent.length;
  }
  assert.equal(mails, 2);
});

test('a list that is not public answers help only', async (t) => {
  const talk = await startDialogue(t);
  const asked = only((await talk.write(ann, `news-subscribe@${host}`)).sent, ann);
  const closed = await startDialogue(t, { public: false });
  for (const word of ['info', 'faq', 'query', 'subscribe', 'unsubscribe']) {
    assert.equal((await closed.write(ann, `news-${word}@${host}`)).result, 'ignored: not offered');
  }
  assert.equal((await closed.write(ann, replyAddress(asked))).result, 'ignored: not offered');
  only((await closed.write(ann, `news-help@${host}`)).sent, ann);
});

test('a stage that runs again after a crash does everything once', async (t) => {
  const talk = await startDialogue(t, { unsubscribeConfirm: false });
  const id = talk.newId();
  const first = await talk.write(ann, `news-subscribe@${host}`, { id });
  const again = await talk.write(ann, `news-subscribe@${host}`, { id });
  assert.equal(replyAddress(only(first.sent, ann)), replyAddress(only(again.sent, ann)));
  assert.equal(first.sent[0]!.entry.cause, again.sent[0]!.entry.cause);
  for (const to of [replyAddress(first.sent[0]!), `news-unsubscribe@${host}`]) {
    const cause = talk.newId();
    const once = await talk.write(ann, to, { id: cause });
    const twice = await talk.write(ann, to, { id: cause });
    assert.equal(twice.result, once.result);
    assert.equal(fieldOf(twice.sent[0]!, 'Subject'), fieldOf(once.sent[0]!, 'Subject'));
    assert.equal(twice.sent[0]!.entry.cause, once.sent[0]!.entry.cause);
  }
  const lines: string[] = [];
  for await (const page of talk.list.store.log()) lines.push(...page.map(({ event }) => event));
  assert.deepEqual(lines, ['+', '-']);
});

test('the log of the list keeps who confirmed', async (t) => {
  const talk = await startDialogue(t);
  const asked = only((await talk.write(ann, `news-subscribe@${host}`)).sent, ann);
  const message = 'From: =?UTF-8?Q?=C3=84nn?=\r\n\t<ann@work.example>\r\n\r\nyes\r\n';
  await talk.write('ann@work.example', replyAddress(asked), { message });
  for await (const [line] of talk.list.store.log()) assert.equal(line!.note, '\u00c4nn <ann@work.example>');
});
