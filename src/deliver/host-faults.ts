import type { Clock } from '../lib/clock.ts';

/** What a host announces and fails with, or breaks off at: CHUNKING, STARTTLS, EHLO. */
export type Fault = 'chunking' | 'tls' | 'ehlo';

/** A fault is tried again after this: a host may be mended, and mail should not go in clear text for longer than needed. */
const keptMs = 3_600_000;
/** Faults that are remembered; the oldest makes room. */
const faultsMost = 10_000;

/** Remembers what hosts cannot do, so that each finds out over one connection and not over every one. */
export class HostFaults {
  readonly #clock: Clock;
  readonly #until = new Map<string, number>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  note(host: string, fault: Fault): void {
    const key = `${fault} ${host}`;
    this.#until.delete(key);
    if (this.#until.size >= faultsMost) this.#until.delete(this.#until.keys().next().value!);
    this.#until.set(key, this.#clock.now() + keptMs);
  }

  has(host: string, fault: Fault): boolean {
    return (this.#until.get(`${fault} ${host}`) ?? 0) > this.#clock.now();
  }
}
