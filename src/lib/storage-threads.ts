import type { MessagePort } from 'node:worker_threads';
import type { Storage } from './storage.ts';
import { type FromStorage, StorageClient } from './storage-client.ts';
import { StorageThread } from './storage-thread.ts';

/** Ways to the storage threads for another thread: its port of each, and which engines run there. */
export interface StorageDoors {
  readonly ports: readonly MessagePort[];
  readonly engines: readonly (readonly string[])[];
}

/**
 * Storage on several threads, by kind of database: a commit of one kind never waits for the disk of another. `threads` names the
 * engines of each thread; an engine that is named nowhere runs on the first.
 */
export class StorageThreads implements Storage {
  readonly #engines: readonly (readonly string[])[];
  readonly #threads: readonly StorageThread[];

  constructor(enginesModule: string, threads: readonly (readonly string[])[], onChange: (file: string) => void) {
    this.#engines = threads;
    this.#threads = threads.map(() => new StorageThread(enginesModule, onChange));
  }

  run(file: string, engine: string, operation: string, argument: unknown): Promise<unknown> {
    return threadOf(this.#threads, this.#engines, engine).run(file, engine, operation, argument);
  }

  /** Tells of other processes' commits to a file. */
  watch(file: string, engine: string): void {
    threadOf(this.#threads, this.#engines, engine).watch(file, engine);
  }

  /** Lets another thread ask too; the ports have to be transferred to it. */
  connect(): StorageDoors {
    return { ports: this.#threads.map((thread) => thread.connect()), engines: this.#engines };
  }

  async close(file?: string): Promise<void> {
    await Promise.all(this.#threads.map((thread) => thread.close(file)));
  }
}

/** The storage threads as another thread sees them. It ends with that thread: `close` leaves the databases open. */
export class StorageConnections implements Storage {
  readonly #engines: readonly (readonly string[])[];
  readonly #ports: readonly MessagePort[];
  readonly #clients: readonly StorageClient[];

  constructor({ ports, engines }: StorageDoors) {
    this.#engines = engines;
    this.#ports = ports;
    this.#clients = ports.map((port) => {
      const client = new StorageClient((message) => port.postMessage(message));
      port.on('message', (message: FromStorage) => client.hear(message));
      return client;
    });
  }

  run(file: string, engine: string, operation: string, argument: unknown): Promise<unknown> {
    return threadOf(this.#clients, this.#engines, engine).run(file, engine, operation, argument);
  }

  async close(file?: string): Promise<void> {
    if (file === undefined) for (const port of this.#ports) port.close();
    else await Promise.all(this.#clients.map((client) => client.close(file)));
  }
}

function threadOf<T>(threads: readonly T[], engines: readonly (readonly string[])[], engine: string): T {
  const at = engines.findIndex((names) => names.includes(engine));
  return threads[Math.max(0, at)]!;
}
