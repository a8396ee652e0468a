import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { simpleParser } from 'mailparser';
import { parseAddress } from '../../src/mail/address.ts';
import { type Dialogue, startDialogue } from '../helpers/dialogue.ts';
import { letter } from '../helpers/letter.ts';

const ann = 'ann@example.net';
const host = 'lists.example.org';

/** A list with ann and so many posts; the bodies have bare LF and 8-bit octets, as mail has. */
async function archive(t: TestContext, posts: number, octets = 0): Promise<Dialogue> {
  const talk = await startDialogue(t, {}, { perAction: 1, perAddress: 100 });
  const { store, archive: files } = talk.list;
  await store.add('subscriber', [parseAddress(ann)!], { id: 'join', tag: 'manual', at: talk.now });
  for (let number = 1; number <= posts; number++) {
    const message = Buffer.from(`${letter(ann, `news@${host}`, `post ${number}`)}grüße\n${'x'.repeat(octets)}`);
    await files.write(number, message);
    const record = { number, cause: `p${number}`, at: talk.now, from: ann, messageId: `<${number}@x>`, size: 1 };
    await store.recordPost({ ...record, subject: `post ${number}` });
  }
  return talk;
}

/** What is got by a word: the result, and the subjects of the posts that come. */
async function got(
  talk: Dialogue,
  word: string,
  from = ann,
): Promise<{ result: string; subjects: string[]; text: string }> {
  const { result, sent } = await talk.write(from, `news-${word}@${host}`);
  const [mail] = sent;
  if (!mail) return { result, subjects: [], text: '' };
  assert.equal(mail.entry.recipient, from);
  const { attachments, text } = await simpleParser(mail.message, { keepDeliveryStatus: true });
  const posts = await Promise.all(attachments.map(({ content }) => simpleParser(content)));
  return { result, subjects: posts.map(({ subject }) => subject!), text: text ?? '' };
}

test('a member gets one post, some, or the latest', async (t) => {
  const talk = await archive(t, 25);
  assert.deepEqual((await got(talk, 'get.7')).subjects, ['post 7']);
  assert.deepEqual((await got(talk, 'get.3_5')).subjects, ['post 3', 'post 4', 'post 5']);
  assert.deepEqual((await got(talk, 'get.5_3')).result, 'get: 3 posts');
  assert.equal((await got(talk, 'digest-get.26_99')).result, 'get: nothing');
  const latest = await got(talk, 'get');
  assert.deepEqual([latest.subjects.length, latest.subjects[0], latest.subjects.at(-1)], [20, 'post 6', 'post 25']);
});

test('twenty come at once, and the text says how to get the next ones', async (t) => {
  const talk = await archive(t, 25);
  const { subjects, text } = await got(talk, 'get.1_25');
  assert.equal(subjects.length, 20);
  assert.match(text, /news-get\.21_25@lists\.example\.org/);
  assert.deepEqual((await got(talk, 'get.21_25')).subjects.length, 5);
});

test('large posts come one at a time', async (t) => {
  const talk = await archive(t, 3, 700_000);
  const { subjects, text } = await got(talk, 'get.1_3');
  assert.deepEqual(subjects, ['post 1']);
  assert.match(text, /news-get\.2_3@/);
});

test('what is not there, and who is no member, get a text and no post', async (t) => {
  const talk = await archive(t, 2);
  for (const word of ['get.9', 'get.0', 'get.x', 'get.1_2_3', 'get.99999999999999999999']) {
    const { result, subjects, text } = await got(talk, word);
    assert.deepEqual([result, subjects], ['get: nothing', []], word);
    assert.match(text, /latest post is 2/);
  }
  const { subjects, text } = await got(talk, 'get.1', 'eve@example.com');
  assert.deepEqual(subjects, []);
  assert.match(text, /members only/);
});

test('the same posts go to an address once a day, whoever asks in its name', async (t) => {
  const talk = await archive(t, 2);
  assert.equal((await got(talk, 'get.1')).subjects.length, 1);
  assert.match((await got(talk, 'get.1')).result, /no allowance/);
  assert.equal((await got(talk, 'get.2')).subjects.length, 1);
});
