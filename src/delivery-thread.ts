import { Worker } from 'node:worker_threads';
import type { ServerSettings } from './config.ts';
import type { FromTraffic, ToTraffic } from './deliver/traffic-messages.ts';
import type { Id } from './lib/ids.ts';
import type { StorageDoors } from './lib/storage-threads.ts';
import type { EventName, Log } from './log.ts';
import type { Claimant } from './queue/store.ts';

/** What a delivery thread is started with. */
export interface DeliveryWork {
  readonly directory: string;
  readonly settings: ServerSettings;
  readonly claimant: Claimant;
  readonly doors: StorageDoors;
}

export type ToDelivery =
  | { readonly kind: 'wake' }
  | { readonly kind: 'stop'; readonly withinMs: number }
  | { readonly kind: 'renew'; readonly settings: ServerSettings }
  | { readonly kind: 'traffic'; readonly message: FromTraffic };

export type FromDelivery =
  | { readonly kind: 'log'; readonly event: EventName; readonly fields: Parameters<Log>[1] }
  | { readonly kind: 'chunkDone'; readonly post: Id }
  | { readonly kind: 'notice' }
  | { readonly kind: 'bouncesDue'; readonly list: string; readonly due: number }
  | { readonly kind: 'traffic'; readonly message: ToTraffic }
  /** So many connections were cut off. */
  | { readonly kind: 'stopped'; readonly cut: number };

export interface DeliveryThreadParts extends DeliveryWork {
  readonly log: Log;
  readonly onChunkDone: (post: Id) => void;
  readonly onNotice: () => void;
  readonly onBouncesDue: (list: string, due: number) => void;
  /** Joins the book of connections. */
  readonly joinTraffic: (tell: (message: FromTraffic) => void) => (message: ToTraffic) => void;
}

/**
 * The deliver stage on a thread of its own: the main thread goes on taking in mail whatever the fan-out costs. An error that nobody expected
 * ends the process, as it would on the main thread: the queue has everything.
 */
export class DeliveryThread {
  readonly #worker: Worker;
  readonly #stopped: Promise<number>;

  constructor(parts: DeliveryThreadParts) {
    const { directory, settings, claimant, doors, log, onChunkDone, onNotice, onBouncesDue, joinTraffic } = parts;
    const work: DeliveryWork = { directory, settings: { ...settings }, claimant, doors };
    this.#worker = new Worker(
      new URL(import.meta.url.endsWith('.ts') ? './delivery-worker.ts' : './delivery-worker.js', import.meta.url),
      { workerData: work, transferList: [...doors.ports], resourceLimits: { maxYoungGenerationSizeMb: 12 } },
    );
    this.#worker.on('error', (error) => {
      throw error;
    });
    const toTraffic = joinTraffic((message) => this.#tell({ kind: 'traffic', message }));
    this.#stopped = new Promise((resolve) => {
      this.#worker.on('message', (message: FromDelivery) => {
        if (message.kind === 'log') log(message.event, message.fields);
        else if (message.kind === 'chunkDone') onChunkDone(message.post);
        else if (message.kind === 'notice') onNotice();
        else if (message.kind === 'bouncesDue') onBouncesDue(message.list, message.due);
        else if (message.kind === 'traffic') toTraffic(message.message);
        else resolve(message.cut);
      });
    });
  }

  /** There may be new work. */
  wake(): void {
    this.#tell({ kind: 'wake' });
  }

  /** Settings have changed. */
  renew(settings: ServerSettings): void {
    this.#tell({ kind: 'renew', settings: { ...settings } });
  }

  /** Ends as `Deliverer.stop` does. */
  async stop(withinMs: number): Promise<number> {
    this.#tell({ kind: 'stop', withinMs });
    const cut = await this.#stopped;
    await this.#worker.terminate();
    return cut;
  }

  #tell(message: ToDelivery): void {
    this.#worker.postMessage(message);
  }
}
