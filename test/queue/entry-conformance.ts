import assert from 'node:assert/strict';
import type { Id } from '../../src/lib/ids.ts';
import { ann, bob, type Desk, gather, idsOf, leaseMs, type Promising } from './opening.ts';

const unknown = '0000000000aaaaaaaa' as Id;

async function claimOne({ queue }: Desk): Promise<Id> {
  const [entry] = await queue.claim(ann, ['arrived', 'mail', 'post'], 1);
  return entry?.id ?? assert.fail('nothing was claimed');
}

/** Entries and messages: accepting, claiming, ending. */
export function entryConformance(promising: Promising): void {
  keeping(promising);
  claiming(promising);
  ending(promising);
}

function keeping(promising: Promising): void {
  promising('what was accepted is there, every field as it was given', async (desk) => {
    const message = desk.message();
    const entry = desk.entry(message, { sender: '', due: desk.clock.now() + 5 });
    await desk.queue.accept([message], [entry]);
    assert.deepEqual(await desk.queue.entry(entry.id), {
      ...entry,
      state: 'ready',
      created: desk.clock.now(),
      attempts: 0,
      reply: '',
      size: message.body.length,
    });
  });

  promising('what was asked about notifications stays with the entry', async (desk) => {
    const requests = [
      { notify: [] },
      { notify: ['success', 'delay'], returns: 'headers', envelopeId: `'"\\ %x` },
      { originalRecipient: { type: 'utf-8', address: String.raw`b\x{F6}b@x.example` } },
    ] as const;
    for (const dsn of requests) {
      const { id } = await desk.accepted({ dsn });
      assert.deepEqual((await desk.queue.entry(id))?.dsn, dsn);
      const [claimed] = await desk.queue.claim(ann, ['arrived'], 1);
      assert.deepEqual(claimed?.dsn, dsn);
    }
  });

  promising('a body comes back octet by octet, small or large, and an empty one too', async (desk) => {
    const octets = Buffer.from(Array.from({ length: 256 }, (_, octet) => octet));
    for (const size of [0, 1, 256, 262_144, 262_145, 1_000_000]) {
      const message = desk.message(Buffer.alloc(size, octets));
      await desk.queue.accept([message], [desk.entry(message)]);
      const kept = await desk.queue.message(message.id);
      assert.ok(kept?.equals(message.body), `${size} octets`);
    }
  });

  promising('one message serves many entries and goes with the last of them', async (desk) => {
    for (const body of ['small', Buffer.alloc(300_000, 'large')]) {
      const message = desk.message(body);
      const entries = [1, 2, 3].map((at) => desk.mail(message, `m${at}@x.example`));
      await desk.queue.accept([message], entries);
      await desk.queue.claim(ann, ['mail'], 10);
      for (const { id } of entries) {
        assert.ok(await desk.queue.message(message.id), 'gone too early');
        await desk.queue.finish(ann, id, [], []);
      }
      assert.equal(await desk.queue.message(message.id), undefined);
    }
  });

  promising('many accepts at the same time are all kept', async (desk) => {
    const entries = await Promise.all(Array.from({ length: 200 }, () => desk.accepted()));
    assert.equal((await desk.queue.counts()).ready, 200);
    assert.deepEqual(idsOf(await gather(desk.queue.entries({}))), idsOf(entries).toSorted());
  });

  promising('an entry with a known cause is not inserted again, nor its message', async (desk) => {
    const first = await desk.accepted({ cause: 'once' });
    for (const body of ['again', Buffer.alloc(300_000)]) {
      const message = desk.message(body);
      await desk.queue.accept([message], [desk.entry(message, { cause: 'once' })]);
      assert.equal(await desk.queue.message(message.id), undefined);
    }
    assert.deepEqual(idsOf(await gather(desk.queue.entries({}))), [first.id]);
  });

  promising('the same accept twice is one', async (desk) => {
    for (const body of ['small', Buffer.alloc(300_000, 'large')]) {
      const message = desk.message(body);
      const entry = desk.entry(message);
      await desk.queue.accept([message], [entry]);
      await desk.queue.accept([message], [entry]);
      assert.ok((await desk.queue.message(message.id))?.equals(message.body));
      assert.ok(await desk.queue.drop(entry.id));
    }
  });

  promising('texts that mean something elsewhere are only texts', async (desk) => {
    const texts = ['__proto__', 'constructor', `'; DROP TABLE entries; --`, 'ü\u2028"\\', '%_*?', 'a\tb'];
    for (const text of texts) {
      const change = { sender: text, recipient: `${text}@x.example`, list: text, cause: text };
      const entry = await desk.accepted(change);
      const kept = await desk.queue.entry(entry.id);
      assert.deepEqual({ ...kept, ...change }, kept);
      assert.deepEqual(idsOf(await gather(desk.queue.entries({ list: text }))), [entry.id]);
    }
    assert.equal((await desk.queue.counts()).ready, texts.length);
  });

  promising('what is not there is undefined or false, and does no harm', async ({ queue }) => {
    assert.equal(await queue.entry(unknown), undefined);
    assert.equal(await queue.message(unknown), undefined);
    assert.equal(await queue.progress(unknown), undefined);
    assert.equal(await queue.finish(ann, unknown, [], []), false);
    assert.equal(await queue.finishPost(unknown), false);
    for (const move of ['hold', 'release', 'retryNow', 'drop'] as const)
      assert.equal(await queue[move](unknown), false);
    await queue.defer(ann, unknown, 0, '');
    await queue.cutChunk(ann, unknown, undefined, undefined);
    await queue.finishChunk(ann, 1);
    await queue.deferChunk(ann, 1, 0);
    assert.deepEqual(await queue.counts(), { ready: 0, claimed: 0, held: 0, chunks: 0 });
    assert.equal(await queue.nextDue(), undefined);
  });
}

