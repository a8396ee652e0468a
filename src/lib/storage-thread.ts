import { MessageChannel, type MessagePort, Worker } from 'node:worker_threads';
import type { Storage } from './storage.ts';
import { type FromStorage, StorageClient, type ToStorage } from './storage-client.ts';

/** Storage on a thread of its own; other threads may ask it too, by ports of theirs. */
export class StorageThread implements Storage {
  readonly #worker: Worker;
  readonly #client: StorageClient;
  readonly #onChange: (file: string) => void;

  /** `enginesModule` is the URL of a module that exports `engines`. `onChange` hears of other processes' commits. */
  constructor(enginesModule: string, onChange: (file: string) => void = () => {}) {
    this.#onChange = onChange;
    this.#worker = new Worker(
      new URL(import.meta.url.endsWith('.ts') ? './storage-worker.ts' : './storage-worker.js', import.meta.url),
      {
        workerData: enginesModule,
        // Requests are short-lived: a small young generation keeps three threads from holding 16 MiB each.
        resourceLimits: { maxYoungGenerationSizeMb: 4 },
      },
    );
    this.#client = new StorageClient((message) => this.#worker.postMessage(message));
    this.#worker.on('message', (message: FromStorage) => {
      if (message.kind === 'changed') this.#onChange(message.file);
      else this.#client.hear(message);
    });
    this.#worker.on('error', (error) => this.#client.die(error.message));
    this.#worker.on('exit', () => this.#client.die('the storage thread has ended'));
  }

  run(file: string, engine: string, operation: string, argument: unknown): Promise<unknown> {
    return this.#client.run(file, engine, operation, argument);
  }

  /** From now on `onChange` is called within 250 ms of a commit by another process. */
  watch(file: string, engine: string): void {
    const watch: ToStorage = { kind: 'watch', file, engine };
    this.#worker.postMessage(watch);
  }

  /** A port by which another thread may ask (`StorageConnections`); its answers come in its own order. */
  connect(): MessagePort {
    const { port1, port2 } = new MessageChannel();
    const client: ToStorage = { kind: 'client', port: port1 };
    this.#worker.postMessage(client, [port1]);
    return port2;
  }

  async close(file?: string): Promise<void> {
    await this.#client.close(file);
    if (file === undefined) await this.#worker.terminate();
  }
}
