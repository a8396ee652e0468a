import assert from 'node:assert/strict';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { engines as ours } from '../../src/engines.ts';
import { type Database, read } from '../../src/lib/database.ts';
import { inlineStorage, type Storage } from '../../src/lib/storage.ts';
import { StorageError } from '../../src/lib/storage-trouble.ts';
import { openSqliteQueue, queueFile } from '../../src/queue/sqlite-queue.ts';
import { HandClock } from '../helpers/hand-clock.ts';
import { temporaryDirectory } from '../helpers/temporary.ts';
import { ann, chunkOf, Desk, gather, idsOf } from './opening.ts';
import { batchOf } from '../../src/queue/outcome-batch.ts';

const limitPages = read((db: Database, most: number) => void db.get(`PRAGMA max_page_count = ${most}`));
const pages = read((db: Database, _ask: undefined) => db.get<{ page_count: number }>('PRAGMA page_count')!.page_count);
const engines = {
  queue: { ...ours.queue, operations: { ...ours.queue.operations, limitPages, pages } },
  outcomes: { ...ours.outcomes, operations: { ...ours.outcomes.operations, limitPages, pages } },
};

interface Disk {
  readonly desk: Desk;
  readonly directory: string;
  /** No page more fits into a file. */
  readonly fill: (path: string, engine: string) => Promise<void>;
  /** There is room again. */
  readonly empty: (path: string, engine: string) => Promise<void>;
}

async function diskIn(t: TestContext): Promise<Disk> {
  const storage: Storage = inlineStorage(engines);
  const directory = await temporaryDirectory(t, () => storage.close());
  const clock = new HandClock();
  return {
    desk: new Desk(await openSqliteQueue({ storage, directory, clock }), clock),
    directory,
    fill: async (path, engine) => {
      await storage.run(path, engine, 'limitPages', await storage.run(path, engine, 'pages', undefined));
    },
    empty: async (path, engine) => void (await storage.run(path, engine, 'limitPages', 1_000_000)),
  };
}

function isFull(error: unknown): boolean {
  return error instanceof StorageError && error.kind === 'full';
}

for (const octets of [200_000, 300_000]) {
  test(`a full disk takes no message of ${octets} octets, half or whole, and takes it when there is room`, async (t) => {
    const { desk, directory, fill, empty } = await diskIn(t);
    const first = await desk.accepted();
    await fill(queueFile(directory), 'queue');
    const message = desk.message(Buffer.alloc(octets, 'x'));
    // So many that the entries of a body that is a file do not fit either.
    const entries = Array.from({ length: 500 }, (_, at) => desk.mail(message, `m${at}@x.example`));
    await assert.rejects(desk.queue.accept([message], entries), isFull);
    assert.equal(await desk.queue.message(message.id), undefined);
    assert.deepEqual(idsOf(await gather(desk.queue.entries({}))), [first.id]);
    assert.deepEqual(await readdir(join(directory, 'body')).catch(() => []), []);
    await empty(queueFile(directory), 'queue');
    await desk.queue.accept([message], entries);
    assert.equal((await desk.queue.counts()).ready, 501);
    assert.equal((await desk.queue.message(message.id))?.length, octets);
  });
}

test('an entry that cannot be ended for a full disk stays claimed, and nothing follows it', async (t) => {
  const { desk, directory, fill, empty } = await diskIn(t);
  const { id } = await desk.accepted();
  await desk.queue.claim(ann, ['arrived'], 1);
  await fill(queueFile(directory), 'queue');
  const answer = desk.message(Buffer.alloc(200_000, 'x'));
  const follows = desk.mail(answer, 'dan@y.example', { cause: `${id}:answer` });
  await assert.rejects(desk.queue.finish(ann, id, [answer], [follows]), isFull);
  assert.equal((await desk.queue.entry(id))?.state, 'claimed');
  assert.equal(await desk.queue.entry(follows.id), undefined);
  await empty(queueFile(directory), 'queue');
  assert.equal(await desk.queue.finish(ann, id, [answer], [follows]), true);
  assert.ok(await desk.queue.entry(follows.id));
});

test('outcomes that find a full disk are recorded all or none, and a second time once', async (t) => {
  const { desk, directory, fill, empty } = await diskIn(t);
  const post = await desk.cutPost([chunkOf([1])]);
  await desk.queue.record(batchOf([desk.outcome(post.id, 1, 'delivered')]));
  const [name] = (await readdir(directory)).filter((one) => /^outcomes-.*\.db$/.test(one));
  const path = join(directory, name ?? assert.fail('no outcome file'));
  await fill(path, 'outcomes');
  const many = Array.from({ length: 2_000 }, (_, at) => desk.outcome(post.id, at + 2, 'delivered'));
  await assert.rejects(desk.queue.record(batchOf(many)), isFull);
  assert.equal((await desk.queue.tally(post.id)).delivered, 1);
  await empty(path, 'outcomes');
  await desk.queue.record(batchOf(many));
  assert.equal((await desk.queue.tally(post.id)).delivered, 2_001);
  const traces = await gather(desk.queue.trace(post.recipient, 1));
  assert.ok(traces.every(({ attempts }) => attempts.length === 1));
});
