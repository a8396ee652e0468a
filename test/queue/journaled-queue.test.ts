import assert from 'node:assert/strict';
import { readFile, stat, truncate } from 'node:fs/promises';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { engines } from '../../src/engines.ts';
import { inlineStorage } from '../../src/lib/storage.ts';
import { openJournaledQueue } from '../../src/queue/journaled-queue.ts';
import { openSqliteQueue } from '../../src/queue/sqlite-queue.ts';
import type { Entry } from '../../src/queue/store.ts';
import { HandClock } from '../helpers/hand-clock.ts';
import { temporaryDirectory } from '../helpers/temporary.ts';
import { until } from '../helpers/until.ts';
import { queueStoreConformance } from './conformance.ts';
import { ann, bob, Desk, gather, idsOf, type Opened } from './opening.ts';

queueStoreConformance('journaled', async (t) => {
  const { queue, clock } = await opened(await temporaryDirectory(t));
  await queue.recover('nobody');
  return { queue, clock };
});

async function opened(directory: string): Promise<Opened> {
  const clock = new HandClock();
  return { queue: await openJournaledQueue({ storage: inlineStorage(engines), directory, clock }), clock };
}

// As a command sees it.
async function plain(directory: string): Promise<Opened> {
  const clock = new HandClock();
  return { queue: await openSqliteQueue({ storage: inlineStorage(engines), directory, clock }), clock };
}

/** A daemon's queue in a directory, recovered; what another left there is ready. */
async function start(directory: string): Promise<Desk> {
  const { queue, clock } = await opened(directory);
  await queue.recover(ann.owner);
  return new Desk(queue, clock);
}

/** A desk, and how to start again on its directory without its end. */
async function crashing(t: TestContext): Promise<{ desk: Desk; directory: string; again: () => Promise<Desk> }> {
  const directory = await temporaryDirectory(t);
  return { desk: await start(directory), directory, again: () => start(directory) };
}

async function arrived(desk: Desk, count = 1): Promise<Entry[]> {
  const works = Array.from({ length: count }, (_, at) => {
    const message = desk.message(`Subject: ${at}\r\n\r\nbody ${at}\r\n`);
    return { message, entry: desk.entry(message) };
  });
  const accepted = works.map(({ message, entry }) => desk.queue.acceptClaimed(ann, [message], [entry]));
  return (await Promise.all(accepted)).flat();
}

test('what has come in and not ended is there after a crash, with its message, and ready', async (t) => {
  const { desk, again } = await crashing(t);
  const [ended, open] = await arrived(desk, 2);
  await desk.queue.finishAll(ann, [ended!.id]);
  const after = await again();
  const claimed = await after.queue.claim(bob, ['arrived'], 10);
  assert.deepEqual(idsOf(claimed), [open!.id]);
  assert.equal(claimed[0]!.attempts, 2);
  assert.equal(claimed[0]!.created, open!.created);
  assert.equal(String(await after.queue.message(open!.message)), 'Subject: 1\r\n\r\nbody 1\r\n');
});

test('what was taken over and has ended does not come back, however often a start was cut short', async (t) => {
  const { desk, directory, again } = await crashing(t);
  const [first, second, third] = await arrived(desk, 3);
  const message = desk.message();
  const follows = desk.mail(message, 'dan@y.example');
  assert.equal(await desk.queue.finish(ann, first!.id, [message], [follows]), true);
  assert.equal(await desk.queue.defer(ann, second!.id, desk.clock.now() + 1, 'later'), true);
  await desk.queue.move('drop', [second!.id]);
  const journal = await readFile(join(directory, 'journal-0'));
  const { queue } = await again();
  assert.deepEqual(idsOf(await gather(queue.entries({}))), idsOf([follows, third!]).toSorted());
  assert.ok(journal.includes(first!.id));
  assert.equal((await stat(join(directory, 'journal-0'))).size, 0);
});

