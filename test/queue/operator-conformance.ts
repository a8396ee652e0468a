import assert from 'node:assert/strict';
import { ann, chunkOf, gather, idsOf, list, type Promising } from './opening.ts';
import { batchOf } from '../../src/queue/outcome-batch.ts';

/** The operator's view of the queue and moves in it. */
export function operatorConformance(promising: Promising): void {
  looking(promising);
  moving(promising);
  movingPosts(promising);
}

function looking(promising: Promising): void {
  promising('entries are found by each filter and by all together', async (desk) => {
    const arrived = await desk.accepted();
    const mail = await desk.accepted({ kind: 'mail', recipient: 'Dan@Y.example', list: '' });
    desk.clock.move(10_000);
    const post = await desk.acceptedPost();
    await desk.queue.hold(mail.id);
    const table = [
      [{}, [arrived, mail, post]],
      [{ list }, [arrived, post]],
      [{ list: 'other@lists.example.org' }, []],
      [{ domain: 'y.example' }, [mail]],
      [{ domain: 'lists.example.org' }, [arrived, post]],
      [{ state: 'held' }, [mail]],
      [{ state: 'ready' }, [arrived, post]],
      [{ state: 'claimed' }, []],
      [{ kind: 'arrived' }, [arrived]],
      [{ kind: 'post', list }, [post]],
      [{ olderThan: 9_999 }, [arrived, mail]],
      [{ olderThan: 10_000 }, []],
      [{ newerThan: 1 }, [post]],
      [{ newerThan: 10_001, kind: 'mail' }, [mail]],
      [{ reply: 'nobody said this' }, []],
      [{ olderThan: 5_000, domain: 'y.example', state: 'held', kind: 'mail' }, [mail]],
    ] as const;
    for (const [filter, found] of table)
      assert.deepEqual(idsOf(await gather(desk.queue.entries(filter))), idsOf(found), JSON.stringify(filter));
  });

  promising('chunks that were put off are due when their post is released', async (desk) => {
    const { id } = await desk.cutPost([chunkOf([1])]);
    const [chunk] = await desk.queue.claimChunks(ann, 10);
    await desk.queue.deferChunk(ann, chunk!.id, desk.clock.now() + 60_000);
    await desk.queue.hold(id);
    assert.deepEqual(await desk.queue.claimChunks(ann, 10), []);
    await desk.queue.release(id);
    assert.equal((await desk.queue.claimChunks(ann, 10)).length, 1);
  });

  promising('a post is found by the id of what it was made of, once that is gone', async (desk) => {
    const arrived = await desk.accepted();
    await desk.queue.claim(ann, ['arrived'], 1);
    assert.equal((await desk.queue.entry(arrived.id))?.kind, 'arrived');
    const message = desk.message();
    const post = desk.entry(message, { kind: 'post', cause: `${arrived.id}:post` });
    assert.ok(await desk.queue.finish(ann, arrived.id, [message], [post]));
    assert.equal((await desk.queue.entry(arrived.id))?.id, post.id);
    assert.equal((await desk.queue.entry(post.id))?.id, post.id);
  });

  promising('more entries than a page are all shown once', async (desk) => {
    const message = desk.message();
    const entries = Array.from({ length: 2_001 }, (_, at) => desk.mail(message, `m${at}@x.example`));
    await desk.queue.accept([message], entries);
    const pages: number[] = [];
    const shown = new Set<string>();
    for await (const page of desk.queue.entries({})) {
      pages.push(page.length);
      for (const { id } of page) shown.add(id);
    }
    assert.deepEqual(pages, [1_000, 1_000, 1]);
    assert.equal(shown.size, 2_001);
  });

  promising('the queue is counted', async (desk) => {
    for (let count = 0; count < 4; count++) await desk.accepted();
    await desk.cutPost([chunkOf([1]), chunkOf([2])]);
    const [claimed] = await desk.queue.claim(ann, ['arrived'], 1);
    const [held] = await gather(desk.queue.entries({ kind: 'arrived', state: 'ready' }));
    await desk.queue.hold(held!.id);
    assert.notEqual(claimed?.id, held?.id);
    assert.deepEqual(await desk.queue.counts(), { ready: 3, claimed: 1, held: 1, chunks: 2 });
  });
}

function moving(promising: Promising): void {
  promising('what is held is not claimed until it is released', async (desk) => {
    const { id } = await desk.accepted();
    assert.equal(await desk.queue.release(id), false);
    assert.equal(await desk.queue.hold(id), true);
    assert.equal(await desk.queue.hold(id), false);
    assert.equal(await desk.queue.retryNow(id), false);
    assert.deepEqual(await desk.queue.claim(ann, ['arrived'], 1), []);
    assert.equal(await desk.queue.nextDue(), undefined);
    assert.equal(await desk.queue.release(id), true);
    assert.deepEqual(idsOf(await desk.queue.claim(ann, ['arrived'], 1)), [id]);
  });

  promising('what is being worked on cannot be held', async (desk) => {
    const { id } = await desk.accepted();
    await desk.queue.claim(ann, ['arrived'], 1);
    assert.equal(await desk.queue.hold(id), false);
    assert.equal(await desk.queue.finish(ann, id, [], []), true);
  });

  promising('a deferred entry can be tried now', async (desk) => {
    const { id } = await desk.accepted({ due: desk.clock.now() + 900_000 });
    assert.equal(await desk.queue.retryNow(id), true);
    assert.deepEqual(idsOf(await desk.queue.claim(ann, ['arrived'], 1)), [id]);
    assert.equal(await desk.queue.retryNow(id), false);
  });

  promising('an entry can be dropped in every state; its claim is lost then', async (desk) => {
    const entries = [await desk.accepted(), await desk.accepted(), await desk.accepted()];
    const [claimed] = await desk.queue.claim(ann, ['arrived'], 1);
    await desk.queue.hold(entries[1]!.id);
    for (const { id, message } of entries) {
      assert.equal(await desk.queue.drop(id), true);
      assert.equal(await desk.queue.drop(id), false);
      assert.equal(await desk.queue.message(message), undefined);
    }
    assert.equal(await desk.queue.finish(ann, claimed!.id, [], []), false);
  });
}

