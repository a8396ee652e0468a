import type { Clock } from './lib/clock.ts';
import type { Id } from './lib/ids.ts';
import { WakeUp } from './lib/signal.ts';
import type { List } from './list/list.ts';
import type { Log } from './log.ts';
import { type Failure, permanent, temporary } from './mail/failure.ts';
import { type Done, doneWith, dropped, type Handled, later } from './queue/handled.ts';
import { logNotice, type News, noticeOf, type NoticeParts } from './queue/notice.ts';
import type { Claimant, Entry, QueueStore } from './queue/store.ts';
import { type Places, type Route, routeText } from './route.ts';

type RouteTo<Kind extends Route['kind']> = Extract<Route, { kind: Kind }>;

/** The stages that an arrived message can lead to; `main` joins them. Each may run again after a crash. */
export interface Stages {
  post(entry: Entry, message: Buffer, list: List): Promise<Handled>;
  command(
    entry: Entry,
    message: Buffer,
    route: RouteTo<'command' | 'confirm' | 'confirm-id' | 'leave'>,
    list: List,
  ): Promise<Handled>;
  bounce(entry: Entry, message: Buffer, route: RouteTo<'bounce'>, list: List): Promise<Handled>;
  owner(entry: Entry, message: Buffer, list: List | undefined): Promise<Handled>;
  mailbox(entry: Entry, message: Buffer, route: RouteTo<'mailbox'>): Promise<Handled>;
  /** Cuts a post into chunks; resolves when it is cut or at a stop. */
  fanOut(entry: Entry, list: List, chunkDone: WakeUp, signal: AbortSignal): Promise<'cut' | 'stopped'>;
}

export interface DispatchParts {
  readonly queue: QueueStore;
  readonly claimant: Claimant;
  readonly clock: Clock;
  readonly log: Log;
  readonly places: Places;
  readonly openList: (address: string) => List | undefined;
  readonly stages: Stages;
  readonly notices: NoticeParts;
  /** Called when new work for delivery is in the queue. */
  readonly onDeliverable: () => void;
  /** Entries older than this are dropped when they cannot be worked off, in milliseconds. */
  readonly lifetimeMs: number;
}

/** Entries worked on at a time; those of one list follow each other. */
const concurrencyMost = 64;
/** Between two claims: what comes in meanwhile is claimed, worked off and ended together, in one commit each. */
const gatherMs = 10;
/** The longest sleep: a commit that nobody told of (another process without the socket) is found after it. */
const sleepMostMs = 5_000;
/** The wait before an entry that met trouble of our own is tried again: doubled each time up to an hour. */
const retryFirstMs = 2_000;
const retryMostMs = 3_600_000;
/** The wait before the end of an entry that the disk refused is written again: doubled each time. */
const settleFirstMs = 1_000;
const settleMostMs = 30_000;

const noList = permanent('5.1.1', 'the list is gone');

/**
 * The conductor: claims queue entries, calls the stage that their route names, and writes the outcome in one commit. The order of the
 * path is written here and nowhere else.
 */
export class Dispatch {
  readonly #parts: DispatchParts;
  readonly #work = new WakeUp();
  readonly #running = new Map<Id, Promise<void>>();
  /** The last piece of work of each list: numbers are given one after the other. */
  readonly #tails = new Map<string, Promise<void>>();
  readonly #fanouts = new Map<Id, WakeUp>();
  readonly #stopping = new AbortController();
  #loop: Promise<void> | undefined;

  constructor(parts: DispatchParts) {
    this.#parts = parts;
  }

  start(): void {
    this.#loop = this.#run();
  }

  /** There may be new entries. */
  wake(): void {
    this.#work.wake();
  }

  /** A chunk of this post is worked off: its fan-out may go on. */
  chunkDone(post: Id): void {
    this.#fanouts.get(post)?.wake();
  }

