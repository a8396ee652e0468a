import type { Storage } from './storage.ts';
import { StorageThread } from './storage-thread.ts';

/**
 * Storage on several threads, by kind of database: a commit of one kind never waits for the disk of another. `threads` names the
 * engines of each thread; an engine that is named nowhere runs on the first.
 */
export class StorageThreads implements Storage {
  readonly #threads: readonly StorageThread[];
  readonly #byEngine = new Map<string, StorageThread>();

  constructor(enginesModule: string, threads: readonly (readonly string[])[], onChange: (file: string) => void) {
    this.#threads = threads.map(() => new StorageThread(enginesModule, onChange));
    for (const [at, engines] of threads.entries()) {
      for (const engine of engines) this.#byEngine.set(engine, this.#threads[at]!);
    }
  }

  run(file: string, engine: string, operation: string, argument: unknown): Promise<unknown> {
    return this.#thread(engine).run(file, engine, operation, argument);
  }

  /** Tells of other processes' commits to a file. */
  watch(file: string, engine: string): void {
    this.#thread(engine).watch(file, engine);
  }

  async close(file?: string): Promise<void> {
    await Promise.all(this.#threads.map((thread) => thread.close(file)));
  }

  #thread(engine: string): StorageThread {
    return this.#byEngine.get(engine) ?? this.#threads[0]!;
  }
}
