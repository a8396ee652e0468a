import assert from 'node:assert/strict';
import test from 'node:test';
import * as fc from 'fast-check';
import { parseListName } from '../../src/list/name.ts';
import { type ListSettings, listSettingRows } from '../../src/list/settings.ts';
import { withInitial } from '../../src/lib/settings.ts';
import { parseHeader, valueOf, valuesOf } from '../../src/mail/header.ts';
import { decodeWords } from '../../src/mail/words.ts';
import { dressPost } from '../../src/post/edits.ts';

const list = parseListName('news@lists.example.org')!;

function dress(message: string, settings: Partial<ListSettings> = {}, number = 7): Buffer {
  const facts = {
    list,
    settings: withInitial(listSettingRows, settings),
    number,
    trailer: '-- \nbye\n',
    boundary: '=_b',
  };
  return dressPost(Buffer.from(message, 'latin1'), facts);
}

const field = (message: Buffer, name: string): string | undefined => valueOf(parseHeader(message), name);
const bodyOf = (message: Buffer): string => message.toString('latin1', parseHeader(message).bodyStart);

test('the list’s own fields are there once, whatever the poster wrote', () => {
  const forged = [
    'List-Id: <evil>',
    'LIST-POST: <mailto:evil@x.example>',
    'Mailing-List: evil',
    'Precedence: x',
    'List-Foo: x',
    'Bcc: b@x.example',
  ];
  const dressed = dress(
    `${forged.join('\r\n')}\r\nDisposition-Notification-To: a@x.example\r\nSubject: a\r\n\r\nx\r\n`,
  );
  assert.deepEqual(valuesOf(parseHeader(dressed), 'list-id'), ['<news.lists.example.org>']);
  assert.deepEqual(valuesOf(parseHeader(dressed), 'list-post'), ['<mailto:news@lists.example.org>']);
  assert.equal(field(dressed, 'list-unsubscribe'), '<mailto:news-unsubscribe@lists.example.org>');
  assert.equal(field(dressed, 'precedence'), 'list');
  for (const name of ['bcc', 'list-foo', 'disposition-notification-to'])
    assert.equal(field(dressed, name), undefined, name);
  assert.ok(!dressed.toString().includes('evil'));
});

test('with no prefix and no trailer the octets of the body stay as they came', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (octets) => {
      const body = Buffer.from(octets).toString('latin1');
      assert.equal(bodyOf(dress(`Subject: a\r\n\r\n${body}`)), body);
    }),
  );
});

const prefixes: readonly [subject: string, prefix: string, want: string][] = [
  ['hello', '[news]', '[news] hello'],
  ['hello', '[news #]', '[news 7] hello'],
  ['Re: [news 3] hello', '[news #]', 'Re: [news 3] hello'],
  ['[NEWS] hello', '[news]', '[NEWS] hello'],
  ['Re: [news]hello', '[news]', 'Re: [news]hello'],
  ['=?utf-8?Q?=5Bnews=5D_=C3=A4?=', '[news]', '=?utf-8?Q?=5Bnews=5D_=C3=A4?='],
  ['=?utf-8?Q?=C3=A4?=', '[news]', '[news] =?utf-8?Q?=C3=A4?='],
  ['', '[news]', '[news]'],
];

for (const [subject, prefix, want] of prefixes) {
  test(`prefix ${prefix} before "${subject}"`, () => {
    assert.equal(field(dress(`Subject: ${subject}\r\n\r\nx\r\n`, { prefix }), 'subject'), want);
  });
}

test('replies go where the list wants them', () => {
  const post = 'Reply-To: a@x.example\r\nSubject: a\r\n\r\nx\r\n';
  assert.equal(field(dress(post), 'reply-to'), 'a@x.example');
  assert.deepEqual(valuesOf(parseHeader(dress(post, { replyTo: 'list' })), 'reply-to'), ['news@lists.example.org']);
});

test('settings and subjects cannot add fields or end the header', () => {
  const count = parseHeader(dress('Subject: a\r\n\r\nx\r\n', { prefix: 'p', title: 't', headersAdded: ['X-A: b'] }))
    .fields.length;
  const payload = fc.array(
    fc.constantFrom('a', '"', '\\', '<', '>', ':', ';', ' ', '\t', '\u00e4', '\u{1f600}', '\u2028', '?=', '=?'),
    { maxLength: 20 },
  );
  fc.assert(
    fc.property(payload, (parts) => {
      const text = parts.join('');
      const dressed = dress(`Subject: ${Buffer.from(text, 'utf8').toString('latin1')}\r\n\r\nx\r\n`, {
        prefix: `p${text}`,
        title: `t${text}`,
        headersAdded: [`X-A: b${text}`],
      });
      assert.equal(parseHeader(dressed).fields.length, count);
      assert.equal(bodyOf(dressed), 'x\r\n');
    }),
    { numRuns: 1_000, examples: [[['\u{1f600}', ' ', '\u2028', ' ', 'a'.repeat(70), '\u2028', 'b']]] },
  );
});

test('behind the prefix a subject stays as it came: its octets, its folds, however long', () => {
  const long = `${'word '.repeat(20)}\r\n\t${'more '.repeat(20)}`.trim();
  const utf8 = Buffer.from('\u6f22'.repeat(900)).toString('latin1');
  for (const subject of [
    'hello',
    '\u00e4\u00ff',
    long,
    utf8,
    `=?utf-8?B?${'YWFh'.repeat(300)}?=`,
    'a\u0001b',
    'x'.repeat(3_000),
  ]) {
    const text = dress(`A: b\r\nsubject:\r\n  ${subject}\r\nC: d\r\n\r\nx\r\n`, { prefix: '[news]' }).toString(
      'latin1',
    );
    const gap = subject.length < 50 ? ' ' : '\r\n ';
    assert.ok(text.includes(`\r\nA: b\r\nSubject: [news]${gap}${subject}\r\nC: d\r\n`), subject.slice(0, 80));
  }
});

test('a long prefix beside any subject is one field of short lines', () => {
  const prefix = '\u{1f600}'.repeat(25);
  const text = dress('Subject: hello\r\n\r\nx\r\n', { prefix });
  assert.equal(parseHeader(text).fields.filter(({ name }) => name === 'subject').length, 1);
  assert.equal(decodeWords(field(text, 'subject')!), `${prefix} hello`);
  for (const line of text.toString().split('\r\n')) assert.ok(line.length <= 76, line);
});

test('no subject, or one of blanks, is the prefix alone', () => {
  for (const header of ['', 'Subject:\r\n', 'Subject: \t\r\n', 'Subject:\r\n \r\n']) {
    assert.equal(field(dress(`${header}A: b\r\n\r\nx\r\n`, { prefix: '[news]' }), 'subject'), '[news]');
  }
});
