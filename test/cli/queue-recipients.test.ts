import assert from 'node:assert/strict';
import test, { type TestContext } from 'node:test';
import { until } from '../helpers/until.ts';
import { answerAt } from './test-daemon.ts';
import { ezlm, homeWithList, news, putOff, queuePost } from './test-door.ts';

const bob = 'bob@b.example';
const carol = 'carol@c.example';
const dan = 'dan@b.example';

async function waiting(t: TestContext): Promise<{ home: string; post: string }> {
  const home = await homeWithList(t);
  const post = await queuePost(home);
  await putOff(home, post, [bob], '450 4.2.0 greylisted, come again');
  await putOff(home, post, [carol, dan], '452 4.2.2 mailbox full', 1);
  return { home, post };
}

async function rowsOf(home: string, words: readonly string[]): Promise<Record<string, unknown>[]> {
  const { code, output } = await ezlm(home, ['queue', 'list', ...words, '--json']);
  assert.equal(code, 0);
  return output
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Record<string, unknown>);
}

async function idsOf(home: string, words: readonly string[]): Promise<unknown[]> {
  return (await rowsOf(home, words)).map(({ id }) => id);
}

test('filters find the recipients of posts who wait', async (t) => {
  const { home, post } = await waiting(t);
  const [one, two, three] = [0, 1, 2].map((position) => `${post}/${position}`);
  const table: [filter: string, ids: unknown[]][] = [
    ['', [post]],
    ['--kind post', [post]],
    ['--kind recipient', [one, two, three]],
    ['--domain b.example', [one, three]],
    ['--domain B.Example --kind post', []],
    ['--domain lists.example.org', [post]],
    ['--reply greylist', [one]],
    ['--reply greylist --kind mail', []],
    ['--state deferred', [one, two, three]],
    ['--state uncertain', []],
    ['--state ready', [post]],
    ['--state ready --domain b.example', []],
    [`--list ${news}`, [post]],
    [`--list ${news} --state deferred --reply full`, [two, three]],
    ['--older-than 1h --kind recipient', []],
    ['--newer-than 1h --domain c.example', [two]],
    [`${post} --domain b.example`, [one, three]],
    [`${one}`, [one]],
  ];
  for (const [words, ids] of table) assert.deepEqual(await idsOf(home, words.split(' ').filter(Boolean)), ids, words);
  assert.equal((await ezlm(home, ['queue', '--kind', 'recipient', '--state', 'held'])).code, 64);
});

test('a recipient who waits is a line of the same columns, and a JSON object with the last attempt', async (t) => {
  const { home, post } = await waiting(t);
  const { output } = await ezlm(home, ['queue', '--reply', 'greylist']);
  assert.match(
    output,
    new RegExp(`^${post}/0 recipient deferred +\\d+m 1 bob@b.example 450 4.2.0 greylisted, come again\n$`),
  );
  const [{ created, tried, due, ...row } = {}] = await rowsOf(home, ['--reply', 'greylist']);
  assert.ok(String(due) > String(tried) && String(tried) >= String(created));
  assert.deepEqual(row, {
    id: `${post}/0`,
    kind: 'recipient',
    state: 'deferred',
    list: news,
    number: 7,
    post,
    position: 0,
    member: 1,
    recipient: bob,
    attempts: 1,
    host: 'mx.example',
    reply: '450 4.2.0 greylisted, come again',
  });
  assert.match((await ezlm(home, ['queue', 'show', `${post}/0`])).output, /^recipient: bob@b\.example$/m);
});

test('retry makes just those due that the filters find, and wakes the daemon', async (t) => {
  const { home, post } = await waiting(t);
  const seen = await answerAt(t, home, []);
  const dry = await ezlm(home, ['queue', 'retry', '--reply', 'greylist', '--dry-run']);
  assert.equal(dry.talk, '1 would be due now, 1 of them recipients of posts; nothing was changed\n');
  assert.equal(seen.rings, 0);
  const ran = await ezlm(home, ['queue', 'retry', '--reply', 'greylist', '--newer-than', '6h']);
  assert.deepEqual([ran.code, ran.talk], [0, '1 due now, 1 of them recipients of posts\n']);
  await until('a ring', () => seen.rings === 1);
  const now = new Date(Date.now() + 60_000).toISOString();
  const due = (await rowsOf(home, ['--kind', 'recipient'])).filter((row) => String(row['due']) < now);
  assert.deepEqual(
    due.map(({ id }) => id),
    [`${post}/0`],
  );
});

