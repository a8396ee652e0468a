import assert from 'node:assert/strict';
import test, { type TestContext } from 'node:test';
import { answerAt } from './test-daemon.ts';
import { cutPost, ezlm, homeWithList, news, putOff, queuePost } from './test-door.ts';

const bob = 'bob@b.example';
const carol = 'carol@C.example';
const dan = 'dan@b.example';

async function untried(t: TestContext, owner?: string): Promise<{ home: string; post: string }> {
  const home = await homeWithList(t);
  const post = await queuePost(home);
  await cutPost(home, post, [bob, carol, dan], owner);
  return { home, post };
}

async function rowsOf(home: string, words: readonly string[]): Promise<Record<string, unknown>[]> {
  const { code, output } = await ezlm(home, ['queue', ...words, '--json']);
  assert.equal(code, 0);
  const lines = output.split('\n').filter((line) => line !== '');
  return lines.map((line) => JSON.parse(line) as Record<string, unknown>);
}

async function idsOf(home: string, words: readonly string[]): Promise<unknown[]> {
  return (await rowsOf(home, words)).map(({ id }) => id);
}

test('recipients who were not tried are listed as that, by filter', async (t) => {
  const { home, post } = await untried(t);
  const [one, two, three] = [0, 1, 2].map((position) => `${post}/${position}`);
  const table: [filter: string, ids: unknown[]][] = [
    ['--domain b.example', [one, three]],
    ['--domain c.example --list news@lists.example.org', [two]],
    ['--state untried', [one, two, three]],
    ['--state deferred', []],
    ['--state untried --kind mail', []],
    ['--kind recipient', [one, two, three]],
    ['--reply later', []],
    [`${post} --domain b.example`, [one, three]],
    [`${two}`, [two]],
  ];
  for (const [words, ids] of table) assert.deepEqual(await idsOf(home, ['list', ...words.split(' ')]), ids, words);
  const { output } = await ezlm(home, ['queue', '--domain', 'c.example']);
  assert.match(output, new RegExp(`^${two} recipient untried +0m 0 carol@C\\.example \n$`));
  const [{ created, due, ...row } = {}] = await rowsOf(home, ['--domain', 'c.example']);
  assert.equal(typeof created, 'string');
  assert.equal(typeof due, 'string');
  const place = { list: news, number: 7, post, position: 1, member: 2, recipient: carol };
  assert.deepEqual(row, { id: two, kind: 'recipient', state: 'untried', ...place, attempts: 0, host: '', reply: '' });
});

test('those of a domain are dropped before they are tried; the post ends with the last', async (t) => {
  const { home, post } = await untried(t);
  const words = ['queue', 'drop', '--domain', 'b.example', '--list', news];
  assert.equal(
    (await ezlm(home, [...words, '--dry-run'])).talk,
    '2 would be dropped, 2 of them recipients of posts; nothing was changed\n',
  );
  assert.deepEqual((await ezlm(home, words)).talk, '2 dropped, 2 of them recipients of posts\n');
  assert.deepEqual(await idsOf(home, ['--kind', 'recipient']), [`${post}/1`]);
  assert.match((await ezlm(home, ['trace', news, '7', bob])).output, /bob@b.example failed - dropped by the operator/);
  assert.equal((await ezlm(home, ['queue', 'drop'], `${post}/1\n`)).code, 0);
  assert.deepEqual(await idsOf(home, []), []);
});

test('what a daemon that has ended had taken is dropped as well', async (t) => {
  const { home, post } = await untried(t, 'deliver-1');
  assert.deepEqual(
    (await rowsOf(home, ['--domain', 'b.example'])).map(({ taken }) => taken),
    [true, true],
  );
  assert.equal((await ezlm(home, ['queue', 'drop', post, '--domain', 'b.example'])).code, 0);
  assert.deepEqual(await idsOf(home, ['--kind', 'recipient']), [`${post}/1`]);
});

test('a daemon that runs is told to give back what it has taken; who is being tried stays, and it is said how many', async (t) => {
  const { home, post } = await untried(t, 'deliver-1');
  const seen = await answerAt(t, home, []);
  const ran = await ezlm(home, ['queue', 'drop', '--domain', 'b.example', '--json']);
  assert.equal(ran.code, 66);
  assert.match(ran.talk, /^2 are being tried just now.*repeat this[^]*^0 dropped$/m);
  assert.equal(ran.output.split('\n').filter((line) => line.includes('"done":false')).length, 2);
  assert.deepEqual(seen.putBack, [news]);
  assert.equal((await idsOf(home, ['--domain', 'b.example'])).length, 2);
  await putOff(home, (await rowsOf(home, []))[0]!['id'] as never, [bob], '450 later');
  assert.deepEqual(await idsOf(home, ['--state', 'untried']), [`${post}/1`, `${post}/2`]);
});

test('retry makes the chunks of the untried due', async (t) => {
  const { home } = await untried(t);
  const ran = await ezlm(home, ['queue', 'retry', '--domain', 'c.example']);
  assert.deepEqual([ran.code, ran.talk], [0, '1 due now, 1 of them recipients of posts\n']);
});

test('whom a drop cannot have found is said: members who are not in the queue yet', async (t) => {
  const home = await homeWithList(t);
  const post = await queuePost(home);
  assert.equal((await rowsOf(home, ['show', post]))[0]?.['cut'], false);
  const ran = await ezlm(home, ['queue', 'drop', '--domain', 'b.example']);
  assert.match(ran.talk, /^0 dropped\nmembers of news@lists\.example\.org still come into the queue for post 7/);
  assert.match(ran.talk, new RegExp(`"ezlm lane pause b.example" .* "ezlm queue show ${post}" says cut: true`));
});
