import assert from 'node:assert/strict';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { simpleParser } from 'mailparser';
import { parseHeader, valueOf } from '../../src/mail/header.ts';
import { startDialogue, type Sent } from '../helpers/dialogue.ts';

const ann = 'ann@example.net';
const host = 'lists.example.org';
const unlimited = { perAction: 1_000, perAddress: 1_000 };

const names = ({ message }: Sent): string[] => parseHeader(Buffer.from(message)).fields.map(({ name }) => name);

// What somebody may put where a mail is written. One line each: longer ones do not get through the settings.
const payloads = [
  '"', '\\', '\\"', '"><x@evil.example>', 'x <x@evil.example>', ', evil@evil.example', ';', ':', '(', ')', '@', '<>', '=?utf-8?Q?=0D=0ABcc:_x?=',
  '=?utf-8?B?DQpCY2M6IHg=?=', '?=', '{{list}}', '{{{list}}}', '<b>&amp;', '\u00e4\u{1f600}', '\u202e evil', "'; --", '%0d%0aBcc: x', '$&', 'a'.repeat(190),
]; // prettier-ignore

test('no title of a list adds a header field, and it arrives as it is written', async (t) => {
  const plain = await startDialogue(t, { title: 'plain' }, unlimited);
  const fields = names((await plain.write(ann, `news-help@${host}`)).sent[0]!);
  for (const payload of payloads) {
    const talk = await startDialogue(t, { title: `t${payload}` }, unlimited);
    const { sent } = await talk.write(ann, `news-info@${host}`);
    assert.deepEqual(names(sent[0]!), fields, payload);
    const mail = await simpleParser(sent[0]!.message);
    assert.equal(mail.from?.value.length, 1, payload);
    assert.equal(mail.from.value[0]!.address, `news-help@${host}`, payload);
    if (payload !== '=?utf-8?Q?=0D=0ABcc:_x?=' && payload !== '=?utf-8?B?DQpCY2M6IHg=?=')
      assert.ok(mail.text!.includes(`: t${payload}.`), payload);
  }
});

test('nothing that a writer puts into a header comes back in ours', async (t) => {
  const talk = await startDialogue(t, {}, unlimited);
  const fields = names((await talk.write(ann, `news-help@${host}`)).sent[0]!);
  for (const payload of payloads) {
    const header = ['From', 'To', 'Subject', 'Reply-To', 'References', 'X-Mark'].map(
      (name) => `${name}: MARK${payload}`,
    );
    const message = [...header, 'Message-ID: <1@example.net>', '', 'MARK', ''].join('\r\n');
    const { sent } = await talk.write(ann, `news-help@${host}`, { message });
    assert.deepEqual(names(sent[0]!), fields, payload);
    assert.doesNotMatch(sent[0]!.message, /MARK/, payload);
  }
});

// Local parts are quoted where they must be; as a target they stand in the command address.
const locals = [
  '"a b"',
  '"a@b"',
  '"a,b"',
  '"a\\"b"',
  '"<a>"',
  '"a:b;c"',
  "o'neil",
  'a=b',
  'a+b',
  'a%b',
  '#!$%&*/?^`{|}~',
  '__proto__',
  'constructor',
  '\u00e4\u00f6',
];

test('whatever an address looks like, it is one receiver of a mail with the same fields', async (t) => {
  const talk = await startDialogue(t, {}, unlimited);
  const fields = names((await talk.write(ann, `news-subscribe@${host}`)).sent[0]!);
  for (const local of locals) {
    const who = `${local}@example.net`;
    const { sent } = await talk.write(who, `news-subscribe@${host}`, {
      message: 'Message-ID: <1@example.net>\r\n\r\nhello\r\n',
    });
    assert.deepEqual(names(sent[0]!), fields, who);
    assert.equal(valueOf(parseHeader(Buffer.from(sent[0]!.message)), 'to'), `<${who}>`);
    assert.equal(sent[0]!.entry.recipient, who);
    assert.doesNotMatch(sent[0]!.entry.sender, /[\s"<>,;:\\]/, 'the envelope needs no quoting');
  }
});

test("an owner's text may say what it likes in its subject: the fields stay", async (t) => {
  const talk = await startDialogue(t, {}, unlimited);
  const fields = names((await talk.write(ann, `news-help@${host}`)).sent[0]!);
  for (const payload of payloads.filter((one) => !one.includes('{{'))) {
    const other = await startDialogue(t, {}, unlimited);
    await mkdir(join(other.list.directory, 'text'), { recursive: true });
    await writeFile(join(other.list.directory, 'text', 'help.hbs'), `Subject: s${payload}\n\nBcc: x\n\ntext\n`);
    const { sent } = await other.write(ann, `news-help@${host}`);
    assert.deepEqual(names(sent[0]!), fields, payload);
    assert.match((await simpleParser(sent[0]!.message)).text!, /^Bcc: x\n\ntext/);
  }
});
