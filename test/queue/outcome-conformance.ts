import assert from 'node:assert/strict';
import { idMaker } from '../../src/lib/ids.ts';
import type { DueRecipient } from '../../src/queue/store.ts';
import { ann, bob, chunkOf, gather, leaseMs, list, type Promising } from './opening.ts';
import { batchOf } from '../../src/queue/outcome-batch.ts';

function membersOf(due: readonly DueRecipient[]): number[] {
  return due.map(({ member }) => member);
}

/** What became of each recipient of a post. */
export function outcomeConformance(promising: Promising): void {
  recording(promising);
  tracing(promising);
  retrying(promising);
  endingPosts(promising);
}

function recording(promising: Promising): void {
  promising('outcomes are counted by state, the latest of each recipient', async (desk) => {
    const { id } = await desk.cutPost([chunkOf([1, 2, 3, 4])]);
    const none = { delivered: 0, deferred: 0, failed: 0, uncertain: 0 };
    assert.deepEqual(await desk.queue.tally(id), none);
    await desk.queue.record(
      batchOf([
        desk.outcome(id, 1, 'delivered'),
        desk.outcome(id, 2, 'failed', { reply: '550 5.1.1 no such user' }),
        desk.waiting(id, 3, 400_000),
        desk.waiting(id, 4, 400_000, { state: 'uncertain' }),
      ]),
    );
    assert.deepEqual(await desk.queue.tally(id), { delivered: 1, deferred: 1, failed: 1, uncertain: 1 });
    await desk.queue.record(batchOf([desk.outcome(id, 3, 'delivered')]));
    assert.deepEqual(await desk.queue.tally(id), { delivered: 2, deferred: 0, failed: 1, uncertain: 1 });
  });

  promising('it is known which positions have an outcome', async (desk) => {
    const one = await desk.cutPost([chunkOf([1, 2, 3])], 1);
    const other = await desk.cutPost([chunkOf([1, 2, 3])], 2);
    await desk.queue.record(batchOf([desk.outcome(one.id, 1, 'delivered'), desk.waiting(one.id, 3, 5)]));
    assert.deepEqual(await desk.queue.recorded(one.id, 0, 4), new Set([1, 3]));
    assert.deepEqual(await desk.queue.recorded(one.id, 2, 1), new Set());
    assert.deepEqual(await desk.queue.recorded(one.id, 1, 2), new Set([1]));
    assert.deepEqual(await desk.queue.recorded(one.id, 0, 0), new Set());
    assert.deepEqual(await desk.queue.recorded(other.id, 0, 4), new Set());
    assert.deepEqual(await desk.queue.recorded(idMaker(desk.clock)(), 0, 4), new Set());
  });

  promising('outcomes of several posts and weeks are recorded in one call', async (desk) => {
    const posts = [await desk.cutPost([chunkOf([1])], 1)];
    desk.clock.move(8 * 86_400_000);
    for (const number of [2, 3]) posts.push(await desk.cutPost([chunkOf([1])], number));
    await desk.queue.record(batchOf(posts.map(({ id }) => desk.outcome(id, 1, 'delivered'))));
    for (const { id } of posts) assert.equal((await desk.queue.tally(id)).delivered, 1);
    for (const number of [1, 2, 3]) assert.equal((await gather(desk.queue.trace(list, number))).length, 1);
  });

  promising('a batch of 2,000 outcomes is one call', async (desk) => {
    const { id } = await desk.cutPost([]);
    const outcomes = Array.from({ length: 2_000 }, (_, member) => desk.outcome(id, member + 1, 'delivered'));
    await desk.queue.record(batchOf(outcomes));
    await desk.queue.record(batchOf(outcomes.slice(0, 1_500)));
    assert.equal((await desk.queue.tally(id)).delivered, 2_000);
    const traces = await gather(desk.queue.trace(list, 1));
    assert.equal(new Set(traces.map(({ member }) => member)).size, 2_000);
  });

  promising('what comes in for a post that is no longer there is dropped', async (desk) => {
    const gone = idMaker(desk.clock)();
    await desk.queue.record(batchOf([desk.waiting(gone, 1, 0)]));
    assert.deepEqual(await desk.queue.claimDue(ann, 10), []);
    await desk.queue.record(batchOf([]));
  });
}

