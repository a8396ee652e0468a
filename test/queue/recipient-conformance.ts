import assert from 'node:assert/strict';
import type { Id } from '../../src/lib/ids.ts';
import { batchOf } from '../../src/queue/outcome-batch.ts';
import type { RecipientFilter } from '../../src/queue/waiting-recipients.ts';
import { ann, chunkOf, type Desk, gather, list, type Promising } from './opening.ts';

const dayMs = 86_400_000;

async function found(desk: Desk, filter: RecipientFilter): Promise<[number, number][]> {
  const recipients = await gather(desk.queue.recipients.find(filter));
  return recipients.map(({ number, position }) => [number, position]);
}

// Two posts of different weeks: of the first m1 and m2 wait, of the second m1 of another domain and m3.
async function twoPosts(desk: Desk): Promise<[Id, Id]> {
  const one = await desk.cutPost([], 1);
  const early = [desk.waiting(one.id, 1, 60_000), desk.waiting(one.id, 2, 60_000, { reply: '450 4.2.0 Greylisted' })];
  await desk.queue.record(batchOf([...early, desk.outcome(one.id, 3, 'delivered')]));
  desk.clock.move(8 * dayMs);
  const two = await desk.cutPost([], 2);
  const other = { address: 'm1@Y.example', state: 'uncertain', reply: 'the connection ended' } as const;
  await desk.queue.record(batchOf([desk.waiting(two.id, 1, 60_000, other), desk.waiting(two.id, 3, 90_000)]));
  desk.clock.move(1_000);
  return [one.id, two.id];
}

/** The operator's view of those who wait, and moves of them. */
export function recipientConformance(promising: Promising): void {
  looking(promising);
  retrying(promising);
  dropping(promising);
}

function looking(promising: Promising): void {
  promising('recipients who wait are found by each filter and by all together', async (desk) => {
    const [one, two] = await twoPosts(desk);
    const table: [RecipientFilter, [number, number][]][] = [
      [
        {},
        [
          [1, 1],
          [1, 2],
          [2, 1],
          [2, 3],
        ],
      ],
      [
        { list },
        [
          [1, 1],
          [1, 2],
          [2, 1],
          [2, 3],
        ],
      ],
      [{ list: 'other@lists.example.org' }, []],
      [
        { domain: 'x.example' },
        [
          [1, 1],
          [1, 2],
          [2, 3],
        ],
      ],
      [{ domain: 'y.example' }, [[2, 1]]],
      [{ domain: 'lists.example.org' }, []],
      [{ state: 'uncertain' }, [[2, 1]]],
      [
        { state: 'deferred' },
        [
          [1, 1],
          [1, 2],
          [2, 3],
        ],
      ],
      [{ reply: 'greylist' }, [[1, 2]]],
      [{ reply: 'no such words' }, []],
      [
        { olderThan: dayMs },
        [
          [1, 1],
          [1, 2],
        ],
      ],
      [
        { newerThan: dayMs },
        [
          [2, 1],
          [2, 3],
        ],
      ],
      [{ newerThan: 0 }, []],
      [
        { post: two },
        [
          [2, 1],
          [2, 3],
        ],
      ],
      [{ post: one, position: 2 }, [[1, 2]]],
      [{ post: one, position: 3 }, []],
      [{ post: desk.newId() }, []],
      [{ list, domain: 'x.example', state: 'deferred', reply: 'later', newerThan: dayMs }, [[2, 3]]],
    ];
    for (const [filter, wanted] of table) assert.deepEqual(await found(desk, filter), wanted, JSON.stringify(filter));
  });

  promising('a recipient who waits is shown with the latest attempt', async (desk) => {
    const { id } = await desk.cutPost([]);
    await desk.queue.record(batchOf([desk.waiting(id, 4, 1_000, { reply: '450 first' })]));
    desk.clock.move(2_000);
    await desk.queue.record(batchOf([desk.waiting(id, 4, 3_000, { reply: '451 second' })]));
    const now = desk.clock.now();
    const [one, ...others] = await gather(desk.queue.recipients.find({}));
    assert.deepEqual(others, []);
    assert.deepEqual(one, {
      post: id,
      position: 4,
      list,
      number: 1,
      member: 4,
      address: 'm4@x.example',
      state: 'deferred',
      attempts: 2,
      at: now,
      next: now + 3_000,
      host: 'mx.x.example[192.0.2.1]',
      reply: '451 second',
    });
  });

  promising('more recipients than a page are all shown once', async (desk) => {
    const { id } = await desk.cutPost([]);
    await desk.queue.record(batchOf(Array.from({ length: 2_001 }, (_, at) => desk.waiting(id, at, 5_000))));
    const pages: number[] = [];
    const seen = new Set<number>();
    for await (const page of desk.queue.recipients.find({ domain: 'x.example' })) {
      pages.push(page.length);
      for (const { position } of page) seen.add(position);
    }
    assert.deepEqual(pages, [1_000, 1_000, 1]);
    assert.equal(seen.size, 2_001);
  });

  promising('entries that were put off are found as deferred', async (desk) => {
    const { id } = await desk.accepted({ kind: 'mail', recipient: 'dan@y.example' });
    await desk.accepted();
    await desk.queue.claim(ann, ['mail'], 1);
    await desk.queue.defer(ann, id, desk.clock.now() + 1_000, '450 4.2.0 greylisted');
    const deferred = await gather(desk.queue.entries({ state: 'deferred' }));
    assert.deepEqual(
      deferred.map((entry) => entry.id),
      [id],
    );
  });
}

