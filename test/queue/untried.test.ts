import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { engines } from '../../src/engines.ts';
import type { Id } from '../../src/lib/ids.ts';
import { inlineStorage, type Storage } from '../../src/lib/storage.ts';
import { batchOf } from '../../src/queue/outcome-batch.ts';
import { openSqliteQueue } from '../../src/queue/sqlite-queue.ts';
import type { Chunk, QueueStore } from '../../src/queue/store.ts';
import { HandClock } from '../helpers/hand-clock.ts';
import { temporaryDirectory } from '../helpers/temporary.ts';
import { ann, bob, chunkOf, Desk } from './opening.ts';

/** Storage that stops working, or lets something else happen, before the nth call from now. */
class Interrupted implements Storage {
  readonly #storage = inlineStorage(engines);
  #left = 0;
  #interruption: () => Promise<void> = () => Promise.resolve();

  before(calls: number, interruption: () => Promise<void>): void {
    this.#left = calls;
    this.#interruption = interruption;
  }

  async run(file: string, engine: string, operation: string, argument: unknown): Promise<unknown> {
    if (--this.#left === 0) await this.#interruption();
    return this.#storage.run(file, engine, operation, argument);
  }

  close(file?: string): Promise<void> {
    return this.#storage.close(file);
  }
}

/** An operator's queue whose storage can be interrupted, and the same queue as the daemon sees it. */
async function twoSides(t: TestContext): Promise<{ desk: Desk; operator: QueueStore; storage: Interrupted }> {
  const storage = new Interrupted();
  const daemons = inlineStorage(engines);
  const directory = await temporaryDirectory(t, async () => {
    await storage.close();
    await daemons.close();
  });
  const clock = new HandClock();
  const operator = await openSqliteQueue({ storage, directory, clock });
  return { desk: new Desk(await openSqliteQueue({ storage: daemons, directory, clock }), clock), operator, storage };
}

/** More calls than a drop makes. */
const callsMost = 8;
const positions = [0, 2];

// Whom delivery would send to of what it has claimed: those without an outcome.
async function owed({ queue }: Desk, chunks: readonly Chunk[]): Promise<number[]> {
  const all: number[] = [];
  for (const { post, first, count, again } of chunks) {
    const known = again ? await queue.recorded(post, first, count) : new Set<number>();
    for (let position = first; position < first + count; position++) if (!known.has(position)) all.push(position);
  }
  return all;
}

function keysOf(post: Id): { post: Id; position: number }[] {
  return positions.map((position) => ({ post, position }));
}

test('a drop that is killed before any of its steps loses nobody, and nobody is sent to who has failed', async (t) => {
  for (let calls = 1; calls <= callsMost; calls++) {
    const { desk, operator, storage } = await twoSides(t);
    const { id } = await desk.cutPost([chunkOf([1, 2, 3])]);
    storage.before(calls, () => Promise.reject(new Error('killed')));
    await operator.recipients.move('drop', keysOf(id)).catch(() => {});
    desk.clock.move(ann.leaseMs + 1);
    const left = await owed(desk, await desk.queue.claimChunks(bob, 10));
    const { failed } = await desk.queue.tally(id);
    assert.deepEqual(left, failed === 0 ? [0, 1, 2] : [1], `before call ${calls}`);
    assert.ok(failed === 0 || failed === positions.length, `before call ${calls}`);
  }
});

test('a chunk that delivery claims before any step of a drop is either sent whole or without those who are dropped', async (t) => {
  for (let calls = 1; calls <= callsMost; calls++) {
    const { desk, operator, storage } = await twoSides(t);
    const { id } = await desk.cutPost([chunkOf([1, 2, 3])]);
    let sent: number[] = [];
    storage.before(calls, async () => {
      const chunks = await desk.queue.claimChunks(bob, 10);
      sent = await owed(desk, chunks);
      const outcomes = sent.map((position) => desk.outcome(id, position + 1, 'delivered', { position }));
      await desk.queue.record(batchOf(outcomes));
      for (const chunk of chunks) await desk.queue.finishChunk(bob, chunk.id);
    });
    const dropped = (await operator.recipients.move('drop', keysOf(id))).map(({ position }) => position);
    assert.deepEqual(
      sent.filter((position) => dropped.includes(position)),
      [],
      `before call ${calls}`,
    );
    const later = await owed(desk, await desk.queue.claimChunks(bob, 10));
    assert.deepEqual(
      [...sent, ...dropped, ...later].toSorted((a, b) => a - b),
      [0, 1, 2],
      `before call ${calls}`,
    );
  }
});

test('a post that is dropped before any step of a drop of its recipients stays dropped', async (t) => {
  for (let calls = 1; calls <= callsMost; calls++) {
    const { desk, operator, storage } = await twoSides(t);
    const { id } = await desk.cutPost([chunkOf([1, 2, 3])]);
    storage.before(calls, async () => void (await desk.queue.drop(id)));
    await operator.recipients.move('drop', keysOf(id));
    if (await desk.queue.entry(id)) await desk.queue.drop(id);
    assert.deepEqual(await desk.queue.claimChunks(bob, 10), [], `before call ${calls}`);
    assert.deepEqual(await desk.queue.counts(), { ready: 0, claimed: 0, held: 0, chunks: 0 });
  }
});
