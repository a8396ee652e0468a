import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { guardAgainst } from '../../src/command/guards.ts';
import { leaveAddress } from '../../src/list/leave-address.ts';
import { parseAddress } from '../../src/mail/address.ts';
import { parseHeader } from '../../src/mail/header.ts';
import { originalSender } from '../../src/mail/sender.ts';
import { anyAddress } from '../helpers/addresses.ts';
import { type Dialogue, startDialogue } from '../helpers/dialogue.ts';
import { fieldOf, replyAddress } from '../helpers/letter.ts';

const ann = 'ann@example.net';
const host = 'lists.example.org';
const dayMs = 86_400_000;
const long = `${'very-long-name.'.repeat(4)}x@example.net`;

/** Asks for a request; gives the address that confirms it. */
async function asked(talk: Dialogue, who = ann, word = 'subscribe'): Promise<string> {
  const { sent } = await talk.write(who, `news-${word}@${host}`);
  return replyAddress(sent[0]!);
}

/** The address with every other letter of base32 at one place. */
function changedAt(address: string, at: number): string[] {
  const letters = Array.from('abcdefghijklmnopqrstuvwxyz234567').filter((letter) => letter !== address[at]);
  return letters.map((letter) => address.slice(0, at) + letter + address.slice(at + 1));
}

test('a token works once, whoever sends it', async (t) => {
  const talk = await startDialogue(t);
  const to = await asked(talk);
  assert.equal((await talk.write(ann, to)).result, 'subscribed');
  await talk.list.store.remove('subscriber', [{ local: 'ann', domain: 'example.net', text: ann, canonical: ann }], {
    id: talk.newId(),
    tag: 'manual',
    at: talk.now,
  });
  for (const from of [ann, 'eve@evil.example']) {
    assert.deepEqual(await talk.write(from, to), { result: 'ignored: the token was used before', sent: [] });
  }
  assert.equal(await talk.list.store.count('subscriber'), 0);
});

test('letter case does not matter to a token', async (t) => {
  const talk = await startDialogue(t);
  assert.equal((await talk.write(ann, (await asked(talk)).toUpperCase())).result, 'subscribed');
});

for (const [form, who] of [
  ['readable', ann],
  ['short', long],
] as const) {
  test(`no token of the ${form} form with one letter changed is taken`, async (t) => {
    const talk = await startDialogue(t);
    const to = await asked(talk, who);
    assert.equal(to.startsWith('confirm.'), form === 'short');
    const from = form === 'short' ? `confirm.${talk.list.name.id}.`.length : 'news-sc.'.length;
    const end = form === 'short' ? to.indexOf('@') : to.indexOf('-ann=');
    const places = [...Array(end).keys()].slice(from).filter((at) => to[at] !== '.');
    for (const wrong of places.flatMap((at) => changedAt(to, at))) {
      const way = talk.route(wrong);
      if (way.kind !== 'confirm' && way.kind !== 'confirm-id') continue;
      const { result, sent } = await talk.write('eve@evil.example', wrong);
      assert.equal(result, 'ignored: a bad token', wrong);
      assert.deepEqual(sent, []);
    }
    assert.equal(await talk.list.store.count('subscriber'), 0);
    assert.equal((await talk.write('eve@evil.example', to)).result, 'subscribed');
    assert.equal(await talk.list.store.count('subscriber'), 1);
  });
}

test('a token is for its address, action, role and list', async (t) => {
  const talk = await startDialogue(t);
  const other = await startDialogue(t);
  const to = await asked(talk);
  const wrong = [
    to.replace('ann=example.net', 'bob=example.net'),
    to.replace('news-sc', 'news-uc'),
    to.replace('news-sc', 'news-digest-sc'),
    to.replace('news-sc', 'news-allow-sc'),
  ];
  for (const one of wrong) assert.deepEqual((await talk.write('eve@evil.example', one)).sent, [], one);
  assert.deepEqual((await other.write('eve@evil.example', to)).sent, []);
  for (const role of ['subscriber', 'digest', 'allow'] as const) assert.equal(await talk.list.store.count(role), 0);
  assert.equal(await other.list.store.count('subscriber'), 0);
});

test('a token that came too late gets a fresh request when its own address wrote, else nothing', async (t) => {
  const talk = await startDialogue(t, { confirmDays: 2 });
  const late = await asked(talk);
  talk.now += 2 * dayMs + 60_001;
  assert.deepEqual(await talk.write('eve@evil.example', late), { result: 'ignored: a bad token', sent: [] });
  const { sent } = await talk.write(ann, late);
  assert.match(fieldOf(sent[0]!, 'Subject')!, /^Please confirm again: subscribe/);
  assert.equal(await talk.list.store.count('subscriber'), 0);
  assert.deepEqual((await talk.write(ann, late)).sent, [], 'the fresh request is open');
  assert.equal((await talk.write(ann, replyAddress(sent[0]!))).result, 'subscribed');
});