test('of a message for two, one ends in the journal and the other in the database', async (t) => {
  const { desk, again } = await crashing(t);
  const message = desk.message('for two');
  const entries = [desk.entry(message), desk.entry(message)];
  await desk.queue.acceptClaimed(ann, [message], entries);
  await desk.queue.finishAll(ann, [entries[0]!.id]);
  assert.equal(String(await desk.queue.message(message.id)), 'for two');
  await desk.queue.defer(ann, entries[1]!.id, desk.clock.now() + 1, 'later');
  assert.equal(String(await desk.queue.message(message.id)), 'for two');
  assert.deepEqual(idsOf(await gather((await again()).queue.entries({}))), [entries[1]!.id]);
});

test('an entry that is worked on for long is seen by others, as a claim', async (t) => {
  const { desk, directory } = await crashing(t);
  const [entry] = await arrived(desk);
  const { queue: others } = await plain(directory);
  assert.deepEqual(await gather(others.entries({})), []);
  desk.clock.move(3_001);
  const seen = await until('the entry is in the database', async () => (await gather(others.entries({})))[0]);
  assert.deepEqual([seen.id, seen.state], [entry!.id, 'claimed']);
  assert.equal(await desk.queue.finish(bob, entry!.id, [], []), false);
  assert.equal(await desk.queue.finish(ann, entry!.id, [], []), true);
  assert.deepEqual(await gather(desk.queue.entries({})), []);
});

test('an entry ends once when it is on its way into the database, and when it ends just before', async (t) => {
  const { desk, again } = await crashing(t);
  const [first, second] = await arrived(desk, 2);
  await Promise.all([desk.queue.counts(), desk.queue.finishAll(ann, [first!.id])]);
  assert.deepEqual(idsOf(await gather(desk.queue.entries({}))), [second!.id]);
  await desk.queue.finishAll(ann, [second!.id]);
  const [third] = await arrived(desk);
  await Promise.all([desk.queue.finishAll(ann, [third!.id]), desk.queue.counts()]);
  assert.deepEqual(await gather(desk.queue.entries({})), []);
  assert.deepEqual(await gather((await again()).queue.entries({})), []);
});

test('files are written over and over, and what has not ended by then is kept', async (t) => {
  const { desk, directory, again } = await crashing(t);
  const [left] = await arrived(desk);
  const body = Buffer.alloc(60_000, 'x');
  for (let group = 0; group < 16; group++) {
    const messages = Array.from({ length: 10 }, () => desk.message(body));
    const entries = messages.map((message) => desk.entry(message));
    await Promise.all(entries.map((one, at) => desk.queue.acceptClaimed(ann, [messages[at]!], [one])));
    await desk.queue.finishAll(ann, idsOf(entries));
  }
  for (const name of ['journal-0', 'journal-1']) assert.ok((await stat(join(directory, name))).size <= 4_194_304);
  assert.equal(await desk.queue.finish(bob, left!.id, [], []), false);
  assert.deepEqual(idsOf(await gather((await again()).queue.entries({}))), [left!.id]);
});

test('an end in order leaves everything in the database', async (t) => {
  const { desk, directory, again } = await crashing(t);
  const [entry] = await arrived(desk);
  await desk.queue.close();
  for (const name of ['journal-0', 'journal-1']) await truncate(join(directory, name));
  assert.deepEqual(idsOf(await gather((await again()).queue.entries({}))), [entry!.id]);
});

test('large messages, and causes that may be there already, come into the database at once', async (t) => {
  const { desk, directory } = await crashing(t);
  const large = desk.message(Buffer.alloc(65_537, 'x'));
  const small = desk.message();
  await desk.queue.acceptClaimed(ann, [large], [desk.entry(large)]);
  await desk.queue.acceptClaimed(ann, [small], [desk.entry(small, { cause: 'known' })]);
  assert.equal((await stat(join(directory, 'journal-0'))).size, 0);
  assert.equal((await desk.queue.counts()).claimed, 2);
});
