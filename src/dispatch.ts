import { Arrivals } from './arrivals.ts';
import { Endings } from './endings.ts';
import type { Clock } from './lib/clock.ts';
import type { Id } from './lib/ids.ts';
import { WakeUp } from './lib/signal.ts';
import type { List } from './list/list.ts';
import type { ListName } from './list/name.ts';
import type { Log } from './log.ts';
import { type Failure, permanent, temporary } from './mail/failure.ts';
import { type Done, doneWith, dropped, type Handled, later } from './queue/handled.ts';
import { logNotice, newsOf, noticeOf, type NoticeParts } from './queue/notice.ts';
import type { Claimant, Entry, NewEntry, NewMessage, QueueStore } from './queue/store.ts';
import { type Places, type Route, routeText } from './route.ts';
import type { Stages } from './stage-types.ts';

export interface DispatchParts {
  readonly queue: QueueStore;
  readonly claimant: Claimant;
  readonly clock: Clock;
  readonly log: Log;
  readonly places: Places;
  readonly openList: (list: string | ListName) => List | undefined;
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
const notOffered = permanent('5.1.1', 'not offered by this list');
const noAddress = permanent('5.1.1', 'no such address any more');

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
  readonly #arrivals: Arrivals;
  readonly #endings: Endings;
  #loop: Promise<void> | undefined;
  /** Older entries wait for a claim: what comes in goes behind them. */
  #isBehind = true;

  constructor(parts: DispatchParts) {
    this.#parts = parts;
    this.#endings = new Endings(parts.queue, parts.claimant, parts.clock);
    const room = (): number => (this.#stopping.signal.aborted ? 0 : concurrencyMost - this.#running.size);
    const onCommit = (): void => this.#endings.flush();
    this.#arrivals = new Arrivals({ ...parts, room, onCommit, begin: (entry, route) => this.#begin(entry, route) });
  }

  start(): void {
    this.#loop = this.#run();
  }

  /** There may be new entries. */
  wake(): void {
    this.#isBehind = true;
    this.#work.wake();
  }

  /**
   * Puts what comes in on disk. Where there is room it is claimed in the same commit and worked off at once, without a way through the
   * database; what was worked off before is ended in that commit. `routes`: where entries lead, as it was found when they were named.
   */
  accept(messages: readonly NewMessage[], entries: readonly NewEntry[], routes: ReadonlyMap<Id, Route>): Promise<void> {
    const isLate = this.#isBehind || this.#stopping.signal.aborted;
    if (isLate || !this.#arrivals.hasRoom(entries.length, this.#running.size))
      return this.#parts.queue.accept(messages, entries).then(() => this.wake());
    return this.#arrivals.accept(messages, entries, routes);
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
    this.#endings.flush();
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
    const room = concurrencyMost - this.#running.size - this.#arrivals.waiting;
    if (room <= 0) return [];
    this.#isBehind = false;
    const { queue, claimant } = this.#parts;
    const asked = queue.claim(claimant, ['arrived', 'post'], room);
    const claimed = await asked.catch((error: unknown) => this.#troubled('claiming entries', String(error), []));
    this.#isBehind ||= claimed.length === room;
    return claimed;
  }

  async #idleMs(): Promise<number> {
    const due = await this.#parts.queue.nextDue().catch(() => undefined);
    if (due === undefined || this.#running.size >= concurrencyMost) return sleepMostMs;
    // Due work that we cannot claim (delivery's, or another's) must not make this loop spin.
    return Math.min(sleepMostMs, Math.max(100, due - this.#parts.clock.now()));
  }

  #begin(entry: Entry, route?: Route): void {
    // A lease that ran out while we are still at it (a fan-out that waits for delivery): the claim has renewed it.
    if (this.#running.has(entry.id)) return;
    this.#running.set(entry.id, this.#handle(entry, route));
  }

  async #handle(entry: Entry, route?: Route): Promise<void> {
    await (entry.kind === 'post' ? this.#fanOut(entry) : this.#mail(entry, route));
    this.#running.delete(entry.id);
    this.#arrivals.beginSome();
    if (this.#isBehind) this.#work.wake();
  }

  // What came back is about one member each: it needs no order, and a flood of it is ended by the dozen.
  #mail(entry: Entry, route?: Route): Promise<void> {
    const to = route ?? routeText(entry.recipient, this.#parts.places);
    return to.kind === 'bounce' ? this.#workOff(entry, to) : this.#inTurn(entry);
  }

  // Routed anew when its turn comes: the list may be gone by then.
  async #inTurn(entry: Entry): Promise<void> {
    const before = this.#tails.get(entry.list) ?? Promise.resolve();
    const turn = before.then(() => this.#workOff(entry));
    this.#tails.set(entry.list, turn);
    await turn;
    if (this.#tails.get(entry.list) === turn) this.#tails.delete(entry.list);
  }

  async #workOff(entry: Entry, to?: Route): Promise<void> {
    const handled = await this.#try(entry, this.#arrived(entry, to));
    await this.#settle(entry, handled);
  }

  async #fanOut(entry: Entry): Promise<void> {
    const list = this.#parts.openList(entry.recipient);
    const chunkDone = new WakeUp();
    this.#fanouts.set(entry.id, chunkDone);
    const handled = await this.#try(entry, this.#cutInto(entry, list, chunkDone));
    this.#fanouts.delete(entry.id);
    if (handled.kind === 'later') await this.#settle(entry, handled);
    else await this.#cut(entry);
  }

  async #cutInto(entry: Entry, list: List | undefined, chunkDone: WakeUp): Promise<Handled> {
    if (!list) return later(temporary('4.3.0', 'the list is not there', entry.recipient));
    await this.#parts.stages.fanOut(entry, list, chunkDone, this.#stopping.signal);
    return doneWith('cut');
  }

  // The entry itself stays until every recipient has a final outcome: delivery ends it, unless nobody is left to be delivered to.
  async #cut(entry: Entry): Promise<void> {
    this.#parts.onDeliverable();
    const isSent = await this.#parts.queue.finishPost(entry.id).catch(() => false);
    if (isSent) this.#parts.log('post.sent', { entry: entry.id });
  }

  async #arrived(entry: Entry, known?: Route): Promise<Handled> {
    const { places, queue, stages, openList } = this.#parts;
    const message = await queue.message(entry.message);
    if (!message) return doneWith('dropped: its message is gone');
    const to = known ?? routeText(entry.recipient, places);
    const list = 'list' in to ? openList(to.list) : undefined;
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
        return dropped(notOffered);
      case 'unknown':
      case 'foreign':
        return dropped(noAddress);
    }
  }

  // A stage that rejects met trouble of ours (a disk, a bug): doubt is temporary.
  #try(entry: Entry, handled: Promise<Handled>): Promise<Handled> {
    return handled.catch((error: unknown) => {
      const cause = error instanceof Error ? (error.stack ?? error.message) : String(error);
      const again = later(temporary('4.3.0', 'local trouble; tried again later', String(error)));
      return this.#troubled(`entry ${entry.id}`, cause, again);
    });
  }

