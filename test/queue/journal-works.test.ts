import assert from 'node:assert/strict';
import { test } from 'node:test';
import { JournalWorks } from '../../src/queue/journal-works.ts';
import type { Work } from '../../src/queue/journal-record.ts';
import type { NewEntry } from '../../src/queue/store.ts';
import { HandClock } from '../helpers/hand-clock.ts';
import { MemoryQueue } from '../helpers/memory-queue.ts';
import { ann, Desk } from './opening.ts';

const clock = new HandClock();
const desk = new Desk(new MemoryQueue(clock), clock);

function work(octets: number, change: Partial<NewEntry> = {}, created = 1, recipients = 1): Work {
  const message = desk.message(Buffer.alloc(octets, 'x'));
  const entries = Array.from({ length: recipients }, () => desk.entry(message, change));
  return { messages: [message], entries, claimant: ann, created };
}

test('it takes small messages that have arrived, with causes of their own, until it is full', () => {
  const works = new JournalWorks();
  assert.equal(works.takes(work(65_536)), true);
  assert.equal(works.takes(work(65_537)), false);
  assert.equal(works.takes(work(10, { kind: 'mail' })), false);
  assert.equal(works.takes(work(10, { cause: 'another' })), false);
  const all = Array.from({ length: 32 }, () => work(65_536));
  for (const one of all) works.add(one, 0);
  assert.equal(works.takes(work(1)), false);
  works.remove(works.get(all[5]!.entries[0]!.id)!);
  assert.equal(works.takes(work(65_536)), true);
});

test('a message is there until the last of its entries has gone', () => {
  const works = new JournalWorks();
  const two = work(10, {}, 1, 2);
  works.add(two, 0);
  const [first, second] = two.entries.map(({ id }) => works.get(id)!);
  works.remove(first!);
  works.remove(first!);
  assert.equal(works.message(two.messages[0]!.id), two.messages[0]!.body);
  assert.deepEqual(second!.work, { ...two, entries: [two.entries[1]] });
  works.remove(second!);
  assert.equal(works.message(two.messages[0]!.id), undefined);
  assert.equal(works.get(two.entries[1]!.id), undefined);
});

test('the old ones are found, of a file alone or of both', () => {
  const works = new JournalWorks();
  const all = [work(1, {}, 10), work(1, {}, 20), work(1, {}, 30)];
  for (const [at, one] of all.entries()) works.add(one, at === 1 ? 1 : 0);
  const ids = all.map(({ entries }) => entries[0]!.id);
  const found = (created: number, side?: 0 | 1): string[] => works.before(created, side).map(({ id }) => id);
  assert.deepEqual(found(30), ids.slice(0, 2));
  assert.deepEqual(found(Infinity, 0), [ids[0], ids[2]]);
  assert.deepEqual(found(30, 1), [ids[1]]);
  assert.deepEqual(found(10), []);
});

test('a message that comes again has all its entries', () => {
  const works = new JournalWorks();
  const first = work(10);
  const again = { ...first, entries: [desk.entry(first.messages[0]!)] };
  works.add(first, 0);
  works.add(again, 0);
  works.remove(works.get(first.entries[0]!.id)!);
  assert.ok(works.message(first.messages[0]!.id));
  works.remove(works.get(again.entries[0]!.id)!);
  assert.equal(works.message(first.messages[0]!.id), undefined);
});
