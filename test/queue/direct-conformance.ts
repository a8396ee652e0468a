import assert from 'node:assert/strict';
import type { Id } from '../../src/lib/ids.ts';
import { ann, bob, gather, idsOf, leaseMs, type Promising } from './opening.ts';

/** Entries that are claimed with the commit that accepts them, and ended many at a time. */
export function directConformance(promising: Promising): void {
  promising('what is claimed as it comes in is what a claim of it would give', async (desk) => {
    const message = desk.message();
    const asked = { dsn: { notify: ['success'] } } as const;
    const [direct, later] = [desk.entry(message), desk.entry(message, asked)];
    const claimed = await desk.queue.acceptClaimed(ann, [message], [direct, later]);
    const kept = await gather(desk.queue.entries({}));
    assert.deepEqual(claimed, kept.flat());
    const want = { state: 'claimed', created: desk.clock.now(), attempts: 1, reply: '', size: message.body.length };
    assert.deepEqual(claimed[1], { ...later, ...want });
    assert.deepEqual(await desk.queue.claim(bob, ['arrived'], 10), []);
    assert.ok((await desk.queue.message(message.id))?.equals(message.body));
  });

  promising('mail for elsewhere is not claimed with it', async (desk) => {
    const message = desk.message();
    const entries = [desk.mail(message, 'dan@y.example'), desk.entry(message)];
    assert.deepEqual(idsOf(await desk.queue.acceptClaimed(ann, [message], entries)), [entries[1]!.id]);
    assert.deepEqual(idsOf(await desk.queue.claim(bob, ['mail'], 10)), [entries[0]!.id]);
  });

  promising('an entry with a known cause is neither inserted nor claimed, nor is its message kept', async (desk) => {
    await desk.accepted({ cause: 'once' });
    const message = desk.message();
    const entry = desk.entry(message, { cause: 'once' });
    assert.deepEqual(await desk.queue.acceptClaimed(ann, [message], [entry]), []);
    assert.equal(await desk.queue.message(message.id), undefined);
    assert.equal((await desk.queue.counts()).ready, 1);
  });

  promising('such a claim is lost with its lease, and given back by a recovery', async (desk) => {
    const message = desk.message();
    const [entry] = await desk.queue.acceptClaimed(ann, [message], [desk.entry(message)]);
    desk.clock.move(leaseMs + 1);
    assert.equal((await desk.queue.claim(bob, ['arrived'], 1))[0]?.attempts, 2);
    await desk.queue.recover(bob.owner);
    assert.deepEqual(idsOf(await desk.queue.claim(ann, ['arrived'], 1)), [entry!.id]);
  });

  promising('many entries end in one commit, with their messages, those that are another’s excepted', async (desk) => {
    const messages = ['small', Buffer.alloc(300_000, 'large'), 'theirs'].map((body) => desk.message(body));
    const entries = messages.map((message) => desk.entry(message));
    await desk.queue.acceptClaimed(ann, messages.slice(0, 2), entries.slice(0, 2));
    await desk.queue.acceptClaimed(bob, messages.slice(2), entries.slice(2));
    await desk.queue.finishAll(ann, [...idsOf(entries), '0000000000aaaaaaaa' as Id]);
    assert.deepEqual(idsOf(await gather(desk.queue.entries({}))), [entries[2]!.id]);
    const left = await Promise.all(messages.map(({ id }) => desk.queue.message(id)));
    assert.deepEqual(
      left.map((body) => body?.toString()),
      [undefined, undefined, 'theirs'],
    );
  });
}