  /** Lets what is running end; resolves when nothing is. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    this.#work.wake();
    for (const fanout of this.#fanouts.values()) fanout.wake();
    await this.#loop;
    await Promise.all(this.#running.values());
  }

  async #run(): Promise<void> {
    while (!this.#stopping.signal.aborted) {
      const claimed = await this.#claim();
      for (const entry of claimed) this.#begin(entry);
      if (claimed.length === 0) await this.#work.sleep(this.#parts.clock, await this.#idleMs());
      else await this.#parts.clock.sleep(gatherMs, this.#stopping.signal);
    }
  }

  async #claim(): Promise<Entry[]> {
    const room = concurrencyMost - this.#running.size;
    if (room <= 0) return [];
    try {
      return await this.#parts.queue.claim(this.#parts.claimant, ['arrived', 'post'], room);
    } catch (error) {
      this.#parts.log('storage.trouble', { doing: 'claiming entries', cause: String(error) });
      return [];
    }
  }

  async #idleMs(): Promise<number> {
    const due = await this.#parts.queue.nextDue().catch(() => undefined);
    if (due === undefined || this.#running.size >= concurrencyMost) return sleepMostMs;
    // Due work that we cannot claim (delivery's, or another's) must not make this loop spin.
    return Math.min(sleepMostMs, Math.max(100, due - this.#parts.clock.now()));
  }

  #begin(entry: Entry): void {
    // A lease that ran out while we are still at it (a fan-out that waits for delivery): the claim has renewed it.
    if (this.#running.has(entry.id)) return;
    const work = entry.kind === 'post' ? this.#fanOut(entry) : this.#mail(entry);
    this.#running.set(entry.id, work);
    void work.finally(() => {
      this.#running.delete(entry.id);
      this.#work.wake();
    });
  }

  // What came back is about one member each: it needs no order, and a flood of it is ended by the dozen.
  #mail(entry: Entry): Promise<void> {
    const isBounce = routeText(entry.recipient, this.#parts.places).kind === 'bounce';
    return isBounce ? this.#workOff(entry) : this.#inTurn(entry);
  }

  async #inTurn(entry: Entry): Promise<void> {
    const before = this.#tails.get(entry.list) ?? Promise.resolve();
    const turn = before.then(() => this.#workOff(entry));
    this.#tails.set(entry.list, turn);
    await turn;
    if (this.#tails.get(entry.list) === turn) this.#tails.delete(entry.list);
  }

  async #workOff(entry: Entry): Promise<void> {
    const handled = await this.#try(entry, () => this.#arrived(entry));
    await this.#settle(entry, handled);
  }

  async #fanOut(entry: Entry): Promise<void> {
    const list = this.#parts.openList(entry.recipient);
    const chunkDone = new WakeUp();
    this.#fanouts.set(entry.id, chunkDone);
    const handled = await this.#try(entry, async () => {
      if (!list) return later(temporary('4.3.0', 'the list is not there', entry.recipient));
      await this.#parts.stages.fanOut(entry, list, chunkDone, this.#stopping.signal);
      return doneWith('cut');
    });
    this.#fanouts.delete(entry.id);
    if (handled.kind === 'later') await this.#settle(entry, handled);
    else await this.#cut(entry);
  }

  // The entry itself stays until every recipient has a final outcome: delivery ends it, unless nobody is left to be delivered to.
  async #cut(entry: Entry): Promise<void> {
    this.#parts.onDeliverable();
    const isSent = await this.#parts.queue.finishPost(entry.id).catch(() => false);
    if (isSent) this.#parts.log('post.sent', { entry: entry.id });
  }

  async #arrived(entry: Entry): Promise<Handled> {
    const { places, queue, stages, openList } = this.#parts;
    const message = await queue.message(entry.message);
    if (!message) return doneWith('dropped: its message is gone');
    const to = routeText(entry.recipient, places);
    const list = 'list' in to ? openList(to.list.address) : undefined;
    switch (to.kind) {
      case 'post':
        return list ? stages.post(entry, message, list) : dropped(noList);
      case 'command':
      case 'confirm':
      case 'confirm-id':
      case 'leave':
        return list ? stages.command(entry, message, to, list) : dropped(noList);
      case 'bounce':
        return list ? stages.bounce(entry, message, to, list) : dropped(noList);
      case 'owner':
        return stages.owner(entry, message, list);
      case 'postmaster':
        return stages.owner(entry, message, undefined);
      case 'mailbox':
        return stages.mailbox(entry, message, to);
      case 'decision':
      case 'request':
        return dropped(permanent('5.1.1', 'not offered by this list'));
      case 'unknown':
      case 'foreign':
        return dropped(permanent('5.1.1', 'no such address any more'));
    }
  }

  // A stage that rejects met trouble of ours (a disk, a bug): doubt is temporary.
  async #try(entry: Entry, stage: () => Promise<Handled>): Promise<Handled> {
    try {
      return await stage();
    } catch (error) {
      const cause = error instanceof Error ? (error.stack ?? error.message) : String(error);
      this.#parts.log('storage.trouble', { doing: `entry ${entry.id}`, cause });
      return later(temporary('4.3.0', 'local trouble; tried again later', String(error)));
    }
  }

  // When the disk refuses, the stage's work is done and only its end is not written: the same end is tried until it is, or until a stop;
  // then the claim is given back at the next start. Of the list nothing else is worked on meanwhile.
  async #settle(entry: Entry, handled: Handled): Promise<void> {
    const { signal } = this.#stopping;
    let wait = settleFirstMs;
    while (!(await this.#trySettle(entry, handled)) && !signal.aborted) {
      await this.#parts.clock.sleep(wait, signal);
      wait = Math.min(settleMostMs, 2 * wait);
    }
  }

  async #trySettle(entry: Entry, handled: Handled): Promise<boolean> {
    try {
      if (handled.kind === 'later') await this.#defer(entry, handled.failure);
      else await this.#finish(entry, handled);
      return true;
    } catch (error) {
      this.#parts.log('storage.trouble', { doing: `ending entry ${entry.id}`, cause: String(error) });
      return false;
    }
  }

  async #finish(entry: Entry, handled: Done): Promise<void> {
    const { queue, claimant, log, notices } = this.#parts;
    const news = newsOf(handled);
    const notice = news && (await noticeOf(entry, news, () => queue.message(entry.message), notices));
    const messages = [...handled.messages, ...(notice?.messages ?? [])];
    const entries = [...handled.entries, ...(notice?.entries ?? [])];
    const isDone = await queue.finish(claimant, entry.id, messages, entries);
    log('entry.done', { entry: entry.id, recipient: entry.recipient, result: handled.result });
    if (isDone && news && notice) logNotice(entry, news, notice, log);
    if (entries.some((next) => next.kind === 'post')) log('post.queued', { entry: entry.id, list: entry.recipient });
    if (entries.some((next) => next.kind === 'mail')) this.#parts.onDeliverable();
  }

  async #defer(entry: Entry, failure: Failure): Promise<void> {
    const { queue, claimant, clock, log, lifetimeMs } = this.#parts;
    const now = clock.now();
    if (now - entry.created > lifetimeMs && entry.kind !== 'post') {
      await this.#finish(entry, dropped(failure));
      log('entry.dropped', { entry: entry.id, recipient: entry.recipient, reason: failure.text });
      return;
    }
    // The claim has counted this attempt.
    const before = Math.min(20, Math.max(0, entry.attempts - 1));
    const wait = Math.min(retryMostMs, retryFirstMs * 2 ** before);
    await queue.defer(claimant, entry.id, now + wait, failure.text);
    log('entry.deferred', { entry: entry.id, reason: failure.text, cause: failure.cause, wait });
  }
}

function newsOf({ failure, isRefused }: Done): News | undefined {
  if (isRefused) return undefined;
  if (!failure) return { action: 'delivered', status: '2.0.0', host: '', reply: '' };
  const { status, text } = failure;
  return { action: 'failed', status, host: '', reply: `${failure.temporary ? 451 : 550} ${status} ${text}` };
}
