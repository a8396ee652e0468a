import assert from 'node:assert/strict';
import { mkdir, readdir, readFile, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { listValues } from '../../src/list/letter.ts';
import { Templates, type TemplateValues } from '../../src/list/templates.ts';
import type { List } from '../../src/list/list.ts';
import { templatesDirectory } from '../helpers/dialogue.ts';
import { emptyLists, madeList } from '../helpers/lists.ts';

interface Bench {
  readonly list: List;
  readonly logged: string[];
  readonly templates: Templates;
  readonly values: TemplateValues;
  /** Writes a text of the owner's. */
  readonly own: (name: string, text: string) => Promise<void>;
}

async function bench(t: TestContext, settings: Record<string, unknown> = {}): Promise<Bench> {
  const { lists } = await emptyLists(t);
  const list = await madeList(lists, 'news@lists.example.org', settings);
  const logged: string[] = [];
  const log = (event: string, fields: object): void => void logged.push([event, ...Object.values(fields)].join(' '));
  const extra = {
    address: 'ann@example.net',
    confirm: 'news-sc.x@lists.example.org',
    days: 3,
    isOneDay: false,
    isLeaving: false,
    said: '550 5.1.1 nobody',
    last: 17,
    next: 15,
    to: 17,
    posts: [{ number: 12, subject: 'words' }],
    since: '2026-01-01',
    host: 'mx.example.net',
    count: 12,
    total: 12,
    warned: 1,
    probed: 1,
    recovered: 1,
    removed: 1,
    suspended: 1,
    complained: 1,
    reasons: [{ count: 12, reason: 'userunknown', members: 3 }],
  };
  const values = { ...listValues(list, await list.settings()), ...extra, reason: 'too large' };
  const own = async (name: string, text: string): Promise<void> => {
    await mkdir(join(list.directory, 'text'), { recursive: true });
    await writeFile(join(list.directory, 'text', `${name}.hbs`), text);
  };
  return { list, logged, templates: new Templates(templatesDirectory, log), values, own };
}

test('every shipped text is used by the code, can be filled, and has lines of at most 100 characters', async (t) => {
  const { list, templates, values } = await bench(t);
  const source = await Promise.all(
    [
      'command/get',
      'command/commands',
      'command/membership',
      'command/confirm',
      'command/notice',
      'bounce/letters',
      'stages',
    ].map((name) => readFile(fileURLToPath(new URL(`../../src/${name}.ts`, import.meta.url)), 'utf8')),
  );
  for (const file of await readdir(join(templatesDirectory, 'en'))) {
    const name = file.replace(/\.hbs$/, '');
    // Joining and leaving share their lines of code: the name is put together there.
    const shared = name.replace(/^(?:un)?subscribe-/, '-');
    const isNamed = source.some((text) => text.includes(`'${name}'`) || text.includes(`{action}${shared}\``));
    assert.ok(isNamed, `nothing in src names ${name}`);
    for (const isSet of [false, true]) {
      const flags = {
        isDigest: isSet,
        isAllow: isSet,
        isLeaving: isSet,
        takesPosts: isSet,
        archiveUrl: isSet ? 'x' : '',
        isUnreachable: isSet,
        isFull: !isSet,
        isRemoval: isSet,
        hasMissed: isSet,
        fetch: isSet,
        isIdentity: isSet,
        isContent: isSet,
        isReputation: !isSet,
        missed: isSet ? [{ number: 17, subject: 'words' }] : [],
        more: isSet ? 3 : 0,
        isMember: isSet,
        hasPosts: isSet,
        isMore: isSet,
        domains: isSet ? [{ count: 3, domain: 'example.net' }] : [],
      };
      const { subject, text } = await templates.fill(list, name, { ...values, ...flags });
      assert.equal(subject === '', name === 'trailer', name);
      assert.doesNotMatch(text, /[{}]|undefined|\[object|\n\n\n/, name);
      for (const line of text.split('\n')) assert.ok(line.length <= 100, `${name}: ${line}`);
      assert.match(text, /news@lists\.example\.org/);
    }
  }
});

test("the owner's text goes before ours and is read again when it has changed", async (t) => {
  const { list, templates, values, own } = await bench(t);
  await own('help', 'Subject: Mine for {{list}}\n\nmy help\n');
  assert.deepEqual(await templates.fill(list, 'help', values), {
    subject: 'Mine for news@lists.example.org',
    text: 'my help\n',
  });
  await own('help', 'Subject: Mine again\r\n\r\nmore\r\n');
  const path = join(list.directory, 'text', 'help.hbs');
  await utimes(path, new Date(), new Date(Date.now() + 5_000));
  assert.deepEqual(await templates.fill(list, 'help', values), { subject: 'Mine again', text: 'more\r\n' });
});

// What an owner may write by mistake, and what somebody would write to reach behind the values.
const broken: readonly (readonly [what: string, text: string])[] = [
  ['a block that is not closed', 'Subject: x\n\n{{#if list}}no end\n'],
  ['no subject', 'just a text\n'],
  ['an empty subject', 'Subject:   \n\ntext\n'],
  ['a name that we do not give', 'Subject: x\n\n{{nothing}}\n'],
  ['a helper that is not there', 'Subject: x\n\n{{run "rm"}}\n'],
  ['the prototype', 'Subject: x\n\n{{__proto__}}\n'],
  ['the constructor', 'Subject: x\n\n{{constructor}}\n'],
  ["a text's constructor", 'Subject: x\n\n{{list.constructor}}\n'],
  ["a constructor's constructor", 'Subject: x\n\n{{list.constructor.constructor}}\n'],
  ['a method', 'Subject: x\n\n{{list.toUpperCase}}\n'],
  ['lookup', 'Subject: x\n\n{{lookup this "list"}}\n'],
  ['log', 'Subject: x\n\n{{log list}}\n'],
  ['a partial', 'Subject: x\n\n{{> other}}\n'],
  ['a partial that calls itself', 'Subject: x\n\n{{#*inline "a"}}{{> a}}{{/inline}}{{> a}}\n'],
  ['more than 64 KiB', `Subject: x\n\n${'a'.repeat(70_000)}\n`],
];

for (const [what, text] of broken) {
  test(`a text of the owner's with ${what} is reported, and ours is used`, async (t) => {
    const { list, logged, templates, values, own } = await bench(t);
    await own('help', text);
    const filled = await templates.fill(list, 'help', values);
    if (filled.subject === 'x') assert.match(filled.text, /^\s*$/, 'what cannot be reached is empty');
    else assert.equal(filled.subject, 'Help for the mailing list news@lists.example.org');
    if (filled.subject !== 'x')
      assert.match(logged.join('\n'), /^settings\.problem news@lists\.example\.org .*help\.hbs: /m);
  });
}

test('a language that is not there, or no language at all, is English', async (t) => {
  for (const language of ['xx', 'de-AT', '../../..', '__proto__', '']) {
    const { list, templates, values } = await bench(t, { language });
    assert.match((await templates.fill(list, 'help', values)).subject, /^Help for/);
  }
});

test('values cannot bring lines or control characters into subject or text', async (t) => {
  const { list, templates, values, own } = await bench(t);
  await own('help', 'Subject: {{title}} {{list}}\n\n{{title}}|\n');
  const evil = 'a\r\nBcc: x@evil.example\r\n\r\nb\0\u001b[31m\u2028\u0085c';
  const { subject, text } = await templates.fill(list, 'help', { ...values, title: evil });
  assert.equal(subject, 'a Bcc: x@evil.example b [31m c news@lists.example.org');
  assert.equal(text, 'a Bcc: x@evil.example b [31m c|\n');
});

test('marks in values are text: nothing is filled in twice, nothing is escaped', async (t) => {
  const { list, templates, values } = await bench(t);
  const { text } = await templates.fill(list, 'info', { ...values, title: '{{list}} <b>&"\'' });
  assert.ok(text.includes('{{list}} <b>&"\''));
});

test('a long subject is cut to what a header line can hold', async (t) => {
  const { list, templates, values, own } = await bench(t);
  await own('help', `Subject: ${'\u{1f600}'.repeat(2_000)}\n\ntext\n`);
  const { subject } = await templates.fill(list, 'help', values);
  assert.ok(Buffer.byteLength(subject) <= 998);
});
