import assert from 'node:assert/strict';
import { test } from 'node:test';
import { rejectionNotice } from '../../src/command/notice.ts';
import { arrived, startDialogue } from '../helpers/dialogue.ts';
import { letter } from '../helpers/letter.ts';

const ann = 'ann@example.net';
const news = 'news@lists.example.org';

test('a poster is told once a day why a post was rejected, in our words only', async (t) => {
  const talk = await startDialogue(t);
  const told = async (): Promise<string[]> => {
    const entry = arrived(talk.newId(), ann, news, talk.now);
    const message = Buffer.from(letter(ann, news, 'BUY PILLS'));
    const { messages } = await rejectionNotice(entry, message, talk.list, 'the subject is empty', talk.tools);
    return messages.map(({ body }) => Buffer.from(body).toString());
  };
  const [mail, ...rest] = await told();
  assert.match(mail!, /\r\n {4}the subject is empty\r\n/);
  assert.match(mail!, /^Subject: Your mail to news@lists\.example\.org was not sent/m);
  assert.doesNotMatch(mail!, /PILLS\b(?!\.ann)/);
  assert.deepEqual(rest, []);
  assert.deepEqual(await told(), []);
});

test('no machine and no list is told', async (t) => {
  const talk = await startDialogue(t);
  for (const [sender, field] of [
    ['', 'X-A: b'],
    ['mailer-daemon@example.net', 'X-A: b'],
    ['other-bounces@example.net', 'X-A: b'],
    [ann, 'Auto-Submitted: auto-replied'],
    [ann, 'List-Id: <other.example.net>'],
  ] as const) {
    const entry = arrived(talk.newId(), sender, news, talk.now);
    const message = Buffer.from(letter(ann, news, 'words', [field]));
    const { entries } = await rejectionNotice(entry, message, talk.list, 'no', talk.tools);
    assert.deepEqual(entries, [], `${sender} ${field}`);
  }
});
