import assert from 'node:assert/strict';
import { chmod, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test, { type TestContext } from 'node:test';
import { readKeys, writeNewKey } from '../../src/list/keys.ts';
import type { Keys } from '../../src/list/list.ts';
import { temporaryDirectory } from '../helpers/temporary.ts';

const listA = 'a@lists.example.org';

async function newKeyFile(t: TestContext): Promise<string> {
  const path = join(await temporaryDirectory(t), 'key');
  await writeNewKey(path, 0);
  return path;
}

async function keysOf(path: string, list = listA): Promise<Keys> {
  const read = await readKeys(path, list);
  return read.ok ? read.value : assert.fail(read.failure.cause);
}

test('a new key file is for its owner alone and holds one key of 32 octets', async (t) => {
  const path = await newKeyFile(t);
  assert.equal((await stat(path)).mode & 0o777, 0o600);
  const [id, created, secret] = (await readFile(path, 'utf8')).trim().split(' ');
  assert.match(id!, /^[0-9a-f]{8}$/);
  assert.equal(created, '1970-01-01T00:00:00.000Z');
  assert.equal(Buffer.from(secret!, 'base64').length, 32);
});

test('a MAC holds for its parts, in any letter case, and for nothing else', async (t) => {
  const keys = await keysOf(await newKeyFile(t));
  const mac = keys.tokenMac(['sc', 'bob@x.example']);
  assert.match(mac, /^[a-z2-7]{16}$/);
  assert.ok(keys.tokenMatches(['sc', 'bob@x.example'], mac.toUpperCase()));
  const others = [['uc', 'bob@x.example'], ['sc', 'bob@x.exampl'], ['scbob@x.example'], ['s', 'cbob@x.example'], []];
  for (const parts of others) assert.equal(keys.tokenMatches(parts, mac), false, parts.join(' '));
  const verp = keys.verpMac(17, 'bob@x.example');
  assert.match(verp, /^[a-z2-7]{8}$/);
  assert.ok(keys.verpMatches(17, 'bob@x.example', verp));
  assert.equal(keys.verpMatches(18, 'bob@x.example', verp), false);
  assert.equal(keys.verpMatches(17, 'bob@y.example', verp), false);
});

test('every character of a MAC counts, and so does its length', async (t) => {
  const keys = await keysOf(await newKeyFile(t));
  const parts = ['sc', 'bob@x.example'];
  const mac = keys.tokenMac(parts);
  for (let at = 0; at < mac.length; at++) {
    const wrong = mac.slice(0, at) + (mac[at] === 'a' ? 'b' : 'a') + mac.slice(at + 1);
    assert.equal(keys.tokenMatches(parts, wrong), false, `character ${at}`);
  }
  for (const wrong of ['', mac.slice(1), `${mac}a`, 'ä'.repeat(16)])
    assert.equal(keys.tokenMatches(parts, wrong), false);
});

test('VERP and tokens are different purposes, even over the same parts', async (t) => {
  const keys = await keysOf(await newKeyFile(t));
  assert.equal(keys.tokenMac(['17', 'bob@x.example']).startsWith(keys.verpMac(17, 'bob@x.example')), false);
});

test('what list A signed is worth nothing on list B, even with the same key file', async (t) => {
  const path = await newKeyFile(t);
  const [a, b] = [await keysOf(path), await keysOf(path, 'b@lists.example.org')];
  assert.equal(b.tokenMatches(['sc'], a.tokenMac(['sc'])), false);
  assert.equal(b.verpMatches(1, 'bob@x.example', a.verpMac(1, 'bob@x.example')), false);
});

test('after a rotation the first key signs and the old one still verifies, until it is removed', async (t) => {
  const path = await newKeyFile(t);
  const oldText = await readFile(path, 'utf8');
  const before = await keysOf(path);
  await writeNewKey(path, 1);
  const newText = await readFile(path, 'utf8');
  await writeFile(path, `${newText}\n${oldText}`);
  const during = await keysOf(path);
  assert.ok(during.tokenMatches(['sc'], before.tokenMac(['sc'])));
  assert.ok(during.verpMatches(1, 'b@x.example', before.verpMac(1, 'b@x.example')));
  assert.equal(before.tokenMatches(['sc'], during.tokenMac(['sc'])), false);
  await writeFile(path, newText);
  assert.equal((await keysOf(path)).tokenMatches(['sc'], before.tokenMac(['sc'])), false);
});

test('a key file that is missing, empty, damaged or unreadable is a temporary failure that names the file', async (t) => {
  const directory = await temporaryDirectory(t);
  const good = `1 2026-01-01T00:00:00Z ${Buffer.alloc(32, 7).toString('base64')}\n`;
  const table: [name: string, text: string | undefined, cause: RegExp][] = [
    ['missing', undefined, /missing/],
    ['empty', '', /no key line/],
    ['short', `1 2026-01-01T00:00:00Z ${Buffer.alloc(31).toString('base64')}\n`, /line 1/],
    ['words', `${good}only two\n`, /line 2/],
    ['base64', '1 2 !!!!\n', /line 1/],
  ];
  for (const [name, text, cause] of table) {
    const path = join(directory, name);
    if (text !== undefined) await writeFile(path, text);
    const read = await readKeys(path, listA);
    assert.ok(!read.ok && read.failure.temporary, name);
    assert.match(read.failure.cause ?? '', cause);
    assert.match(read.failure.cause ?? '', new RegExp(name));
    assert.equal(read.failure.text.includes(directory), false, 'no path in what the other side may read');
  }
});

test('a key file without read permission is a temporary failure', async (t) => {
  if (process.getuid?.() === 0) return t.skip('root may read everything');
  const path = await newKeyFile(t);
  await chmod(path, 0);
  const read = await readKeys(path, listA);
  assert.ok(!read.ok && read.failure.temporary);
  assert.match(read.failure.cause ?? '', /cannot be read/);
});
