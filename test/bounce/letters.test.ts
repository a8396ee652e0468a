import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { alarmLetter, type Posted, stepLetter, summaryLetter } from '../../src/bounce/letters.ts';
import { prove } from '../../src/bounce/proof.ts';
import type { TakenStep } from '../../src/list/bounce-store.ts';
import { firm, type Grounds, type Step } from '../../src/list/ladder.ts';
import { parseHeader, valueOf } from '../../src/mail/header.ts';
import { localPartOctetsMost, parseAddress } from '../../src/mail/address.ts';
import { type Dialogue, startDialogue } from '../helpers/dialogue.ts';

const ann = 'ann@example.net';
const since = Date.UTC(2026, 2, 1, 12, 34);
const host = 'lists.example.org';

/** A step that ann's standing led to. */
function taken(step: Step, more: Partial<TakenStep> & { grounds?: Grounds } = {}): TakenStep {
  const { grounds = 'address', ...rest } = more;
  const state = step === 'warn' ? 'warned' : 'probed';
  return {
    member: 1,
    role: 'subscriber',
    address: ann,
    standing: { ...firm, state, since, grounds, began: since },
    step,
    missed: [],
    missedCount: 0,
    reason: 'userunknown',
    text: '550 5.1.1 <ann@example.net>: nobody & nothing "here"',
    ...rest,
  };
}

interface Letters extends Dialogue {
  readonly of: (one: TakenStep) => Promise<Posted & { readonly text: string; readonly subject: string }>;
}

async function letters(t: TestContext, settings: Record<string, unknown> = {}): Promise<Letters> {
  const talk = await startDialogue(t, settings);
  await talk.list.store.add('subscriber', [parseAddress(ann)!], { id: 'a', tag: '', at: since });
  return { ...talk, of: async (one) => read(await stepLetter(talk.list, one, talk.tools)) };
}

function read(posted: Posted): Posted & { text: string; subject: string } {
  const body = Buffer.from(posted.message.body);
  return { ...posted, text: decoded(body.toString('utf8')), subject: valueOf(parseHeader(body), 'subject') ?? '' };
}

test("the envelope sender of a warning and of a probe leads back to this member's step", async (t) => {
  const talk = await letters(t);
  for (const step of ['warn', 'probe'] as const) {
    const { entry, message } = await talk.of(taken(step));
    assert.deepEqual([entry.recipient, entry.kind, entry.list], [ann, 'mail', `news@${host}`]);
    assert.equal(entry.message, message.id);
    assert.ok(entry.sender.lastIndexOf('@') <= localPartOctetsMost);
    const way = talk.route(entry.sender);
    assert.ok(way.kind === 'bounce' && way.step);
    assert.deepEqual(await prove(talk.list, way), {
      address: ann,
      role: 'subscriber',
      member: 1,
      number: 0,
      step: { step, since },
    });
  }
});

test('the same step has the same sender and the same cause, however often it is written', async (t) => {
  const talk = await letters(t);
  const [one, again] = [await talk.of(taken('warn')), await talk.of(taken('warn'))];
  assert.equal(one.entry.sender, again.entry.sender);
  assert.equal(one.entry.cause, again.entry.cause);
  const others = [
    taken('probe'),
    taken('warn', { member: 2 }),
    taken('warn', { standing: { ...firm, state: 'warned', since: since + 60_000, grounds: 'address' } }),
  ];
  for (const other of others) assert.notEqual((await talk.of(other)).entry.cause, one.entry.cause);
});

test('mail to a domain of ours goes round through the queue', async (t) => {
  const talk = await letters(t);
  assert.equal((await talk.of(taken('warn', { address: `ann@${host}` }))).entry.kind, 'arrived');
});

const reasons: readonly [grounds: Grounds, words: RegExp][] = [
  ['address', /says that nobody can be reached at this address/],
  ['unreachable', /no mail server of your domain has taken a connection/],
  ['full', /your mailbox has been full/],
];

test('a warning says the real reason and no other, and the words of the host as they are', async (t) => {
  const talk = await letters(t);
  for (const [grounds] of reasons) {
    const { text, subject } = await talk.of(taken('warn', { grounds }));
    for (const [other, words] of reasons) assert.equal(words.test(text), other === grounds, `${grounds}: ${other}`);
    assert.match(text, /550 5\.1\.1 <ann@example\.net>: nobody & nothing "here"/);
    assert.match(subject, /news@lists\.example\.org/);
  }
});

test('it is automatic, to one, and from the list; a reply asks for help', async (t) => {
  const talk = await letters(t);
  const { message } = await talk.of(taken('probe'));
  const header = parseHeader(Buffer.from(message.body));
  assert.equal(valueOf(header, 'auto-submitted'), 'auto-generated');
  assert.equal(valueOf(header, 'to'), `<${ann}>`);
  assert.match(valueOf(header, 'from') ?? '', /news-help@lists\.example\.org/);
  assert.match(valueOf(header, 'list-id') ?? '', /news\.lists\.example\.org/);
});

test('what follows is said as the list has chosen it', async (t) => {
  const removing = await letters(t);
  assert.match((await removing.of(taken('warn'))).text, /your subscription ends/);
  assert.match((await removing.of(taken('probe'))).text, /your subscription ends[^]*news-subscribe@/);
  const suspending = await letters(t, { bounces: 'suspend' });
  for (const step of ['warn', 'probe'] as const) {
    const { text } = await suspending.of(taken(step));
    assert.doesNotMatch(text, /your subscription ends/);
    assert.match(text, /send you no(?:thing)? more/);
  }
});

