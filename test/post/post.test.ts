import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import type { Id } from '../../src/lib/ids.ts';
import type { Role } from '../../src/list/name.ts';
import { parseAddress } from '../../src/mail/address.ts';
import { parseHeader, valueOf, valuesOf } from '../../src/mail/header.ts';
import { handlePost, judgeBeforeReply, type PostTools } from '../../src/post/post.ts';
import type { Handled } from '../../src/queue/handled.ts';
import { arrived, type Dialogue, startDialogue } from '../helpers/dialogue.ts';
import { letter } from '../helpers/letter.ts';

const ann = 'ann@example.net';
const eve = 'eve@evil.example';
const news = 'news@lists.example.org';

interface PostTalk extends Dialogue {
  readonly told: string[];
  join(who: string, role?: Role): Promise<void>;
  post(from: string, message?: string, more?: { id?: Id; isOwner?: boolean }): Promise<Handled>;
}

async function postTalk(t: TestContext, settings: Record<string, unknown> = {}): Promise<PostTalk> {
  const talk = await startDialogue(t, settings);
  const told: string[] = [];
  const notice: PostTools['notice'] = async (_entry, _list, text) => {
    told.push(text);
    return { messages: [], entries: [] };
  };
  return {
    ...talk,
    told,
    join: async (who, role = 'subscriber') => {
      await talk.list.store.add(role, [parseAddress(who)!], { id: talk.newId(), tag: 'manual', at: talk.now });
    },
    post: (from, message = letter(from, news, 'a post'), { id = talk.newId(), isOwner = false } = {}) =>
      handlePost(arrived(id, from, news, talk.now), Buffer.from(message), talk.list, {
        clock: talk.tools.clock,
        log: talk.tools.log,
        newId: talk.newId,
        trailerOf: async () => 'the trailer\n',
        notice,
        isOwner: async () => isOwner,
      }),
  };
}

/** What follows a post that was taken: its entry and the octets that members get. */
function taken(handled: Handled): { work: object | undefined; cause: string; body: Buffer } {
  assert.ok(handled.kind === 'done' && handled.entries.length === 1, JSON.stringify(handled));
  const [entry] = handled.entries;
  const body = handled.messages.find(({ id }) => id === entry!.message)!.body;
  return { work: entry!.post, cause: entry!.cause, body: Buffer.from(body) };
}

const resultOf = (handled: Handled): string => (handled.kind === 'done' ? handled.result : 'later');

test('a post is archived as it came, numbered, dressed, and handed to the fan-out', async (t) => {
  const talk = await postTalk(t, { prefix: '[news #]', trailer: true });
  await talk.join(ann);
  const message = letter(ann, news, 'first');
  const { work, body } = taken(await talk.post(ann, message));
  assert.deepEqual(work, { list: news, number: 1, role: 'subscriber', lastMember: 1 });
  assert.equal((await talk.list.archive.read(1))?.toString(), message);
  assert.equal(valueOf(parseHeader(body), 'subject'), '[news 1] first');
  assert.ok(body.toString().endsWith('\r\nThis is first.\r\nthe trailer\r\n'));
  const record = (await talk.list.store.postByNumber(1))!;
  assert.deepEqual([record.subject, record.from, record.size], ['first', ann, message.length]);
  assert.equal(record.messageId, `<first.${ann}>`);
});

test('numbers go up by one, and whoever joins later is behind the post', async (t) => {
  const talk = await postTalk(t);
  await talk.join(ann);
  assert.deepEqual(taken(await talk.post(ann)).work, { list: news, number: 1, role: 'subscriber', lastMember: 1 });
  await talk.join('bob@example.com');
  assert.deepEqual(taken(await talk.post(ann)).work, { list: news, number: 2, role: 'subscriber', lastMember: 2 });
});

test('a stage that runs again gives the same number, one archive file and one cause', async (t) => {
  const talk = await postTalk(t);
  await talk.join(ann);
  const id = talk.newId();
  const first = taken(await talk.post(ann, undefined, { id }));
  // Meanwhile others join and the poster leaves: the post was taken already.
  await talk.join('bob@example.com');
  const leaving = { id: talk.newId(), tag: '', at: talk.now };
  await talk.list.store.remove('subscriber', [parseAddress(ann)!], leaving);
  const again = taken(await talk.post(ann, undefined, { id }));
  assert.deepEqual([again.work, again.cause], [first.work, first.cause]);
  assert.deepEqual(again.body, first.body);
  assert.equal(await talk.list.store.lastPost(), 1);
});

test('what a crash left in the archive under the next number is replaced', async (t) => {
  const talk = await postTalk(t);
  await talk.join(ann);
  await talk.list.archive.write(1, Buffer.from('an orphan'));
  taken(await talk.post(ann, letter(ann, news, 'kept')));
  assert.match((await talk.list.archive.read(1))!.toString(), /^Subject: kept$/m);
});

test('a list without an archive numbers its posts and keeps none', async (t) => {
  const talk = await postTalk(t, { archived: false });
  await talk.join(ann);
  taken(await talk.post(ann));
  assert.equal(await talk.list.archive.read(1), undefined);
  assert.equal(await talk.list.store.lastPost(), 1);
});

