import assert from 'node:assert/strict';
import test from 'node:test';
import { runCommandLine } from '../../src/cli/run.ts';
import { laneReport } from '../helpers/lanes.ts';
import { answerAt } from './test-daemon.ts';
import { ezlm, homeWithList, keepingDoor, news, putOff, queuePost } from './test-door.ts';

const reports = [
  laneReport({ lane: 'a.example:25', rate: 5, waiting: 50, connections: 1, delivered: 10 }),
  laneReport({ lane: 'b.example:25', rate: 100, waiting: 900, connections: 5, lastReply: '421 4.7.0 slow down' }),
];

test('one look is a block of text: the sum, the queue, posts, and lanes, the busiest first', async (t) => {
  const home = await homeWithList(t);
  await ezlm(home, ['sub', news, 'bob@example.net', 'eve@example.net']);
  const id = await queuePost(home);
  await answerAt(t, home, reports);
  const { code, output } = await ezlm(home, ['top', '--once']);
  assert.equal(code, 0);
  const lines = output.split('\n');
  assert.match(lines[0]!, /^\d{4}-\S+Z {2}105\/s over 6 connections in 2 lanes, 2 recipients left, ETA 1s$/);
  assert.match(lines[1]!, /^queue: 1 ready, 0 being worked on, 0 held, 0 chunks$/);
  assert.equal(lines[3], `${id} ${news} 7: 0 of 2 (0 %), 0 deferred, 0 failed, 0/s, ETA -`);
  assert.match(lines[6]!, /^b\.example:25 .* 9s {2}421 4\.7\.0 slow down$/);
  assert.match(lines[7]!, /^a\.example:25 /);
});

test('while a post goes out one look is two, so that it has a rate', async (t) => {
  const home = await homeWithList(t);
  await ezlm(home, ['sub', news, 'bob@example.net', 'eve@example.net', 'dan@example.net']);
  const id = await queuePost(home);
  await answerAt(t, home, reports);
  const { door, kept } = keepingDoor(home);
  let now = Date.now();
  const sleep = async (ms: number): Promise<void> => {
    now += ms;
    await putOff(home, id, ['bob@example.net'], '450 later');
  };
  const code = await runCommandLine(['top', '--once'], { ...door, clock: { now: () => now, sleep } }, '1');
  assert.equal(code, 0);
  assert.match(kept.output, / 7: 1 of 3 \(33 %\), 1 deferred, 0 failed, 1\.?\d*\/s, ETA 2s$/m);
});

test('one look as JSON has everything that the text has', async (t) => {
  const home = await homeWithList(t);
  const id = await queuePost(home);
  await answerAt(t, home, reports);
  const seen = JSON.parse((await ezlm(home, ['top', '--once', '--json'])).output) as Record<string, unknown>;
  assert.equal(seen['running'], true);
  assert.equal(seen['rate'], 105);
  assert.deepEqual(
    (seen['lanes'] as { lane: string }[]).map(({ lane }) => lane),
    ['b.example:25', 'a.example:25'],
  );
  assert.equal((seen['posts'] as { id: string }[])[0]?.id, id);
  assert.equal((seen['queue'] as { ready: number }).ready, 1);
});

test('over a pipe there is a block per look until nobody reads; on a terminal each is drawn over the last and fits', async (t) => {
  const home = await homeWithList(t);
  await answerAt(t, home, reports);
  for (const isTerminal of [false, true]) {
    const { door, kept } = keepingDoor(home);
    let looks = 0;
    const print = async (text: string): Promise<void> => {
      if (++looks > 3) throw Object.assign(new Error('write EPIPE'), { code: 'EPIPE' });
      await door.print(text);
    };
    const screen = isTerminal ? () => ({ columns: 40, rows: 8 }) : undefined;
    const code = await runCommandLine(['top', '--interval', '0.1'], { ...door, print, screen }, '1');
    assert.equal(code, 0);
    const pictures = kept.output.split('\u001b[H').slice(1);
    assert.equal(pictures.length, isTerminal ? 2 : 0);
    if (!isTerminal) assert.equal(kept.output.match(/over 6 connections/g)?.length, 3);
    for (const picture of pictures) {
      const lines = picture.split('\n').map((line) => line.replace(/\u001b\[[KJ]/g, ''));
      assert.ok(lines.length <= 8 && lines.every((line) => line.length <= 40), picture);
    }
  }
});

test('without a daemon the queue is still shown', async (t) => {
  const home = await homeWithList(t);
  const { code, output } = await ezlm(home, ['top', '--once']);
  assert.equal(code, 0);
  assert.match(output, /no daemon runs/);
  for (const wrong of ['0', 'x', '-1', '1e3', '100000'])
    assert.equal((await ezlm(home, ['top', '--interval', wrong])).code, 64);
});