test('the same holds for the short form, and for leaving', async (t) => {
  const talk = await startDialogue(t, { confirmDays: 1 });
  await talk.write(long, await asked(talk, long));
  const late = await asked(talk, long, 'unsubscribe');
  talk.now += dayMs + 60_001;
  assert.deepEqual((await talk.write('eve@evil.example', late)).sent, []);
  const { sent } = await talk.write(long, late);
  assert.match(fieldOf(sent[0]!, 'Subject')!, /^Please confirm again: leave/);
  assert.equal((await talk.write(long, replyAddress(sent[0]!))).result, 'unsubscribed');
});

test('a bad token in the name of its address costs the same allowance as asking', async (t) => {
  const talk = await startDialogue(t);
  const bad = `news-sc.${'a'.repeat(29)}-ann=example.net@${host}`;
  assert.equal((await talk.write(ann, bad)).sent.length, 1);
  assert.equal((await talk.write(ann, bad)).sent.length, 0);
  assert.equal((await talk.write(ann, `news-subscribe@${host}`)).sent.length, 0);
});

test('no automatic mail confirms: vacations, reports and bounces that come to a confirm address', async (t) => {
  const talk = await startDialogue(t);
  for (const to of [await asked(talk), await asked(talk, long)]) {
    for (const fields of [
      ['Auto-Submitted: auto-replied'],
      ['Precedence: bulk'],
      ['Content-Type: multipart/report; report-type=delivery-status; boundary=x'],
      ['List-Id: <other.example.net>'],
      ['X-Autoreply: yes'],
    ]) {
      const { result, sent } = await talk.write(ann, to, { fields });
      assert.match(result, /^ignored: (?:automatic|list) mail$/);
      assert.deepEqual(sent, []);
    }
    assert.equal((await talk.write('', to)).result, 'ignored: null sender');
  }
  assert.equal(await talk.list.store.count('subscriber'), 0);
});

test('any legal address joins and leaves by replies, and stands in the mails as it is written', async (t) => {
  const talk = await startDialogue(t);
  const none = parseHeader(Buffer.from(''));
  const person = anyAddress.filter(
    ({ text, canonical }) =>
      guardAgainst(text, none, talk.list.name) === undefined && originalSender(text)?.canonical === canonical,
  );
  await fc.assert(
    fc.asyncProperty(person, async ({ text, canonical }) => {
      for (const [word, isMember] of [
        ['subscribe', true],
        ['unsubscribe', false],
      ] as const) {
        const { sent } = await talk.write(text, `news-${word}@${host}`);
        assert.equal(fieldOf(sent[0]!, 'To'), `<${text}>`);
        const to = replyAddress(sent[0]!);
        assert.ok(to.lastIndexOf('@') <= 64, to);
        const { result } = await talk.write(text, to);
        assert.equal(result, `${word}d`);
        assert.equal((await talk.list.store.memberOf('subscriber', canonical)) !== undefined, isMember);
      }
    }),
    { numRuns: 60 },
  );
});

test("a mail to the address in a member's own copies ends that membership, once, and no later one", async (t) => {
  const talk = await startDialogue(t, { public: false });
  const { store } = talk.list;
  const join = async (): Promise<string> => {
    await store.add('digest', [parseAddress(ann)!], { id: talk.newId(), tag: 'manual', at: talk.now });
    return leaveAddress(talk.list.name, (await store.memberOf('digest', ann))!, await talk.list.keys());
  };
  const first = await join();
  for (const wrong of changedAt(first, first.indexOf('@') - 1))
    assert.equal((await talk.write(ann, wrong)).result, 'ignored: a bad token');
  const id = talk.newId();
  for (let run = 0; run < 2; run++) {
    const { result, sent } = await talk.write('proxy@provider.example', first, { id });
    assert.equal(result, 'unsubscribed');
    assert.deepEqual(
      sent.map(({ entry }) => entry.recipient),
      [ann],
    );
  }
  const over = { result: 'ignored: not a member any more', sent: [] };
  assert.deepEqual(await talk.write(ann, first), over);
  assert.notEqual(await join(), first);
  for (const again of [{}, { id }]) assert.deepEqual(await talk.write(ann, first, again), over);
  assert.equal(await store.count('digest'), 1);
});
