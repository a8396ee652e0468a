import assert from 'node:assert/strict';
import { readFile, stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import type { Clock } from '../../src/lib/clock.ts';
import { Journal, type Side } from '../../src/queue/journal.ts';
import type { JournalRecord } from '../../src/queue/journal-record.ts';
import { HandClock } from '../helpers/hand-clock.ts';
import { MemoryQueue } from '../helpers/memory-queue.ts';
import { temporaryDirectory } from '../helpers/temporary.ts';
import { until } from '../helpers/until.ts';
import { ann, Desk } from './opening.ts';

const clock = new HandClock();
const desk = new Desk(new MemoryQueue(clock), clock);
const noReuse = async (): Promise<void> => {};

function work(octets: number): JournalRecord {
  const message = desk.message(Buffer.alloc(octets, 'x'));
  return { kind: 'work', work: { messages: [message], entries: [desk.entry(message)], claimant: ann, created: 1 } };
}

async function found(directory: string): Promise<readonly JournalRecord[]> {
  const opened = await Journal.open(directory, noReuse);
  await opened.journal.close();
  return opened.found;
}

test('what was appended is found, in its order, also in one turn', async (t) => {
  const directory = await temporaryDirectory(t);
  const { journal } = await Journal.open(directory, noReuse);
  const records = Array.from({ length: 20 }, (_, at) => work(at * 100));
  assert.deepEqual(await Promise.all(records.slice(0, 15).map((one) => journal.append(one))), Array(15).fill(0));
  for (const one of records.slice(15)) await journal.append(one);
  await journal.close();
  assert.deepEqual(await found(directory), records);
});

test('a journal that is cleared has nothing, and one that was found goes on being found until then', async (t) => {
  const directory = await temporaryDirectory(t);
  const { journal: first } = await Journal.open(directory, noReuse);
  const record = work(10);
  await first.append(record);
  await first.close();
  assert.deepEqual(await found(directory), [record]);
  const { journal: second, clear } = await Journal.open(directory, noReuse);
  await clear();
  assert.deepEqual(await found(directory), []);
  const later = work(10);
  await second.append(later);
  await second.close();
  assert.deepEqual(await found(directory), [later]);
});

test('files are used in turn, each is asked for before it is written over, and the later records are found', async (t) => {
  const directory = await temporaryDirectory(t);
  const asked: Side[] = [];
  const { journal } = await Journal.open(directory, async (side) => void asked.push(side));
  const records = Array.from({ length: 30 }, () => work(600_000));
  const sides: Side[] = [];
  for (const one of records) sides.push(await journal.append(one));
  await journal.close();
  // Six of them fill a file.
  assert.deepEqual(sides.slice(0, 13), [0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1, 0]);
  assert.deepEqual(asked, [1, 0, 1, 0]);
  const left = await found(directory);
  assert.deepEqual(left, records.slice(-left.length));
  assert.equal(left.length, 12);
});

test('a group that is larger than a file is written in several', async (t) => {
  const directory = await temporaryDirectory(t);
  const { journal } = await Journal.open(directory, noReuse);
  const records = Array.from({ length: 10 }, () => work(600_000));
  await Promise.all(records.map((one) => journal.append(one)));
  await journal.close();
  assert.deepEqual(await found(directory), records);
});

test('nothing is written over that could not be put elsewhere; later it can', async (t) => {
  const directory = await temporaryDirectory(t);
  let isRefusing = true;
  const { journal } = await Journal.open(directory, async () => {
    if (isRefusing) throw new Error('the disk is full');
  });
  const records = Array.from({ length: 6 }, () => work(600_000));
  for (const one of records) await journal.append(one);
  await assert.rejects(journal.append(work(600_000)), /the disk is full/);
  assert.deepEqual(await found(directory), records);
  isRefusing = false;
  const last = work(600_000);
  assert.equal(await journal.append(last), 1);
  await journal.close();
  assert.deepEqual(await found(directory), [...records, last]);
});

test('a full disk is said to all who wait, and the next are told of it, too', async (t) => {
  const directory = await temporaryDirectory(t);
  await symlink('/dev/full', join(directory, 'journal-0'));
  const { journal } = await Journal.open(directory, noReuse);
  const refused = { code: 'ENOSPC' };
  await Promise.all([
    assert.rejects(journal.append(work(10)), refused),
    assert.rejects(journal.append(work(9)), refused),
  ]);
  await assert.rejects(journal.append(work(10)), refused);
  await journal.close();
});

test('files that are none of a journal are written over', async (t) => {
  const directory = await temporaryDirectory(t);
  await writeFile(join(directory, 'journal-0'), Buffer.alloc(100_000, 'other octets'));
  const { journal, found: before } = await Journal.open(directory, noReuse);
  assert.deepEqual(before, []);
  const record = work(10);
  await journal.append(record);
  await journal.close();
  assert.deepEqual(await found(directory), [record]);
  assert.equal((await stat(join(directory, 'journal-0'))).size, 100_000);
  assert.equal((await readFile(join(directory, 'journal-1'))).length, 0);
});

test('an end waits for what is being written, and nothing is taken after it', async (t) => {
  const directory = await temporaryDirectory(t);
  const { journal } = await Journal.open(directory, noReuse);
  const record = work(10);
  const written = journal.append(record);
  await journal.close();
  assert.equal(await written, 0);
  await assert.rejects(journal.append(work(10)), /closed/);
  assert.deepEqual(await found(directory), [record]);
});

test('a record that no file can hold is refused', async (t) => {
  const { journal } = await Journal.open(await temporaryDirectory(t), noReuse);
  await assert.rejects(journal.append(work(4_194_304)), RangeError);
  await journal.close();
});

/** Sleepers by whom time does not pass: they wait to be called. */
class Waiters implements Clock {
  readonly asked: number[] = [];
  #wake: () => void = () => {};

  now(): number {
    return 0;
  }

  async sleep(ms: number, signal?: AbortSignal): Promise<void> {
    this.asked.push(ms);
    const { promise, resolve } = Promise.withResolvers<void>();
    signal?.addEventListener('abort', () => resolve());
    this.#wake = resolve;
    await promise;
  }

  wake(): void {
    this.#wake();
  }
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test('with patience a record waits for others, for so long or until they are many; a close does not wait', async (t) => {
  const directory = await temporaryDirectory(t);
  const waiters = new Waiters();
  const { journal } = await Journal.open(directory, noReuse, { clock: waiters, ms: () => 5 });
  const said: string[] = [];
  const append = (name: string): Promise<unknown> => journal.append(work(10)).then(() => said.push(name));
  const first = append('first');
  await until('it waits', () => waiters.asked.length === 1);
  const second = append('second');
  await turn();
  assert.deepEqual(said, []);
  waiters.wake();
  await Promise.all([first, second]);
  await Promise.all(Array.from({ length: 16 }, () => append('one of many')));
  const last = append('last');
  await until('it waits', () => waiters.asked.length === 2);
  await journal.close();
  await last;
  assert.deepEqual(waiters.asked, [5, 5]);
  assert.equal((await found(directory)).length, 19);
});
