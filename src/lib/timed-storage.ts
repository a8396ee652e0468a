import type { Storage } from './storage.ts';

/**
 * Tells how long every call to a storage took, in milliseconds, waiting included; calls that failed too. `now` counts milliseconds from
 * any point, finer than a clock's.
 */
export function timedStorage(
  storage: Storage,
  now: () => number,
  onCall: (engine: string, ms: number) => void,
): Storage {
  return {
    run: (file, engine, operation, argument) => {
      const start = now();
      const call = storage.run(file, engine, operation, argument);
      const tell = (): void => onCall(engine, now() - start);
      call.then(tell, tell);
      return call;
    },
    close: (file) => storage.close(file),
  };
}
