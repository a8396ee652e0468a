import assert from 'node:assert/strict';
import { readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'node:test';
import { isPassword } from '../../src/domain/password.ts';
import { ezlm, homeWithList } from './test-door.ts';

test('users are added, listed, given another password, and removed', async (t) => {
  const home = await homeWithList(t);
  const file = join(home, 'users.json');
  const kept = async (): Promise<Record<string, { password: string }>> =>
    JSON.parse(await readFile(file, 'utf8')) as Record<string, { password: string }>;
  const words = ['user', 'add', 'Ann@Example.org', 'senders=@lists.example.org,bob@example.org', 'messagesPerHour=7'];
  const dry = await ezlm(home, [...words, '--dry-run'], 'correct horse\n');
  assert.deepEqual([dry.code, dry.talk], [0, 'would be so: may hand in mail: ann@example.org; nothing was changed\n']);
  await assert.rejects(stat(file));
  assert.equal((await ezlm(home, words, 'correct horse\n')).code, 0);
  assert.equal((await stat(file)).mode & 0o777, 0o600);
  const first = (await kept())['ann@example.org']!.password;
  assert.ok(await isPassword('correct horse', first));
  assert.doesNotMatch(await readFile(file, 'utf8'), /horse/);
  const listed = await ezlm(home, ['user', '--json']);
  assert.deepEqual(JSON.parse(listed.output), {
    name: 'ann@example.org',
    senders: ['@lists.example.org', 'bob@example.org'],
    messagesPerHour: 7,
    messagesPerDay: 500,
    recipientsPerHour: 500,
    recipientsPerDay: 2_000,
  });
  assert.equal((await ezlm(home, ['user'])).output, 'ann@example.org also @lists.example.org, bob@example.org\n');
  assert.equal((await ezlm(home, ['user', 'password', 'ann@example.org'], 'battery staple\n')).code, 0);
  assert.notEqual((await kept())['ann@example.org']!.password, first);
  assert.equal((await ezlm(home, ['user', 'remove', 'ann@example.org'])).code, 0);
  assert.deepEqual(await kept(), {});
});

test('what cannot be done says why, and changes nothing', async (t) => {
  const home = await homeWithList(t);
  await ezlm(home, ['user', 'add', 'ann@example.org'], 'correct horse\n');
  const before = await readFile(join(home, 'users.json'), 'utf8');
  const table: [words: string[], input: string, code: number, talk: RegExp][] = [
    [['add', 'ann@example.org'], 'correct horse\n', 66, /is a user already/],
    [['add', 'ann'], 'correct horse\n', 64, /address of the user/],
    [['add'], 'correct horse\n', 64, /address of the user/],
    [['add', 'bob@example.org'], 'short\n', 65, /8 to 1024 octets/],
    [['add', 'bob@example.org'], '', 65, /8 to 1024 octets/],
    [['add', 'bob@example.org'], 'x'.repeat(1_025), 65, /8 to 1024 octets/],
    [['add', 'bob@example.org', 'senders=x'], 'correct horse\n', 64, /senders: "x" must be an address/],
    [['add', 'bob@example.org', 'messagesPerHour=0'], 'correct horse\n', 64, /messagesPerHour: must be a whole/],
    [['add', 'bob@example.org', '__proto__=1'], 'correct horse\n', 64, /there is no such setting/],
    [['remove', 'bob@example.org'], '', 66, /is no user/],
    [['password', 'bob@example.org'], 'correct horse\n', 66, /is no user/],
  ];
  for (const [words, input, code, talk] of table) {
    const ran = await ezlm(home, ['user', ...words], input);
    assert.equal(ran.code, code, words.join(' '));
    assert.match(ran.talk, talk);
  }
  assert.equal(await readFile(join(home, 'users.json'), 'utf8'), before);
  await writeFile(join(home, 'users.json'), '{"x": {}}');
  assert.match((await ezlm(home, ['user'])).talk, /x: is not a mail address/);
});
