import assert from 'node:assert/strict';
import { readdir, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'node:test';
import type { Door } from '../../src/cli/door.ts';
import { runCommandLine } from '../../src/cli/run.ts';
import { ezlm, keepingDoor, temporaryDirectory } from './test-door.ts';

async function madeHome(t: test.TestContext): Promise<{ home: string; keys: string }> {
  const home = await temporaryDirectory(t);
  await ezlm(home, ['init', '--domain', 'lists.example.org']);
  return { home, keys: join(home, 'keys', 'lists.example.org') };
}

test('dns prints what init printed, and says which key signs', async (t) => {
  const { home, keys } = await madeHome(t);
  const ran = await ezlm(home, ['dns']);
  assert.equal(ran.code, 0, ran.talk);
  const selectors = [
    ...ran.output.matchAll(/^(\w+)\._domainkey\.lists\.example\.org\. +IN TXT "v=DKIM1; k=rsa; p=[^"]{1,255}" "/gm),
  ];
  assert.deepEqual(
    selectors.map((match) => match[1]!.slice(-1)),
    ['a', 'b'],
  );
  assert.match(ran.talk, /a signs\n.*b is spare/);
  assert.equal((await stat(join(keys, `${selectors[0]![1]}.pem`))).mode & 0o777, 0o600);
});

test('a rotation makes the spare key sign and keeps the old one', async (t) => {
  const { home, keys } = await madeHome(t);
  const dry = await ezlm(home, ['dns', '--rotate', '--dry-run']);
  assert.match(dry.talk, /a signs\n.*b is spare/);
  const ran = await ezlm(home, ['dns', '--rotate', '--algorithm', 'ed25519', '--json']);
  assert.equal(ran.code, 0, ran.talk);
  assert.match(ran.talk, /b signs\n.*c is spare/);
  assert.match(ran.output, /c\._domainkey.*k=ed25519/);
  assert.match((await readdir(join(keys, 'old'))).join(' '), /^ezlm\d{8}a\.pem$/);
});

test('a rotation waits for the record of the spare key, unless it is forced', async (t) => {
  const { home } = await madeHome(t);
  const { door } = keepingDoor(home);
  const absent: Door = { ...door, dnsTexts: async () => ({ kind: 'missing' }) };
  const before = (await ezlm(home, ['dns'])).talk;
  assert.equal(await runCommandLine(['dns', '--rotate'], absent, '1'), 75);
  assert.equal((await ezlm(home, ['dns'])).talk, before);
  assert.equal(await runCommandLine(['dns', '--rotate', '--force'], absent, '1'), 0);
  assert.match((await ezlm(home, ['dns'])).talk, /b signs\n.*c is spare/);
});

test('a second kind of key signs beside the first; without a spare there is nothing to rotate', async (t) => {
  const { home, keys } = await madeHome(t);
  const ran = await ezlm(home, ['dns', '--make-keys', '--algorithm', 'ed25519']);
  assert.equal(ran.code, 0, ran.talk);
  assert.match(ran.talk, /a signs\n.*c signs\n.*b is spare.*\n.*d is spare/);
  await rm(join(keys, 'spare'), { recursive: true });
  const rotated = await ezlm(home, ['dns', '--rotate']);
  assert.equal(rotated.code, 66);
  assert.match(rotated.talk, /no spare key/);
});

test('a domain that is not ours and a file that is no key are complaints', async (t) => {
  const { home, keys } = await madeHome(t);
  const other = await ezlm(home, ['dns', 'other.example']);
  assert.equal(other.code, 64);
  assert.match(other.talk, /ezlm\.json has: lists\.example\.org/);
  await writeFile(join(keys, 'mine.pem'), 'no key');
  const ran = await ezlm(home, ['dns']);
  assert.equal(ran.code, 78);
  assert.match(ran.talk, /mine\.pem: .*neither RSA/);
});