test('the posts that were missed are listed, with how to fetch them', async (t) => {
  const talk = await letters(t);
  const missed = [1, 2, 3].map((number) => ({ number, subject: `Grüße & <b>${number}</b>` }));
  const { text } = await talk.of(taken('warn', { missed, missedCount: 45 }));
  for (const { number, subject } of missed) assert.ok(text.includes(`${number}  ${subject}`), text);
  assert.match(text, /and 42 more/);
  assert.match(text, /news-get\.NUMBER@lists\.example\.org/);
  const none = await talk.of(taken('warn'));
  assert.doesNotMatch(none.text, /did not reach you|news-get|and \d+ more/);
  const all = await talk.of(taken('warn', { missed, missedCount: 3 }));
  assert.doesNotMatch(all.text, /and \d+ more/);
});

test('without an archive nothing can be fetched', async (t) => {
  const talk = await letters(t, { archived: false });
  const { text } = await talk.of(taken('warn', { missed: [{ number: 1, subject: 'x' }], missedCount: 1 }));
  assert.match(text, /1 {2}x/);
  assert.doesNotMatch(text, /news-get/);
});

test('a reader of the digest is told that it is the digest', async (t) => {
  const talk = await letters(t);
  for (const step of ['warn', 'probe'] as const) {
    const { text } = await talk.of(taken(step, { role: 'digest' }));
    assert.match(text, /the digest of/);
    if (step === 'probe') assert.match(text, /news-digest-subscribe@/);
    assert.doesNotMatch((await talk.of(taken(step))).text, /the digest of/);
  }
});

test('words of a host and subjects of posts cannot become header fields or a second mail', async (t) => {
  const talk = await letters(t);
  const evil = 'x\r\nBcc: eve@example.net\r\n\r\n.\r\n';
  const { text } = await talk.of(taken('warn', { text: evil, missed: [{ number: 1, subject: evil }], missedCount: 1 }));
  const [header] = text.split('\r\n\r\n');
  assert.doesNotMatch(header!, /eve/);
  assert.doesNotMatch(header!, /^bcc/im);
});

test('the words of a host are cut', async (t) => {
  const talk = await letters(t);
  const { text } = await talk.of(taken('warn', { text: 'y'.repeat(2_000) }));
  assert.doesNotMatch(text, /y{301}/);
});

const alarm = { at: since, count: 12, host: 'mx.example.net', text: '550 5.7.26 DMARC' };

/** Reasons, and what the owner is told to look at first. */
const causes: readonly [reason: string, words: RegExp][] = [
  ['authfailure', /ezlm dns lists\.example\.org/],
  ['requireptr', /ezlm dns lists\.example\.org/],
  ['spamdetected', /look at the latest posts/],
  ['blocked', /blocklists/],
  ['badreputation', /blocklists/],
];

test('the owner is told of refusals with what to do, by the owner address', async (t) => {
  const talk = await letters(t);
  for (const [reason, words] of causes) {
    const { text, entry } = read(await alarmLetter(talk.list, { ...alarm, reason }, talk.tools));
    assert.deepEqual([entry.recipient, entry.sender, entry.kind], [`news-owner@${host}`, '', 'arrived']);
    for (const [other, others] of causes)
      assert.equal(others.test(text), String(others) === String(words), `${reason}: ${other}`);
    assert.match(text, /12 copies/);
    assert.match(text, /mx\.example\.net/);
    assert.match(text, /550 5\.7\.26 DMARC/);
    assert.match(text, /ezlm lane/);
  }
  const unknown = read(await alarmLetter(talk.list, { ...alarm, reason: 'blocked', host: '' }, talk.tools));
  assert.match(unknown.text, /from a host/);
});

test('a summary counts what came back, from where, and what became of the members', async (t) => {
  const talk = await letters(t);
  const summary = {
    byReason: [
      { reason: 'userunknown', count: 7, members: 3 },
      { reason: 'blocked', count: 2, members: 2 },
    ],
    byEvent: [
      { event: 'warned', count: 11 },
      { event: 'probed', count: 12 },
      { event: 'recovered', count: 13 },
      { event: '-probe', count: 14 },
      { event: 'suspended', count: 15 },
      { event: '-complaint', count: 16 },
    ],
    byDomain: [{ domain: 'example.net', count: 8 }],
  };
  const { text, entry, subject } = read(await summaryLetter(talk.list, summary, since, talk.tools));
  assert.equal(entry.recipient, `news-owner@${host}`);
  assert.match(subject, /2026-03-01/);
  assert.match(text, /9 copies/);
  for (const words of ['7  userunknown  (3 members)', '8  example.net', '11 warned', '12 asked', '13 well again'])
    assert.ok(text.includes(words), words);
  for (const words of ['14 removed', '15 suspended', '16 unsubscribed']) assert.ok(text.includes(words), words);
});

/** Quoted-printable as text. */
function decoded(text: string): string {
  const octets = text.replace(/=\r\n/g, '').replace(/=([0-9A-F]{2})/g, (_, hex: string) => `%${hex}`);
  return octets.replace(/(?:%[0-9A-F]{2})+/g, (some) => decodeURIComponent(some));
}
