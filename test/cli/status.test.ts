import assert from 'node:assert/strict';
import test from 'node:test';
import { laneReport } from '../helpers/lanes.ts';
import { answerAt } from './test-daemon.ts';
import { ezlm, homeWithList, news, queuePost } from './test-door.ts';

test('status says what the daemon does, and how far its posts are', async (t) => {
  const home = await homeWithList(t);
  await ezlm(home, ['sub', news, 'bob@example.net', 'eve@example.net']);
  const id = await queuePost(home);
  await answerAt(t, home, [laneReport({ lane: 'a.example:25', connections: 3 })]);
  const { code, output } = await ezlm(home, ['status']);
  assert.equal(code, 0);
  assert.match(output, /^daemon +running since \S+Z, process 4711$/m);
  assert.match(output, /^listens +SMTP on 127\.0\.0\.1:2525$/m);
  assert.match(output, /^sends +over 3 connections in 1 lane$/m);
  assert.match(output, new RegExp(`^post +${id} ${news} 7: 0 of 2 \\(0 %\\)`, 'm'));
  assert.match(output, /^due +1970-01-01T00:00:00Z$/m);
});

test('status as JSON is one object with everything that the text has', async (t) => {
  const home = await homeWithList(t);
  const id = await queuePost(home);
  const ask = async (): Promise<Record<string, unknown>> =>
    JSON.parse((await ezlm(home, ['status', '--json'])).output) as Record<string, unknown>;
  const { running, lists, ready, held, pid, nextDue, posts } = await ask();
  assert.deepEqual(
    { running, lists, ready, held, pid },
    { running: false, lists: 1, ready: 1, held: 0, pid: undefined },
  );
  assert.equal(nextDue, '1970-01-01T00:00:00Z');
  assert.deepEqual(
    (posts as { id: string; number: number }[]).map((post) => [post.id, post.number]),
    [[id, 7]],
  );
  await answerAt(t, home, []);
  const answered = await ask();
  assert.deepEqual([answered['running'], answered['pid'], answered['connections']], [true, 4_711, 0]);
  assert.match(String(answered['startedAt']), /Z$/);
});

test('a home at rest has no posts and nothing due', async (t) => {
  const home = await homeWithList(t);
  const { code, output } = await ezlm(home, ['status']);
  assert.equal(code, 0);
  assert.match(output, /^daemon +not running/m);
  assert.match(output, /^due +nothing waits$/m);
  assert.doesNotMatch(output, /^post/m);
});
