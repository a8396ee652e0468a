import type { Clock } from './clock.ts';

/** Lets one loop sleep until there is work: a wake-up while nobody sleeps is kept for the next sleep. */
export class WakeUp {
  #isPending = false;
  #wake: (() => void) | undefined;

  wake(): void {
    this.#isPending = true;
    this.#wake?.();
  }

  /** Waits for a wake-up, at most `ms`. */
  async sleep(clock: Clock, ms: number): Promise<void> {
    if (!this.#isPending) {
      const interrupt = new AbortController();
      this.#wake = () => interrupt.abort();
      await clock.sleep(ms, interrupt.signal);
      this.#wake = undefined;
    }
    this.#isPending = false;
  }
}