test('drop fails just those that the filters find, and their traces say so', async (t) => {
  const { home, post } = await waiting(t);
  const dry = await ezlm(home, ['queue', 'drop', '--domain', 'b.example', '--dry-run']);
  assert.match(dry.talk, /^2 would be dropped, 2 of them recipients of posts; nothing was changed$/m);
  const ran = await ezlm(home, ['queue', 'drop', '--domain', 'b.example', '--json']);
  assert.match(ran.talk, /^2 dropped, 2 of them recipients of posts$/m);
  assert.deepEqual(JSON.parse(ran.output.split('\n')[0]!), {
    id: `${post}/0`,
    action: 'drop',
    done: true,
    dryRun: false,
  });
  assert.deepEqual(await idsOf(home, ['--kind', 'recipient']), [`${post}/1`]);
  assert.deepEqual(await idsOf(home, []), [post]);
  const trace = await ezlm(home, ['trace', news, '7', bob]);
  assert.match(trace.output, /greylisted, come again[^]*failed[^]*dropped by the operator/);
});

test('with the id of a post the filters mean recipients of it, never the post itself', async (t) => {
  const { home, post } = await waiting(t);
  const other = await queuePost(home, 8);
  await putOff(home, other, [dan], '450 4.2.0 greylisted');
  assert.match((await ezlm(home, ['queue', 'drop', post, '--domain', 'b.example'])).talk, /^2 dropped/);
  assert.deepEqual(await idsOf(home, ['--domain', 'b.example']), [`${other}/0`]);
  assert.deepEqual(await idsOf(home, []), [post, other]);
  for (const filter of [
    ['--list', news],
    ['--older-than', '0s'],
    ['--kind', 'post'],
  ]) {
    const ran = await ezlm(home, ['queue', 'drop', post, ...filter]);
    assert.equal(ran.code, 64);
    assert.match(ran.talk, /ids and filters are given/);
  }
  assert.deepEqual(await idsOf(home, []), [post, other]);
});

test('ids of recipients are taken from standard input, with a slash or as columns, beside those of entries', async (t) => {
  const { home, post } = await waiting(t);
  const listed = (await idsOf(home, ['--reply', 'full'])).join('\n');
  assert.match((await ezlm(home, ['queue', 'retry'], `${listed}\n${post}\n`)).talk, /^3 due now, 2 of them/);
  const ran = await ezlm(home, ['queue', 'drop'], `${post} 2\n${post}\t1\n${post}/7\n`);
  assert.equal(ran.code, 66);
  assert.match(ran.talk, /1 waits no more[^]*^2 dropped/m);
  assert.deepEqual(await idsOf(home, ['--kind', 'recipient']), [`${post}/0`]);
  for (const wrong of [`${post}/x`, `${post}/`, `${post} 1 2`, `${post}/-1`, `/${post}`])
    assert.equal((await ezlm(home, ['queue', 'drop'], `${wrong}\n`)).code, 65, wrong);
});

test('a recipient alone cannot be held; it is said what can', async (t) => {
  const { home, post } = await waiting(t);
  for (const words of [
    [`${post}/0`],
    ['--kind', 'recipient'],
    ['--state', 'uncertain'],
    [post, '--domain', 'b.example'],
  ]) {
    const ran = await ezlm(home, ['queue', 'hold', ...words]);
    assert.equal(ran.code, 64, words.join(' '));
    assert.match(ran.talk, /ezlm lane pause DOMAIN/);
  }
  const ran = await ezlm(home, ['queue', 'hold', '--domain', 'b.example']);
  assert.match(ran.talk, /^0 held\nrecipients of posts are not held by this: "ezlm lane pause b.example"/);
  assert.deepEqual(await idsOf(home, ['--state', 'held']), []);
});
