import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { engines } from '../../src/engines.ts';
import { inlineStorage, type Storage } from '../../src/lib/storage.ts';
import { openSqliteQueue } from '../../src/queue/sqlite-queue.ts';
import type { QueueStore } from '../../src/queue/store.ts';
import { HandClock } from '../helpers/hand-clock.ts';
import { temporaryDirectory } from '../helpers/temporary.ts';
import { ann, chunkOf, Desk } from './opening.ts';
import { batchOf } from '../../src/queue/outcome-batch.ts';

/** Storage that lets something else happen after the nth call from now, before that call is answered. */
class Interrupted implements Storage {
  readonly #storage = inlineStorage(engines);
  #left = -1;
  #interruption: () => Promise<void> = () => Promise.resolve();

  after(calls: number, interruption: () => Promise<void>): void {
    this.#left = calls;
    this.#interruption = interruption;
  }

  async run(file: string, engine: string, operation: string, argument: unknown): Promise<unknown> {
    const result = await this.#storage.run(file, engine, operation, argument);
    if (--this.#left === 0) await this.#interruption();
    return result;
  }

  close(file?: string): Promise<void> {
    return this.#storage.close(file);
  }
}

/** A queue whose storage can be interrupted, and the same queue as another process sees it. */
async function interruptedDesk(t: TestContext): Promise<{ desk: Desk; storage: Interrupted; other: QueueStore }> {
  const storage = new Interrupted();
  const others = inlineStorage(engines);
  const directory = await temporaryDirectory(t, async () => {
    await storage.close();
    await others.close();
  });
  const clock = new HandClock();
  const queue = await openSqliteQueue({ storage, directory, clock });
  const other = await openSqliteQueue({ storage: others, directory, clock });
  return { desk: new Desk(queue, clock), storage, other };
}

/** More calls than any one function of the queue makes. */
const callsMost = 6;

test('a post does not end while its last chunk is recorded and ended between any two of its steps', async (t) => {
  for (let calls = 1; calls <= callsMost; calls++) {
    const { desk, storage } = await interruptedDesk(t);
    const { id } = await desk.cutPost([chunkOf([1])]);
    const [chunk] = await desk.queue.claimChunks(ann, 1);
    let isRecorded = false;
    const recorded = async (): Promise<void> => {
      await desk.queue.record(batchOf([desk.waiting(id, 1, 0)]));
      await desk.queue.finishChunk(ann, chunk!.id);
      isRecorded = true;
    };
    storage.after(calls, recorded);
    assert.equal(await desk.queue.finishPost(id), false, `after call ${calls}`);
    if (!isRecorded) await recorded();
    assert.equal((await desk.queue.claimDue(ann, 1)).length, 1, `after call ${calls}`);
    assert.ok(await desk.queue.entry(id));
  }
});

test('a post that another process drops between any two steps of a record or a claim tries nobody again', async (t) => {
  for (const step of ['record', 'claimDue'] as const) {
    for (let calls = 0; calls <= callsMost; calls++) {
      const { desk, storage, other } = await interruptedDesk(t);
      const { id } = await desk.cutPost([]);
      await desk.queue.record(batchOf([desk.waiting(id, 1, 0)]));
      let isDropped = false;
      const drop = async (): Promise<void> => {
        isDropped = await other.drop(id);
      };
      if (calls === 0) await drop();
      else storage.after(calls, drop);
      if (step === 'record') await desk.queue.record(batchOf([desk.waiting(id, 2, 0)]));
      else await desk.queue.claimDue(ann, 10);
      if (!isDropped) await drop();
      desk.clock.move(ann.leaseMs + 1);
      assert.deepEqual(await desk.queue.claimDue(ann, 10), [], `${step}, after call ${calls}`);
      assert.equal((await desk.queue.tally(id)).deferred, 0, `${step}, after call ${calls}`);
    }
  }
});
