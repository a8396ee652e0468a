import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { Clock } from '../lib/clock.ts';
import { safeName } from '../lib/files.ts';

/** A directory that changed so shortly before it was read may change again under the same time stamp (a tick of the kernel is 4 ms). */
export const settledMs = 2_000;
/** What was seen holds for so long, in milliseconds: each mail asks some ten times. */
export const freshMs = 5;
/** Domains that are remembered. */
const domainsMost = 1_000;

interface Seen {
  readonly names: ReadonlySet<string>;
  /** When the directory changed last. */
  readonly changed: number;
  readonly isSettled: boolean;
  lookedAt: number;
}

/** The names of directories in the domains of `lists/`; read again when a domain's directory has changed. */
export class KnownNames {
  readonly #directory: string;
  readonly #clock: Clock;
  readonly #seen = new Map<string, Seen>();

  constructor(directory: string, clock: Clock) {
    this.#directory = directory;
    this.#clock = clock;
  }

  /** The directory of a domain is read at the next question. */
  forget(domain: string): void {
    this.#seen.delete(domain);
  }

  /** False when no list can have this name, which is in lower case. */
  has(name: string, domain: string): boolean {
    return this.#namesOf(domain).has(name);
  }

  #namesOf(domain: string): ReadonlySet<string> {
    const now = this.#clock.now();
    const known = this.#seen.get(domain);
    if (known && Math.abs(now - known.lookedAt) < freshMs) return known.names;
    const path = join(this.#directory, safeName(domain));
    const changed = statSync(path, { throwIfNoEntry: false })?.mtimeMs;
    if (changed === undefined) return nothing;
    if (known?.changed === changed && known.isSettled) {
      known.lookedAt = now;
      return known.names;
    }
    if (this.#seen.size >= domainsMost) this.#seen.clear();
    const names = new Set(readdirSync(path));
    this.#seen.set(domain, { names, changed, isSettled: now - changed > settledMs, lookedAt: now });
    return names;
  }
}

const nothing: ReadonlySet<string> = new Set();