test('what is rejected tells its sender once and leaves nothing behind', async (t) => {
  const talk = await postTalk(t);
  assert.equal(resultOf(await talk.post(eve)), 'rejected: subscribers only');
  assert.deepEqual(talk.told, [
    'only subscribers post to this list; to subscribe, write to news-subscribe@lists.example.org',
  ]);
  assert.equal(await talk.list.store.lastPost(), 0);
  assert.equal(await talk.list.archive.read(1), undefined);
});

test('what is discarded tells nobody', async (t) => {
  const talk = await postTalk(t);
  await talk.join(ann);
  const message = letter(ann, news, 'away', ['Auto-Submitted: auto-replied']);
  assert.equal(resultOf(await talk.post(ann, message)), 'discarded: automatic');
  assert.deepEqual(talk.told, []);
});

test('the roles are those of the person behind a rewritten sender', async (t) => {
  const talk = await postTalk(t);
  await talk.join(ann);
  taken(await talk.post('SRS0=HHH=TT=example.net=ann@fwd.example'));
  taken(await talk.post('prvs=123456789a=ann@example.net'));
  await talk.join(ann, 'deny');
  assert.equal(resultOf(await talk.post('prvs=123456789a=ann@example.net')), 'rejected: denied');
});

test('a whole domain may be allowed or denied', async (t) => {
  const talk = await postTalk(t);
  await talk.list.store.add(
    'allow',
    [{ local: '', domain: 'evil.example', text: '@evil.example', canonical: '@evil.example' }],
    { id: talk.newId(), tag: 'manual', at: talk.now },
  );
  taken(await talk.post(eve));
  assert.equal(resultOf(await talk.post('eve@more.evil.example')), 'rejected: subscribers only');
});

test('the owner posts from the command line to a list that takes nothing by mail', async (t) => {
  const talk = await postTalk(t, { posting: 'owner' });
  await talk.join(ann);
  assert.equal(resultOf(await talk.post(ann)), 'rejected: owner only');
  taken(await talk.post('owner@example.org', undefined, { isOwner: true }));
});

test('a list does not take its own post again', async (t) => {
  const talk = await postTalk(t);
  await talk.join(ann);
  const { body } = taken(await talk.post(ann));
  assert.equal(resultOf(await talk.post(ann, body.toString())), 'rejected: loop');
});

test('before the reply a reject is a failure, a discard is accepted', async (t) => {
  const talk = await postTalk(t);
  const judge = (from: string, fields: readonly string[] = []) =>
    judgeBeforeReply(from, talk.list, Buffer.from(letter(from, news, 'a', fields)));
  const failure = await judge(eve);
  assert.deepEqual([failure?.status, failure?.temporary], ['5.7.1', false]);
  assert.equal((await judge(''))?.text, 'bounces are not taken here');
  assert.equal(await judge(eve, ['Auto-Submitted: auto-replied']), undefined);
  await talk.join(eve);
  assert.equal(await judge(eve), undefined);
});

// What a poster or a careless owner may put where a header is written.
const payloads = [
  'a\r\nBcc: x@evil.example', 'a\nBcc: x@evil.example', 'a\rBcc: x', 'a\r\n\r\nbody', 'a\0b', '=?utf-8?Q?=0D=0ABcc:_x?=', '=?utf-8?B?DQpCY2M6IHg=?=',
  '\u0085Bcc: x', '\u2028Bcc: x', '\u2029Bcc: x', '\u000bBcc: x', '\u000cBcc: x', '"><x@evil.example>', '"\\', '\\"', '(', '<mailto:x@evil.example>',
  ', evil <x@evil.example>', ';:@', 'x'.repeat(3_000), '\u{1f600}'.repeat(400), '{{list}}',
]; // prettier-ignore

test('no payload in a subject, a name or an id adds a field to what members get or to the record', async (t) => {
  const talk = await postTalk(t, { prefix: '[news]' });
  await talk.join(ann);
  const plain = parseHeader(taken(await talk.post(ann)).body).fields.map(({ name }) => name);
  for (const payload of payloads) {
    // As a message can hold it: its lines are checked before.
    const value = payload.replace(/[\r\n]+/g, '\r\n ').replaceAll('\0', '');
    const header = [`From: ${value}`, `To: ${news}`, `Subject: ${value}`, 'Date: x', `Message-ID: ${value}`];
    const { body, work } = taken(await talk.post(ann, [...header, '', 'x', ''].join('\r\n')));
    const dressed = parseHeader(body);
    assert.deepEqual(
      dressed.fields.map(({ name }) => name),
      plain,
      payload,
    );
    assert.equal(valuesOf(dressed, 'subject').length, 1);
    const { number } = work as { number: number };
    const record = (await talk.list.store.postByNumber(number))!;
    for (const text of [record.subject, record.from, record.messageId]) {
      assert.doesNotMatch(text, /[\u0000-\u001f\u007f-\u009f\u2028\u2029]/, payload);
    }
  }
});
