import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'node:test';
import { ezlm, homeWithList, news } from './test-door.ts';

async function settingsOf(home: string, name = 'news'): Promise<Record<string, unknown>> {
  const path = join(home, 'lists/lists.example.org', name, 'list.json');
  return JSON.parse(await readFile(path, 'utf8')) as Record<string, unknown>;
}

test('a list is made with letters, an owner and settings', async (t) => {
  const home = await homeWithList(t);
  const made = await ezlm(home, [
    'make',
    'talk@lists.example.org',
    '-U',
    '-f',
    '--owner',
    'anna@example.org',
    'bytesMost=50000',
    'title=Talk = fun',
  ]);
  assert.equal(made.code, 0, made.talk);
  const settings = await settingsOf(home, 'talk');
  assert.equal(settings['owner'], 'anna@example.org');
  assert.equal(settings['bytesMost'], 50_000);
  assert.equal(settings['title'], 'Talk = fun');
  assert.equal(settings['posting'], 'everybody');
  assert.match(String(settings['prefix']), /talk/);
});

test('a letter whose behaviour is not there yet is kept and reported', async (t) => {
  const home = await homeWithList(t);
  const made = await ezlm(home, ['make', news, '-+', '-d']);
  assert.equal(made.code, 0, made.talk);
  assert.match(made.talk, /\bd\b.*not active yet/);
  assert.match(String((await settingsOf(home))['letters']), /d/);
});

test('-+ changes only what is given', async (t) => {
  const home = await homeWithList(t);
  await ezlm(home, ['make', news, '-+', 'title=News', '-f']);
  await ezlm(home, ['make', news, '-+', '-F']);
  const settings = await settingsOf(home);
  assert.equal(settings['title'], 'News');
  assert.equal(settings['owner'], 'anna@example.org');
  assert.equal(settings['prefix'] ?? '', '');
});

test('what cannot be made or edited is refused with a reason', async (t) => {
  const home = await homeWithList(t);
  const table: [words: string[], code: number, what: RegExp][] = [
    [[news], 73, /is there already/],
    [['other@lists.example.org', '-+'], 66, /there is no list/],
    [['other@elsewhere.example'], 78, /elsewhere\.example is none of the domains/],
    [['news-owner@lists.example.org'], 73, /news/],
    [['postmaster@lists.example.org'], 64, /postmaster/],
    [['other@lists.example.org', '--owner', 'nobody'], 64, /owner: must be a mail address/],
    [['other@lists.example.org', 'bytesMost=1', 'nope=2'], 64, /bytesMost: .*; nope: there is no such setting/],
  ];
  for (const [words, code, what] of table) {
    const ran = await ezlm(home, ['make', ...words]);
    assert.match(ran.talk, what, words.join(' '));
    assert.equal(ran.code, code, words.join(' '));
  }
  assert.equal((await ezlm(home, ['status', '--json'])).output.includes('"lists":1'), true);
});

test('--dry-run makes and edits nothing', async (t) => {
  const home = await homeWithList(t);
  const before = await settingsOf(home);
  assert.equal((await ezlm(home, ['make', news, '-+', 'title=x', '--dry-run'])).code, 0);
  assert.deepEqual(await settingsOf(home), before);
  assert.equal((await ezlm(home, ['make', 'other@lists.example.org', '--dry-run'])).code, 0);
  assert.equal((await ezlm(home, ['list', 'other@lists.example.org'])).code, 66);
});

test('a list.json with mistakes is not edited', async (t) => {
  const home = await homeWithList(t);
  const path = join(home, 'lists/lists.example.org/news/list.json');
  await writeFile(path, '{ "titel": "x" }');
  const ran = await ezlm(home, ['make', news, '-+', 'title=y']);
  assert.equal(ran.code, 78);
  assert.match(ran.talk, /list\.json:1: titel/);
  assert.equal(await readFile(path, 'utf8'), '{ "titel": "x" }');
});
