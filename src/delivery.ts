import { deliveryParts } from './delivery-parts.ts';
import { DeliveryThread } from './delivery-thread.ts';
import { Deliverer } from './deliver/deliverer.ts';
import { trafficHere } from './deliver/traffic-port.ts';
import type { Home } from './home.ts';
import type { LaneControl } from './lane-report.ts';
import type { Resolver } from './lib/dns.ts';
import type { Id } from './lib/ids.ts';
import type { StorageThreads } from './lib/storage-threads.ts';
import type { Log } from './log.ts';
import type { Claimant } from './queue/store.ts';
import { openTraffic, type TrafficBook } from './traffic-book.ts';

/** Delivery as the daemon sees it: one deliverer here, or some on threads of their own. */
export interface Delivery {
  readonly lanes: LaneControl;
  /** There may be new work. */
  wake(): void;
  /** Takes over what has changed in the settings of the home. */
  renew(): Promise<void>;
  /**
   * Ends running transactions within this time and commits their results; what had not begun stays in the queue. Says what was cut off, if
   * anything: `3 connections`.
   */
  stop(withinMs: number): Promise<string | undefined>;
}

export interface DeliveryStart {
  readonly home: Home;
  readonly threads: StorageThreads;
  /** Threads that deliver; 0: this one does. */
  readonly workers: number;
  readonly leaseMs: number;
  readonly log: Log;
  /** Used by a deliverer in this thread only. */
  readonly resolver: Resolver;
  readonly sandboxMail: string | undefined;
  readonly onChunkDone: (post: Id) => void;
  /** A notice of what became of a mail is in the queue. */
  readonly onNotice: () => void;
  /** A step of a list's ladder, or an alarm, is due. */
  readonly onBouncesDue: (list: string, due: number) => void;
}

/** Threads that a setting can ask for. */
const deliveryWorkersMost = 16;

/** Whose claims those of delivery can be, this run's and those of a run with other settings. */
export function deliveryOwners(): string[] {
  return Array.from({ length: deliveryWorkersMost + 1 }, (_, worker) => ownerOf(worker));
}

// 0 is a deliverer in the main thread.
function ownerOf(worker: number): string {
  return `deliver-${worker}`;
}

/** Starts delivery. */
export async function startDelivery(start: DeliveryStart): Promise<Delivery> {
  const { home, threads, workers, log, onChunkDone, onNotice, onBouncesDue } = start;
  const book = await openTraffic(home, log);
  const { traffic, close } = book;
  if (workers === 0) return hereDelivery(start, book);
  const running = Array.from(
    { length: workers },
    (_, at) =>
      new DeliveryThread({
        directory: home.directory,
        settings: home.settings,
        claimant: claimantOf(at + 1, start),
        doors: threads.connect(),
        log,
        onChunkDone,
        onNotice,
        onBouncesDue,
        joinTraffic: (tell) => traffic.join(tell),
      }),
  );
  return {
    lanes: traffic,
    wake: () => {
      for (const thread of running) thread.wake();
    },
    renew: async () => {
      await book.renew();
      for (const thread of running) thread.renew(home.settings);
    },
    stop: async (withinMs) => {
      const cut = await Promise.all(running.map((thread) => thread.stop(withinMs)));
      await close();
      return cutText(cut.reduce((sum, count) => sum + count, 0));
    },
  };
}

function hereDelivery(start: DeliveryStart, { traffic, renew, close }: TrafficBook): Delivery {
  const { home, log, resolver, sandboxMail, onChunkDone, onNotice, onBouncesDue } = start;
  const parts = {
    home,
    claimant: claimantOf(0, start),
    log,
    resolver,
    traffic: trafficHere(traffic),
    onChunkDone,
    onNotice,
    onBouncesDue,
  };
  const deliverer = new Deliverer(deliveryParts(sandboxMail === undefined ? parts : { ...parts, sandboxMail }));
  deliverer.start();
  return {
    lanes: traffic,
    wake: () => deliverer.wake(),
    renew: async () => {
      await renew();
      deliverer.renew();
    },
    stop: async (withinMs) => {
      const cut = await deliverer.stop(withinMs);
      await close();
      return cutText(cut);
    },
  };
}

function cutText(connections: number): string | undefined {
  if (connections === 0) return undefined;
  return connections === 1 ? '1 connection' : `${connections} connections`;
}

function claimantOf(worker: number, { leaseMs }: DeliveryStart): Claimant {
  return Object.freeze({ owner: ownerOf(worker), leaseMs });
}