function tracing(promising: Promising): void {
  promising('a trace tells every attempt, oldest first, also after the post is done', async (desk) => {
    const post = await desk.cutPost([chunkOf([1])], 17);
    const replies = ['451 4.7.1 greylisted', 'connection reset', '250 2.0.0 ok: queued as "1"\t\u00fc'];
    const deferred = desk.waiting(post.id, 1, 400_000, { reply: replies[0]! });
    await desk.queue.record(batchOf([deferred]));
    desk.clock.move(400_000);
    const uncertain = desk.waiting(post.id, 1, 900_000, { state: 'uncertain', host: '', reply: replies[1]! });
    await desk.queue.record(batchOf([uncertain]));
    desk.clock.move(900_000);
    const delivered = desk.outcome(post.id, 1, 'delivered', { reply: replies[2]! });
    await desk.queue.record(batchOf([delivered]));
    const [chunk] = await desk.queue.claimChunks(ann, 1);
    await desk.queue.finishChunk(ann, chunk!.id);
    assert.equal(await desk.queue.finishPost(post.id), true);
    const attempts = [deferred, uncertain, delivered].map(({ state, at, host, reply }) => ({ state, at, host, reply }));
    assert.deepEqual(await gather(desk.queue.trace(list, 17)), [{ member: 1, address: 'm1@x.example', attempts }]);
  });

  promising('the latest attempt says when the next is', async (desk) => {
    const { id } = await desk.cutPost([]);
    await desk.queue.record(batchOf([desk.waiting(id, 1, 400_000)]));
    const [trace] = await gather(desk.queue.trace(list, 1));
    assert.deepEqual(
      trace?.attempts.map(({ next }) => next),
      [desk.clock.now() + 400_000],
    );
  });

  promising('a trace can be narrowed to an address, in any letter case', async (desk) => {
    const { id } = await desk.cutPost([]);
    const addresses = [
      'Bob@x.example',
      'JÜRGEN@x.example',
      '"a@b"@x.example',
      '__proto__@x.example',
      "o'neil@x.example",
    ];
    await desk.queue.record(
      batchOf(addresses.map((address, at) => desk.outcome(id, at + 1, 'delivered', { address }))),
    );
    for (const [at, address] of addresses.entries()) {
      for (const asked of [address, address.toLowerCase(), address.toUpperCase()]) {
        const found = await gather(desk.queue.trace(list, 1, asked));
        assert.deepEqual(
          found.map((trace) => [trace.member, trace.address]),
          [[at + 1, address]],
          asked,
        );
      }
    }
    assert.deepEqual(await gather(desk.queue.trace(list, 1, 'nobody@x.example')), []);
  });

  promising('a trace of a post that was never tried is empty', async (desk) => {
    await desk.cutPost([chunkOf([1])]);
    assert.deepEqual(await gather(desk.queue.trace(list, 1)), []);
    assert.deepEqual(await gather(desk.queue.trace('__proto__@x.example', 1)), []);
  });

  promising('old outcomes are forgotten whole', async (desk) => {
    const { id } = await desk.cutPost([]);
    await desk.queue.record(batchOf([desk.outcome(id, 1, 'delivered')]));
    desk.clock.move(80 * 86_400_000);
    assert.equal(await desk.queue.forget(90), 0);
    desk.clock.move(30 * 86_400_000);
    assert.equal(await desk.queue.forget(90), 1);
    assert.deepEqual(await gather(desk.queue.trace(list, 1)), []);
    assert.equal(await desk.queue.forget(90), 0);
  });
}