function claiming(promising: Promising): void {
  promising('the oldest due is claimed first, up to the limit, and nothing before it is due', async (desk) => {
    const now = desk.clock.now();
    const dues = [now - 1, now, now - 3, now + 1, now - 2];
    const entries: Id[] = [];
    for (const due of dues) entries.push((await desk.accepted({ due })).id);
    const order = [entries[2], entries[4], entries[0], entries[1]];
    assert.deepEqual(idsOf(await desk.queue.claim(ann, ['arrived'], 2)), order.slice(0, 2));
    assert.deepEqual(idsOf(await desk.queue.claim(ann, ['arrived'], 10)), order.slice(2));
    desk.clock.move(1);
    assert.deepEqual(idsOf(await desk.queue.claim(ann, ['arrived'], 10)), [entries[3]]);
  });

  promising('entries that are due at the same time come in the order of their ids', async (desk) => {
    const entries = await Promise.all(Array.from({ length: 20 }, () => desk.accepted()));
    assert.deepEqual(idsOf(await desk.queue.claim(ann, ['arrived'], 20)), idsOf(entries).toSorted());
  });

  promising('only the kinds that are asked for are claimed', async (desk) => {
    const arrived = await desk.accepted();
    const mail = await desk.accepted({ kind: 'mail', recipient: 'dan@y.example' });
    const post = await desk.acceptedPost();
    assert.deepEqual(idsOf(await desk.queue.claim(ann, [], 10)), []);
    assert.deepEqual(idsOf(await desk.queue.claim(ann, ['mail'], 10)), [mail.id]);
    assert.deepEqual(idsOf(await desk.queue.claim(ann, ['post', 'arrived'], 10)), [arrived.id, post.id]);
  });

  promising('mails to the domains that are passed over stay, whatever their letter case', async (desk) => {
    const slow = await desk.accepted({ kind: 'mail', recipient: 'dan@SLOW.example' });
    const quick = await desk.accepted({ kind: 'mail', recipient: 'dan@quick.example' });
    const arrived = await desk.accepted({ recipient: 'news@slow.example' });
    const claimed = await desk.queue.claim(ann, ['mail', 'arrived'], 10, ['slow.example', 'other.example']);
    assert.deepEqual(idsOf(claimed), [quick.id, arrived.id]);
    assert.deepEqual(idsOf(await desk.queue.claim(ann, ['mail'], 10)), [slow.id]);
  });

  promising('a claimed entry is nobody else’s', async (desk) => {
    await desk.accepted();
    const claims = await Promise.all([ann, bob, ann, bob].map((one) => desk.queue.claim(one, ['arrived'], 10)));
    assert.equal(claims.flat().length, 1);
    assert.equal((await desk.queue.counts()).claimed, 1);
  });

  promising('a claim is lost with its lease: the next one has it, the first can change nothing', async (desk) => {
    const { id } = await desk.accepted();
    await claimOne(desk);
    desk.clock.move(leaseMs);
    assert.deepEqual(await desk.queue.claim(bob, ['arrived'], 1), []);
    desk.clock.move(1);
    assert.deepEqual(idsOf(await desk.queue.claim(bob, ['arrived'], 1)), [id]);
    const follows = desk.message(Buffer.alloc(300_000));
    assert.equal(await desk.queue.finish(ann, id, [follows], [desk.entry(follows)]), false);
    assert.equal(await desk.queue.message(follows.id), undefined);
    await desk.queue.defer(ann, id, 0, 'not mine');
    const entry = await desk.queue.entry(id);
    assert.deepEqual([entry?.state, entry?.reply, entry?.attempts], ['claimed', '', 2]);
    assert.deepEqual(await desk.queue.counts(), { ready: 0, claimed: 1, held: 0, chunks: 0 });
    assert.equal(await desk.queue.finish(bob, id, [], []), true);
  });

  promising('each claim counts as an attempt; for a post it does not', async (desk) => {
    await desk.accepted();
    await desk.acceptedPost();
    for (const attempts of [1, 2, 3]) {
      const claimed = await desk.queue.claim(ann, ['arrived', 'post'], 10);
      assert.deepEqual(
        claimed.map((entry) => [entry.kind, entry.attempts]),
        [
          ['arrived', attempts],
          ['post', 0],
        ],
      );
      for (const { id } of claimed) await desk.queue.defer(ann, id, desk.clock.now(), 'again');
    }
  });
}

