import assert from 'node:assert/strict';
import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'node:test';
import { ezlm, temporaryDirectory } from './test-door.ts';

test('init makes a home and prints the records to publish', async (t) => {
  const home = join(await temporaryDirectory(t), 'new', 'home');
  const ran = await ezlm('/', ['init', '--home', home, '--domain', 'Lists.Example.ORG', 'hostname=mail.example.org']);
  assert.equal(ran.code, 0, ran.talk);
  assert.deepEqual(JSON.parse(await readFile(join(home, 'ezlm.json'), 'utf8')), {
    domains: ['lists.example.org'],
    hostname: 'mail.example.org',
  });
  assert.match(ran.output, /^lists\.example\.org\. +IN MX +10 mail\.example\.org\.$/m);
  assert.match(ran.output, /^lists\.example\.org\. +IN TXT "v=spf1 mx -all"$/m);
  assert.match(ran.output, /^_dmarc\.lists\.example\.org\. +IN TXT "v=DMARC1; p=none; rua=/m);
  assert.equal(
    ran.output.match(/^ezlm\d{8}[ab]\._domainkey\.lists\.example\.org\. +IN TXT "v=DKIM1; k=rsa; p=/gm)?.length,
    2,
  );
  assert.deepEqual((await readdir(join(home, 'keys', 'lists.example.org'))).length, 2);
  for (const directory of ['queue', 'keys']) {
    assert.equal((await stat(join(home, directory))).mode & 0o777, 0o700, directory);
  }
  for (const directory of ['.', 'lists', 'domains']) {
    assert.equal((await stat(join(home, directory))).mode & 0o027, 0, directory);
  }
});

test('init leaves an existing home as it is', async (t) => {
  const home = await temporaryDirectory(t);
  await ezlm(home, ['init', '--domain', 'lists.example.org']);
  const before = await readFile(join(home, 'ezlm.json'), 'utf8');
  const again = await ezlm(home, ['init', '--domain', 'other.example.org']);
  assert.equal(again.code, 73);
  assert.match(again.talk, /is there already; nothing was changed/);
  assert.equal(await readFile(join(home, 'ezlm.json'), 'utf8'), before);
});

test('a wrong domain or setting makes nothing', async (t) => {
  const home = await temporaryDirectory(t);
  const table: [words: string[], what: RegExp][] = [
    [['init'], /domain of the lists is missing/],
    [['init', '--domain', 'not a domain'], /cannot be one/],
    [['init', '--domain', '[192.0.2.1]'], /cannot be one/],
    [
      ['init', '--domain', 'a.example', 'smtp=25', 'nope=1', 'hostname'],
      /smtp: .*HOST:PORT.*; nope: there is no such setting; hostname: must be written as/,
    ],
    [['init', '--domain', 'a.example', '__proto__=1'], /__proto__: there is no such setting/],
  ];
  for (const [words, what] of table) {
    const ran = await ezlm(home, words);
    assert.equal(ran.code, 64, words.join(' '));
    assert.match(ran.talk, what);
  }
  assert.deepEqual(await readdir(home), []);
});

test('init --dry-run and --json', async (t) => {
  const home = await temporaryDirectory(t);
  const ran = await ezlm(home, ['init', '--domain', 'a.example', '--dry-run', '--json']);
  assert.equal(ran.code, 0);
  const records = ran.output
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as { type: string });
  assert.deepEqual(
    records.map((record) => record.type),
    ['MX', 'TXT', 'TXT'],
  );
  assert.deepEqual(await readdir(home), []);
});

test('without a home every verb says what to run', async (t) => {
  const home = await temporaryDirectory(t);
  for (const words of [['list', 'a@b.example'], ['status'], ['queue'], ['serve'], ['make', 'a@b.example'], ['check']]) {
    const ran = await ezlm(home, words);
    assert.equal(ran.code, 78, words.join(' '));
    assert.match(ran.talk + ran.output, /ezlm init --domain/, words.join(' '));
  }
  assert.deepEqual(await readdir(home), []);
});
