import assert from 'node:assert/strict';
import { ann, bob, chunkOf, idsOf, leaseMs, list, type Promising } from './opening.ts';

const cursor = { domain: 'x.example', address: 'm1@x.example' };

function membersOf(chunks: readonly { packed: Uint8Array }[]): string[] {
  return chunks.map(({ packed }) => Buffer.from(packed).toString());
}

/** The cutting of a post, and its chunks. */
export function chunkConformance(promising: Promising): void {
  cutting(promising);
  claimingChunks(promising);
}

function cutting(promising: Promising): void {
  promising('a chunk and its cursor come together', async (desk) => {
    const { id } = await desk.acceptedPost(7);
    await desk.queue.claim(ann, ['post'], 1);
    assert.deepEqual(await desk.queue.progress(id), { cursor: undefined, isCut: false, chunks: 0, postponed: 0 });
    await desk.queue.cutChunk(ann, id, chunkOf([1, 2]), cursor);
    assert.deepEqual(await desk.queue.progress(id), { cursor, isCut: false, chunks: 1, postponed: 0 });
    await desk.queue.cutChunk(ann, id, undefined, { ...cursor, address: 'm2@x.example' });
    assert.equal((await desk.queue.progress(id))?.chunks, 1);
    await desk.queue.cutChunk(ann, id, chunkOf([3]), undefined);
    const progress = await desk.queue.progress(id);
    assert.deepEqual([progress?.isCut, progress?.chunks], [true, 2]);
  });

  promising('only the claim of the post cuts it', async (desk) => {
    const { id } = await desk.acceptedPost();
    await desk.queue.cutChunk(ann, id, chunkOf([1]), cursor);
    await desk.queue.claim(ann, ['post'], 1);
    await desk.queue.cutChunk(bob, id, chunkOf([1]), undefined);
    assert.deepEqual(await desk.queue.progress(id), { cursor: undefined, isCut: false, chunks: 0, postponed: 0 });
    await desk.queue.cutChunk(ann, id, chunkOf([1]), undefined);
    await desk.queue.cutChunk(ann, id, chunkOf([2]), undefined);
    assert.equal((await desk.queue.counts()).chunks, 1);
  });

  promising('each cut renews the lease; after a crash cutting goes on at the cursor', async (desk) => {
    const { id } = await desk.acceptedPost();
    await desk.queue.claim(ann, ['post'], 1);
    desk.clock.move(leaseMs - 1);
    await desk.queue.cutChunk(ann, id, chunkOf([1]), cursor);
    desk.clock.move(leaseMs);
    assert.deepEqual(await desk.queue.claim(bob, ['post'], 1), []);
    await desk.queue.recover('ann');
    assert.deepEqual(idsOf(await desk.queue.claim(bob, ['post'], 1)), [id]);
    assert.deepEqual(await desk.queue.progress(id), { cursor, isCut: false, chunks: 1, postponed: 0 });
  });

  promising('a post that is cut is claimed by nobody, and waits for nothing but its chunks', async (desk) => {
    const { id } = await desk.cutPost([chunkOf([1])]);
    assert.equal((await desk.queue.entry(id))?.state, 'ready');
    assert.deepEqual(await desk.queue.claim(ann, ['post'], 1), []);
    await desk.queue.claimChunks(ann, 10);
    desk.clock.move(leaseMs * 9);
    assert.deepEqual(await desk.queue.claim(bob, ['post'], 1), []);
  });

  promising('an entry that is no post has no progress', async (desk) => {
    const { id } = await desk.accepted();
    assert.equal(await desk.queue.progress(id), undefined);
    assert.equal(await desk.queue.finishPost(id), false);
  });
}

