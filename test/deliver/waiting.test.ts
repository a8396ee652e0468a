import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ChunkJob, Delivery, Load } from '../../src/deliver/delivery.ts';
import { runsOf, SingleRun } from '../../src/deliver/runs.ts';
import { Waiting } from '../../src/deliver/waiting.ts';
import type { Id } from '../../src/lib/ids.ts';
import { wireMessage } from '../../src/smtp/data.ts';
import { sendersBy } from '../helpers/senders.ts';

const load: Load = { message: wireMessage(Buffer.from('Subject: s\r\n\r\n')), birth: 0 };

function jobOf(post: string, list = 'news@h.example'): ChunkJob {
  return { kind: 'chunk', chunk: 1, post: post as Id, list, owed: 100, back: 0, backUntil: Infinity };
}

/** Adds a run of members `<name>1@d.example` … to what waits. */
function add(waiting: Waiting, job: ChunkJob, name: string, count: number): void {
  const lines = Array.from({ length: count }, (_, n) => `${n + 1} ${name}${n + 1}@d.example\n`).join('');
  const copies = { load, job, senders: sendersBy(() => '') };
  for (const run of runsOf(Buffer.from(lines), 0, new Set(), copies)) waiting.add(run, false);
}

function single(recipient: string): Delivery {
  const job = { ...jobOf('single') };
  return { load, sender: '', recipient, isAscii: true, member: 0, position: 0, job };
}

function namesOf(waiting: Waiting): string[] {
  const names: string[] = [];
  for (let one = waiting.take(); one; one = waiting.take())
    names.push(one.recipient.slice(0, one.recipient.indexOf('@')));
  return names;
}

test('single mails go first, posts in turn, and what comes back before all', () => {
  const waiting = new Waiting();
  add(waiting, jobOf('one'), 'a', 3);
  add(waiting, jobOf('two'), 'b', 2);
  waiting.add(new SingleRun(single('s@d.example')), true);
  waiting.giveBack(single('r@d.example'));
  assert.equal(waiting.count, 7);
  assert.deepEqual(namesOf(waiting), ['r', 's', 'a1', 'b1', 'a2', 'b2', 'a3']);
  assert.equal(waiting.count, 0);
});

test('runs that would come last are given away, until as few wait as are kept; single mails stay', () => {
  const waiting = new Waiting();
  for (const name of ['a', 'b', 'c']) add(waiting, jobOf('one'), name, 2);
  waiting.add(new SingleRun(single('s@d.example')), true);
  const shed = waiting.shed(4);
  assert.deepEqual(
    shed.map((run) => run.take()?.recipient),
    ['c1@d.example', 'b1@d.example'],
  );
  assert.equal(waiting.count, 3);
  assert.deepEqual(namesOf(waiting), ['s', 'a1', 'a2']);
});

test('the post that has most gives away first, and each keeps the run that is its next', () => {
  const waiting = new Waiting();
  for (const name of ['a', 'b', 'c']) add(waiting, jobOf('large'), name, 20);
  for (const name of ['d', 'e']) add(waiting, jobOf('small'), name, 5);
  assert.deepEqual(waiting.posts, ['large', 'small']);
  const shed = (keep: number): (string | undefined)[] => waiting.shed(keep).map((run) => run.take()?.recipient);
  assert.deepEqual(shed(50), ['c1@d.example']);
  assert.deepEqual(shed(1), ['b1@d.example', 'e1@d.example']);
  assert.equal(waiting.count, 25);
});

test('a lane that is emptied gives away everything, half-taken runs too', () => {
  const waiting = new Waiting();
  add(waiting, jobOf('one'), 'a', 3);
  waiting.take();
  waiting.add(new SingleRun(single('s@d.example')), true);
  waiting.giveBack(single('r@d.example'));
  const shed = waiting.shed(0);
  assert.equal(
    shed.reduce((sum, run) => sum + run.remaining, 0),
    4,
  );
  assert.deepEqual([waiting.count, waiting.take()], [0, undefined]);
});

test('what is meant is given away, of posts, single mails and what came back; the rest stays', () => {
  const waiting = new Waiting();
  add(waiting, jobOf('one'), 'a', 2);
  add(waiting, jobOf('two', 'other@h.example'), 'b', 2);
  waiting.add(new SingleRun(single('s@e.example')), true);
  waiting.giveBack(single('r@d.example'));
  waiting.giveBack(single('q@e.example'));
  const ofList = waiting.shedWhere(({ job }) => job.kind !== 'mail' && job.post === 'one');
  assert.deepEqual([ofList.length, waiting.count], [1, 5]);
  const ofDomain = waiting.shedWhere(({ domain }) => domain === 'e.example');
  assert.deepEqual(
    ofDomain.map((run) => run.take()?.recipient),
    ['q@e.example', 's@e.example'],
  );
  assert.deepEqual(namesOf(waiting), ['r', 'b1', 'b2']);
  assert.equal(waiting.count, 0);
});