function retrying(promising: Promising): void {
  promising('due recipients are claimed the oldest first, up to the limit', async (desk) => {
    const { id } = await desk.cutPost([]);
    const waits = [300, 100, 400, 200];
    await desk.queue.record(batchOf(waits.map((wait, at) => desk.waiting(id, at + 1, wait))));
    await desk.queue.record(batchOf([desk.outcome(id, 9, 'delivered')]));
    assert.deepEqual(await desk.queue.claimDue(ann, 10), []);
    desk.clock.move(300);
    assert.deepEqual(membersOf(await desk.queue.claimDue(ann, 2)), [2, 4]);
    assert.deepEqual(await desk.queue.claimDue(bob, 10), [
      { post: id, position: 1, member: 1, address: 'm1@x.example', attempts: 1 },
    ]);
    assert.deepEqual(await desk.queue.claimDue(bob, 10), []);
  });

  promising('the attempts of a recipient are counted', async (desk) => {
    const { id } = await desk.cutPost([]);
    for (const attempts of [1, 2, 3]) {
      await desk.queue.record(batchOf([desk.waiting(id, 1, 0)]));
      assert.equal((await desk.queue.claimDue(ann, 1))[0]?.attempts, attempts);
    }
  });

  promising('due recipients of posts of different weeks are found', async (desk) => {
    const old = await desk.cutPost([], 1);
    desk.clock.move(8 * 86_400_000);
    const young = await desk.cutPost([], 2);
    await desk.queue.record(batchOf([old, young].map(({ id }) => desk.waiting(id, 1, 0))));
    const due = [...(await desk.queue.claimDue(ann, 1)), ...(await desk.queue.claimDue(ann, 10))];
    assert.deepEqual(new Set(due.map(({ post }) => post)), new Set([old.id, young.id]));
  });

  promising('recipients in the domains that are passed over stay', async (desk) => {
    const { id } = await desk.cutPost([]);
    const addresses = ['a@SLOW.example', '"x@quick.example"@slow.example', 'a@quick.example'];
    await desk.queue.record(batchOf(addresses.map((address, at) => desk.waiting(id, at + 1, 0, { address }))));
    assert.deepEqual(membersOf(await desk.queue.claimDue(ann, 10, ['slow.example'])), [3]);
    assert.deepEqual(new Set(membersOf(await desk.queue.claimDue(ann, 10))), new Set([1, 2]));
  });

  promising('a claim of recipients ends with its lease or by recovery', async (desk) => {
    const { id } = await desk.cutPost([]);
    await desk.queue.record(batchOf([1, 2].map((member) => desk.waiting(id, member, 0))));
    assert.equal((await desk.queue.claimDue(ann, 10)).length, 2);
    assert.equal((await desk.queue.recover('bob')).recipients, 0);
    assert.equal((await desk.queue.recover('ann')).recipients, 2);
    assert.equal((await desk.queue.claimDue(ann, 10)).length, 2);
    desk.clock.move(leaseMs + 1);
    assert.equal((await desk.queue.claimDue(bob, 10)).length, 2);
  });

  promising('waiting recipients count for the next due time until they are claimed', async (desk) => {
    const { id } = await desk.cutPost([]);
    await desk.queue.record(
      batchOf([desk.waiting(id, 1, 900), desk.waiting(id, 2, 500), desk.outcome(id, 3, 'delivered')]),
    );
    assert.equal(await desk.queue.nextDue(), desk.clock.now() + 500);
    desk.clock.move(500);
    await desk.queue.claimDue(ann, 1);
    assert.equal(await desk.queue.nextDue(), desk.clock.now() + 400);
  });
}

function endingPosts(promising: Promising): void {
  promising('a post ends when it is cut, has no chunk, and nobody waits', async (desk) => {
    const post = await desk.acceptedPost();
    assert.equal(await desk.queue.finishPost(post.id), false);
    await desk.queue.claim(ann, ['post'], 1);
    await desk.queue.cutChunk(ann, post.id, chunkOf([1]), undefined);
    assert.equal(await desk.queue.finishPost(post.id), false);
    const [chunk] = await desk.queue.claimChunks(ann, 1);
    await desk.queue.record(batchOf([desk.waiting(post.id, 1, 0)]));
    await desk.queue.finishChunk(ann, chunk!.id);
    assert.equal(await desk.queue.finishPost(post.id), false);
    await desk.queue.claimDue(ann, 1);
    assert.equal(await desk.queue.finishPost(post.id), false);
    await desk.queue.record(batchOf([desk.outcome(post.id, 1, 'delivered')]));
    assert.equal(await desk.queue.finishPost(post.id), true);
    assert.equal(await desk.queue.finishPost(post.id), false);
    assert.equal(await desk.queue.entry(post.id), undefined);
    assert.equal(await desk.queue.message(post.message), undefined);
  });

  promising('a post without members ends when it is cut', async (desk) => {
    const { id } = await desk.cutPost([]);
    assert.equal(await desk.queue.finishPost(id), true);
  });
}
