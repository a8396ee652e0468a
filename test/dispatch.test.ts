import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { Dispatch, type DispatchParts } from '../src/dispatch.ts';
import { idMaker } from '../src/lib/ids.ts';
import { StorageError } from '../src/lib/storage-trouble.ts';
import { doneWith } from '../src/queue/handled.ts';
import type { Stages } from '../src/stage-types.ts';
import { HandClock } from './helpers/hand-clock.ts';
import { MemoryQueue } from './helpers/memory-queue.ts';
import { placesOf } from './helpers/places.ts';
import { until } from './helpers/until.ts';

const claimant = { owner: 'daemon', leaseMs: 600_000 };
const postmaster = 'postmaster@lists.example.org';

/** A queue whose disk refuses the first so many ends of entries. */
class Refusing extends MemoryQueue {
  left = 0;
  tries = 0;

  override async finishAll(...words: Parameters<MemoryQueue['finishAll']>): Promise<void> {
    this.tries++;
    await turn();
    if (this.left-- > 0) throw new StorageError({ kind: 'full', message: 'database or disk is full' });
    return super.finishAll(...words);
  }
}

function dispatchOn(queue: Refusing, clock: HandClock, worked: string[]): Dispatch {
  const owner: Stages['owner'] = async (entry) => {
    worked.push(entry.id);
    return doneWith('forwarded');
  };
  const parts: DispatchParts = {
    queue,
    claimant,
    clock,
    log: () => {},
    places: placesOf(['news@lists.example.org']),
    notices: {
      clock,
      newId: idMaker(clock),
      hostname: 'lists.example.org',
      domain: 'lists.example.org',
      readerOf: () => ({ kind: 'elsewhere' }),
    },
    openList: () => undefined,
    stages: { owner } as Stages,
    onDeliverable: () => {},
    lifetimeMs: 86_400_000,
  };
  return new Dispatch(parts);
}

async function arrived(queue: Refusing, clock: HandClock): Promise<void> {
  const newId = idMaker(clock);
  const id = newId();
  const message = newId();
  const entry = { id, kind: 'arrived', message, sender: 'ann@example.net', recipient: postmaster } as const;
  const body = Buffer.from('Subject: x\r\n\r\nx\r\n');
  await queue.accept([{ id: message, body }], [{ ...entry, list: '', cause: id, due: clock.now() }]);
}

test('an entry whose end the disk refuses is ended when the disk takes it, and worked on once', async () => {
  const clock = new HandClock();
  const queue = new Refusing(clock);
  const worked: string[] = [];
  const dispatch = dispatchOn(queue, clock, worked);
  await arrived(queue, clock);
  queue.left = 3;
  dispatch.start();
  await until('the end of the entry', async () => (await queue.counts()).claimed === 0 && queue.tries === 4);
  await dispatch.stop();
  assert.equal(worked.length, 1);
  assert.deepEqual(await queue.counts(), { ready: 0, claimed: 0, held: 0, chunks: 0 });
});

test('a stop does not wait for a disk that refuses, and leaves the entry to the next start', async () => {
  const clock = new HandClock();
  const queue = new Refusing(clock);
  const worked: string[] = [];
  const dispatch = dispatchOn(queue, clock, worked);
  await arrived(queue, clock);
  queue.left = Infinity;
  dispatch.start();
  await until('a few tries', () => queue.tries > 2);
  await dispatch.stop();
  assert.equal((await queue.counts()).claimed, 1);
  await queue.recover(claimant.owner);
  assert.equal((await queue.counts()).ready, 1);
});

test('what comes in is worked off without a claim, unless older entries wait for one', async () => {
  const clock = new HandClock();
  const queue = new Refusing(clock);
  const worked: string[] = [];
  const dispatch = dispatchOn(queue, clock, worked);
  const newId = idMaker(clock);
  const accept = async (): Promise<string> => {
    const [id, message] = [newId(), newId()];
    const entry = { id, kind: 'arrived', message, sender: 'ann@example.net', recipient: postmaster } as const;
    const body = Buffer.from('Subject: x\r\n\r\nx\r\n');
    await dispatch.accept([{ id: message, body }], [{ ...entry, list: '', cause: id, due: clock.now() }], new Map());
    return id;
  };
  // Nobody knows yet what else is there.
  const accepted = [await accept()];
  assert.equal((await queue.counts()).ready, 1);
  dispatch.start();
  await until('the first end', async () => (await queue.counts()).ready + (await queue.counts()).claimed === 0);
  accepted.push(await accept(), await accept());
  await until('the others', async () => worked.length === 3 && (await queue.counts()).claimed === 0);
  await dispatch.stop();
  assert.deepEqual(worked, accepted);
  accepted.push(await accept());
  assert.deepEqual(await queue.counts(), { ready: 1, claimed: 0, held: 0, chunks: 0 });
});