function ending(promising: Promising): void {
  promising('finish puts in what follows and takes the entry out', async (desk) => {
    const first = await desk.accepted();
    const id = await claimOne(desk);
    const answer = desk.message('an answer');
    const follows = [desk.mail(answer, 'dan@y.example'), desk.mail(answer, 'eve@y.example')];
    assert.equal(await desk.queue.finish(ann, id, [answer], follows), true);
    assert.equal(await desk.queue.entry(first.id), undefined);
    assert.equal(await desk.queue.message(first.message), undefined);
    assert.deepEqual(idsOf(await gather(desk.queue.entries({}))), idsOf(follows));
    assert.equal((await desk.queue.message(answer.id))?.toString(), 'an answer');
    assert.equal(await desk.queue.finish(ann, id, [answer], follows), false);
  });

  promising('what follows may use the message of the entry that ends', async (desk) => {
    const first = await desk.accepted();
    await claimOne(desk);
    const forward = desk.mail({ id: first.message, body: Buffer.alloc(0) }, 'owner@y.example');
    assert.equal(await desk.queue.finish(ann, first.id, [], [forward]), true);
    assert.equal((await desk.queue.message(first.message))?.toString(), 'Subject: hi\r\n\r\nhi\r\n');
  });

  promising('a stage that runs twice inserts what follows once', async (desk) => {
    const { id } = await desk.accepted();
    await claimOne(desk);
    await desk.queue.recover('ann');
    await claimOne(desk);
    const message = desk.message();
    const twice = [1, 2].map(() => desk.mail(message, 'dan@y.example', { cause: `${id}:answer` }));
    const done = await Promise.all(twice.map((entry) => desk.queue.finish(ann, id, [message], [entry])));
    assert.deepEqual(done, [true, false]);
    assert.equal((await gather(desk.queue.entries({}))).length, 1);
  });

  promising('defer gives the entry back with a later time and the reason', async (desk) => {
    const { id } = await desk.accepted();
    await claimOne(desk);
    const due = desk.clock.now() + 400_000;
    await desk.queue.defer(ann, id, due, '451 4.3.0 later');
    const entry = await desk.queue.entry(id);
    assert.deepEqual([entry?.state, entry?.due, entry?.reply], ['ready', due, '451 4.3.0 later']);
    assert.deepEqual(await desk.queue.claim(bob, ['arrived'], 1), []);
    desk.clock.move(400_000);
    assert.deepEqual(idsOf(await desk.queue.claim(bob, ['arrived'], 1)), [id]);
  });

  promising('the notice of a delay goes in with the deferral, and the entry knows that it was told', async (desk) => {
    const { id } = await desk.accepted();
    await claimOne(desk);
    const message = desk.message(Buffer.alloc(300_000));
    const notice = { messages: [message], entries: [desk.mail(message, 'dan@y.example')] };
    assert.equal(await desk.queue.defer(bob, id, 0, 'not his', notice), false);
    assert.deepEqual(idsOf(await gather(desk.queue.entries({}))), [id]);
    assert.equal(await desk.queue.message(message.id), undefined);
    assert.equal(await desk.queue.defer(ann, id, desk.clock.now(), 'later', notice), true);
    assert.deepEqual(idsOf(await gather(desk.queue.entries({ kind: 'mail' }))), idsOf(notice.entries));
    assert.ok((await desk.queue.message(message.id))?.equals(message.body));
    const [claimed] = await desk.queue.claim(ann, ['arrived'], 1);
    assert.equal(claimed?.isDelayTold, true);
    assert.equal(await desk.queue.defer(ann, id, desk.clock.now(), 'later'), true);
    assert.equal((await desk.queue.entry(id))?.isDelayTold, true);
  });

  promising('recovery gives back what its owner had, and others only what their lease let go', async (desk) => {
    for (const claimant of [ann, bob]) {
      await desk.accepted();
      await desk.queue.claim(claimant, ['arrived'], 1);
    }
    const none = { entries: 0, chunks: 0, recipients: 0 };
    assert.deepEqual(await desk.queue.recover('carol'), none);
    assert.deepEqual(await desk.queue.recover('ann'), { ...none, entries: 1 });
    assert.deepEqual(await desk.queue.recover('ann'), none);
    desk.clock.move(leaseMs + 1);
    assert.deepEqual(await desk.queue.recover('ann'), { ...none, entries: 1 });
    assert.deepEqual(await desk.queue.counts(), { ready: 2, claimed: 0, held: 0, chunks: 0 });
  });

  promising('the next due time is the earliest of entries and leases', async (desk) => {
    const now = desk.clock.now();
    await desk.accepted({ due: now + 900_000 });
    assert.equal(await desk.queue.nextDue(), now + 900_000);
    await desk.accepted({ due: now });
    assert.equal(await desk.queue.nextDue(), now);
    await claimOne(desk);
    assert.equal(await desk.queue.nextDue(), now + leaseMs);
  });
}
