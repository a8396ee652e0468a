import assert from 'node:assert/strict';
import type { Id } from '../../src/lib/ids.ts';
import { packMembers } from '../../src/list/packed.ts';
import { batchOf } from '../../src/queue/outcome-batch.ts';
import type { RecipientFilter, RecipientKey } from '../../src/queue/waiting-recipients.ts';
import { ann, bob, chunkOf, type Desk, gather, list, type Promising } from './opening.ts';

const dayMs = 86_400_000;
const dropped = 'dropped by the operator';

async function found(desk: Desk, filter: RecipientFilter = {}): Promise<string[]> {
  const recipients = await gather(desk.queue.recipients.find(filter));
  return recipients.map(({ number, position, address }) => `${number}/${position} ${address}`);
}

// Two posts: of the first two chunks, the second with members of two domains, of the other one of a third.
async function twoPosts(desk: Desk): Promise<[Id, Id]> {
  const members = [
    { member: 3, address: 'm3@X.example' },
    { member: 4, address: 'm4@y.example' },
  ];
  const mixed = { domain: '', packed: packMembers(members), count: 2 };
  const one = await desk.cutPost([chunkOf([1, 2]), mixed], 1);
  desk.clock.move(8 * dayMs);
  const two = await desk.cutPost([chunkOf([1], 'z.example')], 2);
  desk.clock.move(1_000);
  return [one.id, two.id];
}

function keysOf(post: Id, positions: readonly number[]): RecipientKey[] {
  return positions.map((position) => ({ post, position }));
}

/** The operator's view of those who stand in chunks and were not tried, and moves of them. */
export function untriedConformance(promising: Promising): void {
  looking(promising);
  dropping(promising);
  droppingTaken(promising);
  retrying(promising);
}

function looking(promising: Promising): void {
  promising('recipients who were not tried are found by each filter and by all together', async (desk) => {
    const [one, two] = await twoPosts(desk);
    const all = ['1/0 m1@x.example', '1/1 m2@x.example', '1/2 m3@X.example', '1/3 m4@y.example', '2/0 m1@z.example'];
    const table: [RecipientFilter, string[]][] = [
      [{}, all],
      [{ state: 'untried' }, all],
      [{ state: 'deferred' }, []],
      [{ list }, all],
      [{ list: 'other@lists.example.org' }, []],
      [{ domain: 'x.example' }, all.slice(0, 3)],
      [{ domain: 'y.example', list }, [all[3]!]],
      [{ domain: 'z.example', state: 'untried' }, [all[4]!]],
      [{ reply: 'later' }, []],
      [{ olderThan: dayMs }, all.slice(0, 4)],
      [{ newerThan: dayMs }, [all[4]!]],
      [{ post: two }, [all[4]!]],
      [{ post: one, domain: 'y.example' }, [all[3]!]],
      [{ post: one, position: 1 }, [all[1]!]],
      [{ post: one, position: 4 }, []],
      [{ post: desk.newId() }, []],
    ];
    for (const [filter, wanted] of table) assert.deepEqual(await found(desk, filter), wanted, JSON.stringify(filter));
  });

  promising('who was tried is shown as that, who is in the hands of delivery as taken', async (desk) => {
    const { id } = await desk.cutPost([chunkOf([1, 2, 3])]);
    await desk.queue.claimChunks(ann, 10);
    const change = { position: 0, address: 'm1@x.example' };
    await desk.queue.record(
      batchOf([desk.waiting(id, 1, 60_000, change), desk.outcome(id, 2, 'delivered', { position: 1 })]),
    );
    const [untried, tried, ...others] = await gather(desk.queue.recipients.find({}));
    assert.deepEqual(others, []);
    const next = desk.clock.now();
    const names = { post: id, position: 2, list, number: 1, member: 3, address: 'm3@x.example' };
    assert.deepEqual(untried, { ...names, state: 'untried', attempts: 0, next, host: '', reply: '', isTaken: true });
    assert.deepEqual([tried?.state, tried?.position], ['deferred', 0]);
  });

  promising('each chunk is a page', async (desk) => {
    const chunks = [0, 1, 2].map((at) => chunkOf(Array.from({ length: 1_000 }, (_, n) => at * 1_000 + n)));
    await desk.cutPost(chunks);
    const pages: number[] = [];
    for await (const page of desk.queue.recipients.find({ state: 'untried' })) pages.push(page.length);
    assert.deepEqual(pages, [1_000, 1_000, 1_000]);
  });
}

