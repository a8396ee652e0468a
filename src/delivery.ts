import { deliveryParts } from './delivery-parts.ts';
import { DeliveryThread } from './delivery-thread.ts';
import { Deliverer } from './deliver/deliverer.ts';
import type { Home } from './home.ts';
import type { Resolver } from './lib/dns.ts';
import type { Id } from './lib/ids.ts';
import type { StorageThreads } from './lib/storage-threads.ts';
import type { Log } from './log.ts';
import type { Claimant } from './queue/store.ts';

/** Delivery as the daemon sees it: one deliverer here, or some on threads of their own. */
export interface Delivery {
  /** There may be new work. */
  wake(): void;
  /** Ends running transactions and commits their results; what had not begun stays in the queue. */
  stop(): Promise<void>;
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
export function startDelivery(start: DeliveryStart): Delivery {
  const { home, threads, workers, log, onChunkDone } = start;
  if (workers === 0) return hereDelivery(start);
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
      }),
  );
  return {
    wake: () => {
      for (const thread of running) thread.wake();
    },
    stop: async () => {
      await Promise.all(running.map((thread) => thread.stop()));
    },
  };
}

function hereDelivery(start: DeliveryStart): Delivery {
  const { home, log, resolver, sandboxMail, onChunkDone } = start;
  const parts = { home, claimant: claimantOf(0, start), log, resolver, onChunkDone };
  const deliverer = new Deliverer(deliveryParts(sandboxMail === undefined ? parts : { ...parts, sandboxMail }));
  deliverer.start();
  return deliverer;
}

function claimantOf(worker: number, { leaseMs }: DeliveryStart): Claimant {
  return Object.freeze({ owner: ownerOf(worker), leaseMs });
}
