import { setTimeout as delay } from 'node:timers/promises';

/** Where time comes from; a test gives its own. */
export interface Clock {
  /** Milliseconds since 1970. */
  now(): number;
  /** Waits; resolves early (without an error) when the signal aborts. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}

export const systemClock: Clock = Object.freeze({
  now: () => Date.now(),
  sleep: (ms: number, signal?: AbortSignal) => delay(ms, undefined, signal ? { signal } : {}).catch(ignoreAbort),
});

function ignoreAbort(error: Error): void {
  if (error.name !== 'AbortError') throw error;
}
