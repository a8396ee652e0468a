import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { type ParsedMail, simpleParser } from 'mailparser';
import { parseListName } from '../../src/list/name.ts';
import { listSettingRows } from '../../src/list/settings.ts';
import { withInitial } from '../../src/lib/settings.ts';
import { dressPost } from '../../src/post/edits.ts';

const corpora = process.env['EZLM_CORPORA'];
const skip = corpora === undefined ? 'EZLM_CORPORA: not set' : false;

/** Messages that mailparser shows otherwise, and why. */
const otherwise: Readonly<Record<string, string>> = {
  'testmsgs/basic-plain-with-bad-header-separator.msg': 'the header ends without an empty line: ours writes one',
  'testmsgs/malformedHeader-nocrlfcrlf.msg': 'the header ends without an empty line: ours writes one',
  'testmsgs/malformedHeaderStartsBody-nocrlfcrlf.msg': 'the header ends without an empty line: ours writes one',
  'testmsgs/very-long-boundary.msg': 'mailparser does not see the end of a boundary with blanks',
  'testmsgs/weird-boundary.msg': 'mailparser does not see the end of a boundary with blanks',
};
const trailer = 'This is the trailer of the list.';

test('with prefix and trailer every real message still has its parts, and the trailer', { skip }, async (t) => {
  const settings = withInitial(listSettingRows, { prefix: '[news #]', trailer: true });
  const facts = {
    list: parseListName('news@lists.example.org')!,
    settings,
    number: 7,
    trailer,
    boundary: '=_list_0123456789',
  };
  let count = 0;
  for (const name of messages(join(corpora!, 'mime4j'))) {
    const text = readFileSync(join(corpora!, 'mime4j', name)).toString('latin1');
    const message = Buffer.from(text.replace(/\r\n|\r|\n/g, '\r\n'), 'latin1');
    const dressed = await parse(dressPost(message, facts));
    if (name in otherwise) continue;
    const plain = await parse(message);
    assert.deepEqual(partsOf(dressed), partsOf(plain), name);
    const shown = words(dressed.text ?? '');
    assert.ok(shown.endsWith(words(trailer)), `${name}: no trailer at the end of "${shown.slice(-80)}"`);
    assert.ok(shown.startsWith(words(plain.text ?? '').slice(0, 2_000)), `${name}: another text`);
    count++;
  }
  t.diagnostic(`${count} messages have their parts and the trailer`);
  for (const [name, why] of Object.entries(otherwise)) t.diagnostic(`parsed, not compared: ${name}: ${why}`);
});

function parse(message: Buffer): Promise<ParsedMail> {
  return simpleParser(message, { skipHtmlToText: true, skipTextToHtml: true });
}

function partsOf(mail: ParsedMail): string[] {
  return mail.attachments.map(({ contentType, checksum, filename }) => `${contentType} ${filename ?? ''} ${checksum}`);
}

function words(text: string): string {
  return text.replace(/\s+/g, ' ').trim();
}

function messages(directory: string): string[] {
  return readdirSync(directory, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.msg'))
    .toSorted((a, b) => (a < b ? -1 : 1));
}
