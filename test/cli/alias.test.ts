import assert from 'node:assert/strict';
import { lstat, realpath } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'node:test';
import { runAlias } from '../../src/cli/alias.ts';
import { ezlm, homeWithList, keepingDoor, news, type Ran } from './test-door.ts';

async function alias(
  home: string,
  program: string,
  words: readonly string[],
  more: { sender?: string; input?: string; homeGiven?: boolean } = {},
): Promise<Ran> {
  const { door, kept } = keepingDoor(home, more.input ?? '');
  const code = await runAlias(program, words, { ...door, sender: more.sender }, more.homeGiven ?? true);
  return { code, ...kept };
}

const directory = 'lists/lists.example.org/news';

test("ezmlm's programs do their work with DIR first", async (t) => {
  const home = await homeWithList(t);
  assert.equal((await alias(home, 'ezmlm-sub', [directory, 'bob@example.net'])).code, 0);
  assert.equal((await alias(home, 'ezmlm-sub', ['-n', directory, 'carla@example.net', 'Carla C'])).code, 0);
  assert.equal((await alias(home, 'ezmlm-sub', [directory, 'digest'], { input: 'dora@example.net\n' })).code, 0);
  assert.equal((await alias(home, 'ezmlm-list', ['-n', directory])).output, '2\n');
  assert.equal((await alias(home, 'ezmlm-list', [directory, 'digest'])).output, 'dora@example.net\n');
  assert.equal((await alias(home, 'ezmlm-unsub', [directory, 'bob@example.net'])).code, 0);
  assert.equal((await alias(home, 'ezmlm-list', [directory, '.'])).output, 'carla@example.net\n');
});

test('ezmlm-issubn answers by its exit code', async (t) => {
  const home = await homeWithList(t);
  await ezlm(home, ['sub', news, 'bob@example.net']);
  await ezlm(home, ['sub', news, 'digest', 'dora@example.net']);
  const table: [words: string[], sender: string | undefined, code: number][] = [
    [[directory], 'BOB@example.net', 0],
    [[directory], 'dora@example.net', 99],
    [[directory, 'digest'], 'dora@example.net', 0],
    [[directory, '.', 'digest'], 'dora@example.net', 0],
    [['-n', directory], 'bob@example.net', 99],
    [['-n', directory], 'dora@example.net', 0],
    [[directory], undefined, 100],
    [[directory], 'nonsense', 100],
    [[directory, 'friends'], 'bob@example.net', 100],
    [['lists/nowhere'], 'bob@example.net', 100],
  ];
  for (const [words, sender, code] of table) {
    const ran = await alias(home, 'ezmlm-issubn', words, sender === undefined ? {} : { sender });
    assert.equal(ran.code, code, `${words.join(' ')} ${sender}: ${ran.talk}`);
    assert.equal(ran.output, '');
  }
});

test('the home is found from DIR', async (t) => {
  const home = await homeWithList(t);
  const there = join(await realpath(home), directory);
  assert.equal((await alias('/', 'ezmlm-sub', [there, 'bob@example.net'], { homeGiven: false })).code, 0);
  assert.equal((await alias('/', 'ezmlm-list', [there], { homeGiven: false })).output, 'bob@example.net\n');
});

test('ezmlm-make makes a list; a DIR elsewhere becomes a link to it', async (t) => {
  const home = await homeWithList(t);
  const link = join(home, 'talk');
  const made = await alias(home, 'ezmlm-make', ['-aU', link, join(home, '.qmail-talk'), 'talk', 'lists.example.org']);
  assert.equal(made.code, 0, made.talk);
  assert.match(made.talk, /DOT is ignored/);
  assert.ok((await lstat(link)).isSymbolicLink());
  assert.equal((await alias('/', 'ezmlm-sub', [link, 'bob@example.net'], { homeGiven: false })).code, 0);
  assert.equal((await ezlm(home, ['list', 'talk@lists.example.org'])).output, 'bob@example.net\n');
  assert.equal((await alias(home, 'ezmlm-make', ['-+', '-f', '-5', 'anna@example.org', link])).code, 0);
  assert.match(JSON.stringify(await ezlm(home, ['check'])), /no problem found/);
});

test("wrong words end with ezmlm's codes", async (t) => {
  const home = await homeWithList(t);
  const table: [program: string, words: string[], code: number][] = [
    ['ezmlm-make', [], 100],
    ['ezmlm-make', ['dir', 'dot'], 100],
    ['ezmlm-make', [directory, 'dot', 'news', 'lists.example.org'], 111],
    ['ezmlm-make', [directory, 'dot', 'other', 'lists.example.org'], 100],
    ['ezmlm-make', ['ezlm.json', 'dot', 'other', 'lists.example.org'], 111],
    ['ezmlm-sub', ['-x', directory], 100],
    ['ezmlm-sub', [directory, 'friends', 'bob@example.net'], 100],
    ['ezmlm-sub', [directory, 'no@address@'], 100],
    ['ezmlm-list', [], 100],
    ['ezmlm-weed', [directory], 100],
    ['__proto__', [directory], 100],
  ];
  for (const [program, words, code] of table) {
    const ran = await alias(home, program, words);
    assert.equal(ran.code, code, `${program} ${words.join(' ')}: ${ran.talk}`);
    assert.equal(ran.talk.trimEnd().split('\n').length >= 2, true);
  }
});
