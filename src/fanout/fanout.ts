import type { Clock } from '../lib/clock.ts';
import type { WakeUp } from '../lib/signal.ts';
import type { List } from '../list/list.ts';
import type { Claimant, Entry, QueueStore } from '../queue/store.ts';

/** Members of one chunk (DESIGN: queue). */
const chunkMembers = 1_000;

/** Chunks of one post that may wait for delivery beside those whose lanes stand still: delivery never runs dry, and nobody waits for a dead host. */
const chunksAhead = 16;

/** How long a fan-out that is ahead sleeps when nobody tells it that a chunk is done. */
const idleMs = 1_000;

export interface FanoutParts {
  readonly queue: QueueStore;
  readonly claimant: Claimant;
  readonly clock: Clock;
  /** Heard whenever a chunk has been worked off. */
  readonly chunkDone: WakeUp;
  /** Called after each new chunk. */
  readonly onChunk: () => void;
  readonly signal: AbortSignal;
}

/**
 * Cuts a claimed post into chunks, each committed together with the cursor, so that a crash goes on where it stood. Runs ahead
 * of delivery by `chunksAhead` chunks. Ends when every member has been cut, or at the signal: then the rest is cut by the next claim.
 */
export async function fanOut(post: Entry, list: List, parts: FanoutParts): Promise<'cut' | 'stopped'> {
  const work = post.post;
  if (!work) throw new Error(`entry ${post.id} is no post`);
  const started = await parts.queue.progress(post.id);
  let cursor = started?.cursor;
  let isCut = started?.isCut ?? true;
  while (!isCut) {
    if (!(await roomForChunk(post, parts))) return 'stopped';
    const page = await list.store.page(work.role, cursor, work.lastMember, chunkMembers);
    const chunk = page.count === 0 ? undefined : { domain: page.domain, packed: page.packed, count: page.count };
    await parts.queue.cutChunk(parts.claimant, post.id, chunk, page.cursor);
    parts.onChunk();
    cursor = page.cursor;
    isCut = cursor === undefined;
  }
  return 'cut';
}

async function roomForChunk(post: Entry, parts: FanoutParts): Promise<boolean> {
  while (!parts.signal.aborted) {
    const progress = await parts.queue.progress(post.id);
    if (!progress || progress.chunks - progress.postponed < chunksAhead) return true;
    await parts.chunkDone.sleep(parts.clock, idleMs);
  }
  return false;
}