function claimingChunks(promising: Promising): void {
  promising('a chunk comes as it was cut, with the work of its post', async (desk) => {
    const cut = chunkOf([3, 5], 'y.example');
    const post = await desk.cutPost([cut], 17);
    const [chunk] = await desk.queue.claimChunks(ann, 1_000);
    assert.ok(chunk && Buffer.from(chunk.packed).equals(cut.packed));
    assert.deepEqual(chunk, {
      id: chunk.id,
      packed: chunk.packed,
      post: post.id,
      message: post.message,
      work: { list, number: 17, role: 'subscriber', lastMember: 1_000_000 },
      domain: 'y.example',
      count: 2,
      again: false,
      first: 0,
      created: desk.clock.now(),
    });
  });

  promising('chunks are claimed in the order they were cut, with about as many members as asked for', async (desk) => {
    const cuts = [chunkOf([1, 2]), chunkOf([3]), chunkOf([4]), chunkOf([5])];
    await desk.cutPost(cuts);
    const first = await desk.queue.claimChunks(ann, 3);
    const second = await desk.queue.claimChunks(bob, 1);
    const third = await desk.queue.claimChunks(ann, 100);
    assert.deepEqual([first.length, second.length, third.length], [2, 1, 1]);
    assert.deepEqual(membersOf([...first, ...second, ...third]), membersOf(cuts));
    const positions = [...first, ...second, ...third].map((chunk) => chunk.first);
    assert.deepEqual(positions, [0, 2, 3, 4]);
    assert.deepEqual(await desk.queue.claimChunks(ann, 100), []);
  });

  promising(
    'chunks that were put off are counted as such, and come when their time has or the queue is told',
    async (desk) => {
      const { id } = await desk.cutPost([chunkOf([1]), chunkOf([2]), chunkOf([3])]);
      const chunks = await desk.queue.claimChunks(ann, 100);
      for (const [at, chunk] of chunks.slice(0, 2).entries()) {
        await desk.queue.deferChunk(ann, chunk.id, desk.clock.now() + (at + 1) * 1_000);
      }
      const progress = await desk.queue.progress(id);
      assert.deepEqual([progress?.chunks, progress?.postponed], [3, 2]);
      assert.deepEqual(await desk.queue.claimChunks(ann, 100), []);
      desk.clock.move(1_000);
      assert.equal((await desk.queue.progress(id))?.postponed, 1);
      assert.equal((await desk.queue.claimChunks(ann, 100)).length, 1);
      await desk.queue.hurryChunks();
      assert.deepEqual(membersOf(await desk.queue.claimChunks(ann, 100)), membersOf([chunkOf([2])]));
      assert.equal((await desk.queue.progress(id))?.postponed, 0);
    },
  );

  promising('the chunks of a list are passed over with it', async (desk) => {
    await desk.cutPost([chunkOf([1])]);
    assert.deepEqual(await desk.queue.claimChunks(ann, 100, [], [list]), []);
    assert.equal((await desk.queue.claimChunks(ann, 100, [], ['other@lists.example.org'])).length, 1);
  });

  promising('a chunk of one domain is passed over with it; one of several is not', async (desk) => {
    await desk.cutPost([chunkOf([1], 'slow.example'), { ...chunkOf([2]), domain: '' }, chunkOf([3], 'quick.example')]);
    const claimed = await desk.queue.claimChunks(ann, 100, [{ domains: ['slow.example'], posts: undefined }]);
    assert.deepEqual(
      claimed.map((chunk) => chunk.domain),
      ['', 'quick.example'],
    );
    assert.equal((await desk.queue.claimChunks(ann, 100)).length, 1);
  });

  promising('a post that has nothing in a full lane brings one chunk for it, whatever its domains', async (desk) => {
    const cuts = [chunkOf([1], 'a.slow.example'), chunkOf([2], 'b.slow.example'), chunkOf([3], 'quick.example')];
    const posts = [await desk.cutPost(cuts, 1), await desk.cutPost(cuts, 2), await desk.cutPost(cuts, 3)];
    const lane = { domains: ['b.slow.example', 'a.slow.example'], posts: [posts[0]!.id] };
    const claimed = await desk.queue.claimChunks(ann, 100, [lane]);
    assert.deepEqual(
      claimed.map(({ post, domain }) => `${posts.findIndex(({ id }) => id === post)} ${domain}`).toSorted(),
      ['0 quick.example', '1 a.slow.example', '1 quick.example', '2 a.slow.example', '2 quick.example'],
    );
    assert.deepEqual(await desk.queue.claimChunks(ann, 100, [{ ...lane, posts: undefined }]), []);
    assert.equal((await desk.queue.claimChunks(ann, 100)).length, 4);
  });

  promising('the posts have their turns, and one that comes late is not behind all of an earlier one', async (desk) => {
    const early = await desk.cutPost(
      [1, 2, 3, 4, 5].map((member) => chunkOf([member])),
      1,
    );
    await desk.queue.claimChunks(ann, 2);
    desk.clock.move(10);
    const late = await desk.cutPost(
      [1, 2, 3].map((member) => chunkOf([member])),
      2,
    );
    const turns: string[] = [];
    for (const room of [1, 1, 2, 100])
      for (const { post } of await desk.queue.claimChunks(ann, room)) turns.push(post === late.id ? 'late' : 'early');
    assert.deepEqual(turns, ['late', 'late', 'early', 'late', 'early', 'early']);
    assert.equal((await desk.queue.progress(early.id))?.chunks, 5);
  });

  promising('only its claimant ends a chunk or gives it back', async (desk) => {
    await desk.cutPost([chunkOf([1])]);
    const [chunk] = await desk.queue.claimChunks(ann, 1);
    const id = chunk?.id ?? assert.fail('no chunk');
    await desk.queue.finishChunk(bob, id);
    await desk.queue.deferChunk(bob, id, 0);
    assert.deepEqual(await desk.queue.claimChunks(bob, 1), []);
    await desk.queue.deferChunk(ann, id, desk.clock.now() + 500);
    await desk.queue.finishChunk(ann, id);
    assert.deepEqual(await desk.queue.claimChunks(bob, 1), []);
    desk.clock.move(500);
    assert.equal((await desk.queue.claimChunks(bob, 1))[0]?.again, true);
    await desk.queue.finishChunk(bob, id);
    assert.equal((await desk.queue.counts()).chunks, 0);
  });

  promising('a chunk whose lease ran out, or that was recovered, says that it comes again', async (desk) => {
    await desk.cutPost([chunkOf([1])]);
    const again: (boolean | undefined)[] = [];
    const claim = async (): Promise<void> => {
      again.push((await desk.queue.claimChunks(ann, 1))[0]?.again);
    };
    await claim();
    desk.clock.move(leaseMs + 1);
    await claim();
    await claim();
    assert.equal((await desk.queue.recover('ann')).chunks, 1);
    await claim();
    assert.deepEqual(again, [false, true, undefined, true]);
  });

  promising('chunks count for the next due time', async (desk) => {
    await desk.cutPost([chunkOf([1])]);
    assert.equal(await desk.queue.nextDue(), desk.clock.now());
    const [chunk] = await desk.queue.claimChunks(ann, 1);
    await desk.queue.deferChunk(ann, chunk!.id, desk.clock.now() + 777);
    assert.equal(await desk.queue.nextDue(), desk.clock.now() + 777);
  });

  promising('two claimants share the chunks of many posts without one twice', async (desk) => {
    for (const number of [1, 2, 3, 4]) await desk.cutPost([chunkOf([1]), chunkOf([2]), chunkOf([3])], number);
    const takeAll = async (claimant: typeof ann): Promise<number[]> => {
      const taken: number[] = [];
      for (;;) {
        const chunks = await desk.queue.claimChunks(claimant, 2);
        if (chunks.length === 0) return taken;
        taken.push(...chunks.map(({ id }) => id));
      }
    };
    const taken = (await Promise.all([takeAll(ann), takeAll(bob)])).flat();
    assert.equal(taken.length, 12);
    assert.equal(new Set(taken).size, 12);
  });
}