function retrying(promising: Promising): void {
  promising('just the recipients that are named are due now', async (desk) => {
    const [one, two] = await twoPosts(desk);
    const keys = [
      { post: one, position: 2 },
      { post: two, position: 3 },
      { post: two, position: 9 },
      { post: one, position: 3 },
      { post: desk.newId(), position: 1 },
    ];
    await desk.queue.record(batchOf([desk.waiting(one, 1, 60_000)]));
    const moved = await desk.queue.recipients.move('retry', keys);
    assert.deepEqual(
      moved.toSorted((a, b) => a.position - b.position),
      keys.slice(0, 2),
    );
    const due = await desk.queue.claimDue(ann, 100);
    assert.deepEqual(new Set(due.map(({ position }) => position)), new Set([2, 3]));
  });

  promising('who is due already stays where they are among the others', async (desk) => {
    const { id } = await desk.cutPost([]);
    await desk.queue.record(batchOf([desk.waiting(id, 1, 0)]));
    const next = desk.clock.now();
    desk.clock.move(5_000);
    assert.equal((await desk.queue.recipients.move('retry', [{ post: id, position: 1 }])).length, 1);
    assert.equal((await gather(desk.queue.recipients.find({})))[0]?.next, next);
  });
}

function dropping(promising: Promising): void {
  promising('just the recipients that are named fail, and their traces say why', async (desk) => {
    const [one, two] = await twoPosts(desk);
    const key = { post: one, position: 2 };
    assert.deepEqual(await desk.queue.recipients.move('drop', [key]), [key]);
    assert.deepEqual(await desk.queue.recipients.move('drop', [key]), []);
    assert.deepEqual(await found(desk, {}), [
      [1, 1],
      [2, 1],
      [2, 3],
    ]);
    assert.deepEqual(await desk.queue.tally(one), { delivered: 1, deferred: 1, failed: 1, uncertain: 0 });
    assert.deepEqual(await desk.queue.tally(two), { delivered: 0, deferred: 1, failed: 0, uncertain: 1 });
    const [trace] = await gather(desk.queue.trace(list, 1, 'm2@x.example'));
    assert.deepEqual(
      trace?.attempts.map(({ state, reply }) => [state, reply]),
      [
        ['deferred', '450 4.2.0 Greylisted'],
        ['failed', 'dropped by the operator'],
      ],
    );
  });

  promising('a post of which nobody waits after a drop has ended', async (desk) => {
    const [one] = await twoPosts(desk);
    await desk.queue.recipients.move('drop', [{ post: one, position: 2 }]);
    assert.ok(await desk.queue.entry(one));
    await desk.queue.recipients.move('drop', [{ post: one, position: 1 }]);
    assert.equal(await desk.queue.entry(one), undefined);
    const cutting = await desk.cutPost([chunkOf([7])], 3);
    await desk.queue.record(batchOf([desk.waiting(cutting.id, 1, 0)]));
    await desk.queue.recipients.move('drop', [{ post: cutting.id, position: 1 }]);
    assert.ok(await desk.queue.entry(cutting.id));
  });

  promising('who is being tried is dropped only when nobody tries anybody', async (desk) => {
    const { id } = await desk.cutPost([]);
    await desk.queue.record(batchOf([desk.waiting(id, 1, 0), desk.waiting(id, 2, 60_000)]));
    await desk.queue.claimDue(ann, 10);
    const keys = [1, 2].map((position) => ({ post: id, position }));
    assert.deepEqual(await desk.queue.recipients.move('drop', keys), [keys[1]]);
    assert.deepEqual(await desk.queue.recipients.move('drop', keys, true), [keys[0]]);
    assert.deepEqual(await desk.queue.claimDue(ann, 10), []);
  });
}