  // When the disk refuses, the stage's work is done and only its end is not written: the same end is tried until it is, or until a stop;
  // then the claim is given back at the next start. Of the list nothing else is worked on meanwhile.
  async #settle(entry: Entry, handled: Handled): Promise<void> {
    const { signal } = this.#stopping;
    for (let wait = settleFirstMs; ; wait = Math.min(settleMostMs, 2 * wait)) {
      try {
        return await (handled.kind === 'later' ? this.#defer(entry, handled.failure) : this.#finish(entry, handled));
      } catch (error) {
        this.#troubled(`ending entry ${entry.id}`, String(error), undefined);
      }
      if (signal.aborted) return undefined;
      await this.#parts.clock.sleep(wait, signal);
    }
  }

  #troubled<T>(doing: string, cause: string, result: T): T {
    this.#parts.log('storage.trouble', { doing, cause });
    return result;
  }

  async #finish(entry: Entry, handled: Done): Promise<void> {
    const { queue, claimant, log, notices } = this.#parts;
    const news = newsOf(handled);
    const notice = news && (await noticeOf(entry, news, () => queue.message(entry.message), notices));
    const messages = [...handled.messages, ...(notice?.messages ?? [])];
    const entries = [...handled.entries, ...(notice?.entries ?? [])];
    const isPlain = messages.length + entries.length === 0;
    const isDone = isPlain
      ? await this.#endings.end(entry.id)
      : await queue.finish(claimant, entry.id, messages, entries);
    log('entry.done', { entry: entry.id, recipient: entry.recipient, result: handled.result });
    if (isDone && news && notice) logNotice(entry, news, notice, log);
    if (entries.some((next) => next.kind !== 'mail')) this.wake();
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
    this.#work.wake();
    log('entry.deferred', { entry: entry.id, reason: failure.text, cause: failure.cause, wait });
  }
}