function dropping(promising: Promising): void {
  promising('who is dropped before a try fails, is never claimed, and the others of the chunk are', async (desk) => {
    const [one] = await twoPosts(desk);
    const keys = keysOf(one, [2, 0, 7]);
    const moved = await desk.queue.recipients.move('drop', keys);
    assert.deepEqual(
      moved.map(({ position }) => position).toSorted((a, b) => a - b),
      [0, 2],
    );
    assert.deepEqual(await found(desk, { post: one }), ['1/1 m2@x.example', '1/3 m4@y.example']);
    assert.deepEqual(await desk.queue.recipients.move('drop', keys), []);
    const chunks = (await desk.queue.claimChunks(ann, 10)).filter(({ post }) => post === one);
    assert.deepEqual(
      chunks.map(({ again }) => again),
      [true, true],
    );
    for (const { post, first, count } of chunks)
      assert.deepEqual(await desk.queue.recorded(post, first, count), new Set([first]));
    const [trace] = await gather(desk.queue.trace(list, 1, 'm3@x.example'));
    const attempts = [{ state: 'failed', at: desk.clock.now(), host: '', reply: dropped }];
    assert.deepEqual(trace, { member: 3, address: 'm3@X.example', attempts });
  });

  promising('a chunk of which everybody is dropped or delivered ends, and its post with the last one', async (desk) => {
    const { id } = await desk.cutPost([chunkOf([1, 2]), chunkOf([3])]);
    const [chunk] = await desk.queue.claimChunks(ann, 1);
    await desk.queue.record(batchOf([desk.outcome(id, 1, 'delivered', { position: 0 })]));
    await desk.queue.deferChunk(ann, chunk!.id, desk.clock.now() + 60_000);
    assert.equal((await desk.queue.recipients.move('drop', keysOf(id, [0, 1]))).length, 1);
    assert.equal((await desk.queue.progress(id))?.chunks, 1);
    assert.equal((await desk.queue.recipients.move('drop', keysOf(id, [2]))).length, 1);
    assert.equal(await desk.queue.entry(id), undefined);
    assert.deepEqual(await desk.queue.tally(id), { delivered: 1, deferred: 0, failed: 2, uncertain: 0 });
  });

  promising('a drop leaves a chunk due when it was', async (desk) => {
    const { id } = await desk.cutPost([chunkOf([1, 2])]);
    const [chunk] = await desk.queue.claimChunks(ann, 1);
    await desk.queue.deferChunk(ann, chunk!.id, desk.clock.now() + 60_000);
    await desk.queue.recipients.move('drop', keysOf(id, [0]));
    assert.deepEqual(await desk.queue.claimChunks(ann, 10), []);
    desk.clock.move(60_001);
    assert.equal((await desk.queue.claimChunks(ann, 10)).length, 1);
  });
}

function droppingTaken(promising: Promising): void {
  promising('what delivery has is dropped only when nobody tries anybody', async (desk) => {
    const { id } = await desk.cutPost([chunkOf([1, 2]), chunkOf([3])]);
    await desk.queue.claimChunks(ann, 1);
    const keys = keysOf(id, [0, 1, 2]);
    assert.deepEqual(await desk.queue.recipients.move('drop', keys), [keys[2]]);
    desk.clock.move(ann.leaseMs + 1);
    assert.deepEqual(await desk.queue.recipients.move('drop', keys), []);
    assert.equal((await desk.queue.recipients.move('drop', keys.slice(0, 1), true)).length, 1);
    // The claim of the daemon that has ended is lost.
    const [chunk] = await desk.queue.claimChunks(bob, 10);
    assert.deepEqual([chunk?.first, chunk?.again], [0, true]);
    assert.deepEqual(await desk.queue.recorded(id, 0, 2), new Set([0]));
  });
}

function retrying(promising: Promising): void {
  promising('chunks that were put off are due when one of their untried is to be tried', async (desk) => {
    const { id } = await desk.cutPost([chunkOf([1, 2]), chunkOf([3])]);
    for (const chunk of await desk.queue.claimChunks(ann, 10))
      await desk.queue.deferChunk(ann, chunk.id, desk.clock.now() + 60_000);
    const keys = keysOf(id, [1, 9]);
    assert.deepEqual(await desk.queue.recipients.move('retry', keys), [keys[0]]);
    assert.deepEqual(
      (await desk.queue.claimChunks(ann, 10)).map(({ first }) => first),
      [0],
    );
  });
}