function movingPosts(promising: Promising): void {
  promising('a post can be held while it is being cut; released, it is cut from where it stood', async (desk) => {
    const cursor = { domain: 'x.example', address: 'm1@x.example' };
    const { id } = await desk.acceptedPost();
    await desk.queue.claim(ann, ['post'], 1);
    await desk.queue.cutChunk(ann, id, chunkOf([1]), cursor);
    assert.equal(await desk.queue.hold(id), true);
    await desk.queue.cutChunk(ann, id, chunkOf([2]), undefined);
    assert.equal(await desk.queue.finishPost(id), false);
    assert.deepEqual(await desk.queue.progress(id), { cursor, isCut: false, chunks: 1, postponed: 0 });
    assert.equal(await desk.queue.release(id), true);
    assert.deepEqual(idsOf(await desk.queue.claim(ann, ['post'], 1)), [id]);
    assert.deepEqual(await desk.queue.progress(id), { cursor, isCut: false, chunks: 1, postponed: 0 });
  });

  promising('of a post that is held neither chunks nor recipients are claimed', async (desk) => {
    const held = await desk.cutPost([chunkOf([1])], 1);
    const other = await desk.cutPost([chunkOf([1])], 2);
    await desk.queue.record(batchOf([held, other].map(({ id }) => desk.waiting(id, 2, 0))));
    assert.equal(await desk.queue.hold(held.id), true);
    const chunks = await desk.queue.claimChunks(ann, 100);
    const due = await desk.queue.claimDue(ann, 100);
    assert.deepEqual(
      [...chunks, ...due].map(({ post }) => post),
      [other.id, other.id],
    );
    assert.equal(await desk.queue.release(held.id), true);
    assert.equal((await desk.queue.claimChunks(ann, 100)).length, 1);
    assert.equal((await desk.queue.claimDue(ann, 100)).length, 1);
  });

  promising('a held post does not make anybody wait for it', async (desk) => {
    const { id } = await desk.cutPost([chunkOf([1])]);
    await desk.queue.hold(id);
    assert.equal(await desk.queue.nextDue(), undefined);
  });

  promising('a post that is tried now has its chunks and recipients due, also while it is being cut', async (desk) => {
    const cursor = { domain: 'x.example', address: 'm1@x.example' };
    const { id } = await desk.acceptedPost();
    await desk.queue.claim(ann, ['post'], 1);
    await desk.queue.cutChunk(ann, id, chunkOf([1]), cursor);
    const [chunk] = await desk.queue.claimChunks(ann, 1);
    await desk.queue.deferChunk(ann, chunk!.id, desk.clock.now() + 900_000);
    await desk.queue.record(batchOf([desk.waiting(id, 2, 900_000)]));
    assert.equal(await desk.queue.retryNow(id), true);
    assert.equal((await desk.queue.claimChunks(ann, 10)).length, 1);
    assert.equal((await desk.queue.claimDue(ann, 10)).length, 1);
    await desk.queue.cutChunk(ann, id, undefined, undefined);
    assert.equal((await desk.queue.progress(id))?.isCut, true);
  });

  promising('a post that is dropped tries nobody again, and its trace says why', async (desk) => {
    const { id, message } = await desk.cutPost([chunkOf([1])]);
    const other = await desk.cutPost([], 2);
    const tried = [desk.waiting(id, 2, 0), desk.outcome(id, 3, 'delivered')];
    await desk.queue.record(batchOf([...tried, desk.waiting(other.id, 2, 0)]));
    assert.equal(await desk.queue.drop(id), true);
    assert.deepEqual(await desk.queue.claimChunks(ann, 100), []);
    assert.deepEqual(
      (await desk.queue.claimDue(ann, 100)).map(({ post }) => post),
      [other.id],
    );
    assert.equal(await desk.queue.message(message), undefined);
    assert.deepEqual(await desk.queue.tally(id), { delivered: 1, deferred: 0, failed: 1, uncertain: 0 });
    const [trace] = await gather(desk.queue.trace(list, 1, 'm2@x.example'));
    assert.deepEqual(
      trace?.attempts.map(({ state }) => state),
      ['deferred', 'failed'],
    );
    assert.match(trace?.attempts.at(-1)?.reply ?? '', /dropped by the operator/);
  });

  promising('a result that comes in after the drop makes nobody be tried again', async (desk) => {
    const { id } = await desk.cutPost([]);
    await desk.queue.record(batchOf([desk.waiting(id, 1, 0)]));
    await desk.queue.drop(id);
    await desk.queue.record(batchOf([desk.waiting(id, 2, 0)]));
    assert.deepEqual(await desk.queue.claimDue(ann, 10), []);
    assert.equal((await desk.queue.tally(id)).deferred, 0);
  });
}
