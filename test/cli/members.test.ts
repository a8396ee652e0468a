import assert from 'node:assert/strict';
import { chmod } from 'node:fs/promises';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import test from 'node:test';
import { ezlm, homeWithList, news } from './test-door.ts';

const directory = 'lists/lists.example.org/news';

test('addresses are added, listed, counted, asked for and removed', async (t) => {
  const home = await homeWithList(t);
  const added = await ezlm(home, ['sub', news, 'Bob@Example.net', 'carla@example.com']);
  assert.deepEqual(added, { code: 0, output: '', talk: `2 added at ${news}\n` });
  assert.equal((await ezlm(home, ['list', news])).output, 'carla@example.com\nBob@example.net\n');
  assert.equal((await ezlm(home, ['list', news, '-n'])).output, '2\n');
  assert.equal((await ezlm(home, ['issub', news, 'BOB@example.net'])).code, 0);
  assert.equal((await ezlm(home, ['issub', news, 'dora@example.net'])).code, 99);
  const again = await ezlm(home, ['sub', news, 'bob@example.net']);
  assert.equal(again.talk, `0 added at ${news}, 1 were there already\n`);
  const removed = await ezlm(home, ['unsub', news, 'bob@example.net', 'dora@example.net']);
  assert.equal(removed.talk, `1 removed at ${news}, 1 were not there\n`);
  assert.equal((await ezlm(home, ['issub', news, 'bob@example.net'])).code, 99);
});

test('a list may be named by its directory', async (t) => {
  const home = await homeWithList(t);
  assert.equal((await ezlm(home, ['sub', directory, 'bob@example.net'])).code, 0);
  assert.equal((await ezlm(home, ['list', join(home, directory)])).output, 'bob@example.net\n');
});

test('roles are apart, and a role may hold whole domains where that means something', async (t) => {
  const home = await homeWithList(t);
  assert.equal((await ezlm(home, ['sub', news, 'deny', '@spam.example', 'eve@example.net'])).code, 0);
  assert.equal((await ezlm(home, ['list', news, 'deny', '-n'])).output, '2\n');
  assert.equal((await ezlm(home, ['list', news, '-n'])).output, '0\n');
  assert.equal((await ezlm(home, ['issub', news, 'anyone@spam.example', 'deny'])).code, 0);
  assert.equal((await ezlm(home, ['sub', news, '@spam.example'])).code, 65);
});

test('bad lines are reported by number and nothing is changed', async (t) => {
  const home = await homeWithList(t);
  const input = 'bob@example.net\n\nnot an address\r\ncarla@example.net\r\n\u0007@\u001b[31m\n';
  const refused = await ezlm(home, ['sub', news], input);
  assert.equal(refused.code, 65);
  assert.match(
    refused.talk,
    /^line 3: "not an address" is not an address\nline 5: "\\u0007@\\u001b\[31m" is not an address\n/,
  );
  assert.match(refused.talk, /2 of 4 addresses are bad; nothing was changed\n.*--skip-bad/);
  assert.equal((await ezlm(home, ['list', news, '-n'])).output, '0\n');
});

test('--skip-bad goes on with the good ones', async (t) => {
  const home = await homeWithList(t);
  const ran = await ezlm(home, ['sub', news, '--skip-bad', '--json'], 'bob@example.net\nnope\n');
  assert.equal(ran.code, 0);
  assert.deepEqual(JSON.parse(ran.output), {
    list: news,
    role: 'subscriber',
    added: 1,
    unchanged: 0,
    suppressed: 0,
    bad: 1,
    dryRun: false,
  });
});

test('--dry-run changes nothing', async (t) => {
  const home = await homeWithList(t);
  const ran = await ezlm(home, ['sub', news, 'bob@example.net', '--dry-run']);
  assert.deepEqual(ran, { code: 0, output: '', talk: `would have added 1 at ${news}; nothing was changed\n` });
  assert.equal((await ezlm(home, ['list', news, '-n'])).output, '0\n');
});

test('more addresses than a batch holds are all added, and a run can be repeated', async (t) => {
  const home = await homeWithList(t);
  const input = Array.from({ length: 12_345 }, (_, i) => `user${i}@d${i % 7}.example`).join('\n');
  assert.match((await ezlm(home, ['sub', news], input)).talk, /^12345 added/);
  assert.match((await ezlm(home, ['sub', news], input)).talk, /^0 added at \S+, 12345 were there already/);
  assert.equal((await ezlm(home, ['list', news, '-n'])).output, '12345\n');
  assert.equal((await ezlm(home, ['list', news])).output.split('\n').length, 12_346);
});

test('a list that is not there, or cannot be one, is said so', async (t) => {
  const home = await homeWithList(t);
  const table: [words: string[], code: number, what: RegExp][] = [
    [['list', 'other@lists.example.org'], 66, /there is no list other@lists.example.org/],
    [['list', 'UP__PER@lists.example.org'], 64, /cannot be a list's address/],
    [['list', 'lists/nowhere'], 64, /neither an address nor a list directory/],
    [['list', '..'], 64, /neither an address nor a list directory/],
    [['sub', news, 'moderators', 'bob@example.net'], 65, /1 of 2 addresses are bad/],
    [['issub', news, 'bob'], 65, /"bob" is not an address/],
  ];
  for (const [words, code, what] of table) {
    const ran = await ezlm(home, words);
    assert.equal(ran.code, code, words.join(' '));
    assert.match(ran.talk, what, words.join(' '));
    assert.equal(ran.output, '');
  }
});

test('a database that another process holds is waited for, then exit 75', async (t) => {
  const home = await homeWithList(t);
  const holder = new DatabaseSync(join(home, directory, 'list.db'));
  holder.exec('BEGIN IMMEDIATE');
  const refused = await ezlm(home, ['sub', news, 'bob@example.net']);
  holder.exec('ROLLBACK');
  holder.close();
  assert.equal(refused.code, 75);
  assert.match(refused.talk, /locked by another process.*\n.*run this again/);
  assert.equal((await ezlm(home, ['list', news, '-n'])).output, '0\n');
  assert.equal((await ezlm(home, ['sub', news, 'bob@example.net'])).code, 0);
});

test('a list directory that may not be written is exit 77', async (t) => {
  if (process.getuid?.() === 0) return t.skip('root may write everywhere; see the process test');
  const home = await homeWithList(t);
  await chmod(join(home, directory, 'list.db'), 0o400);
  await chmod(join(home, directory), 0o500);
  const refused = await ezlm(home, ['sub', news, 'bob@example.net']);
  await chmod(join(home, directory), 0o700);
  assert.equal(refused.code, 77);
  assert.match(refused.talk, /may not be written|cannot be opened/);
});
