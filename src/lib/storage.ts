import type { Engine, Operation } from './database.ts';
import { Databases } from './databases.ts';
import { StorageError } from './storage-trouble.ts';

/**
 * Where databases are. On the daemon it is threads (`storage-thread.ts`), so that no session waits for a disk; in a
 * command it is the calling thread. Both reject with `StorageError` only.
 */
export interface Storage {
  run(file: string, engine: string, operation: string, argument: unknown): Promise<unknown>;
  /** Closes one file, or everything (the last call). */
  close(file?: string): Promise<void>;
}

type ArgumentOf<O> = O extends Operation<infer A, unknown> ? A : never;
type ResultOf<O> = O extends Operation<never, infer R> ? R : never;

/** How a store calls the operations of its engine: the name, then the operation's own argument. */
export type Calls<E extends Engine> = <Name extends keyof E['operations'] & string>(
  operation: Name,
  argument: ArgumentOf<E['operations'][Name]>,
) => Promise<ResultOf<E['operations'][Name]>>;

/** Binds storage to one database file of one kind. */
export function callsOf<E extends Engine>(storage: Storage, file: string, engine: string): Calls<E> {
  return (operation, argument) => storage.run(file, engine, operation, argument) as Promise<never>;
}

/**
 * Storage in the calling thread: for commands, which have nothing else to do meanwhile. `busyMs`: how long a write waits
 * for another process; undefined: 5 s.
 */
export function inlineStorage(engines: Readonly<Record<string, Engine>>, busyMs?: number): Storage {
  const databases = new Databases(engines, undefined, busyMs);
  return {
    async run(file, engine, operation, argument) {
      const [reply] = databases.runAll([{ file, engine, operation, argument }]);
      if (reply?.ok) return reply.result;
      throw new StorageError(reply?.trouble ?? { kind: 'bug', message: 'no reply' });
    },
    async close(file) {
      databases.close(file);
    },
  };
}
