import { randomBytes } from 'node:crypto';
import { callsOf, type Calls, type Storage } from '../lib/storage.ts';
import type { Address } from '../mail/address.ts';
import type { Suppressed, Suppression, suppressionOperations } from './suppression-operations.ts';

/**
 * Addresses that no import and no command brings back: only their own confirmed wish does. Found by a keyed hash, so that the address itself
 * can be erased and still be recognised.
 */
export interface Suppressions {
  /** Says how many are new. */
  add(some: readonly Suppression[], at: number): Promise<number>;
  /** Those of the canonical addresses that are suppressed. */
  among(canonicals: readonly string[]): Promise<string[]>;
  /** False when it was not suppressed. */
  lift(canonical: string): Promise<boolean>;
  /** Forgets the address and keeps its hash. */
  erase(canonical: string): Promise<boolean>;
  all(): AsyncIterable<Suppressed[]>;
}

/** Addresses that may get mail: those that are on none of these suppression lists. */
export async function unsuppressed(
  addresses: readonly Address[],
  ...lists: readonly Suppressions[]
): Promise<readonly Address[]> {
  const canonicals = addresses.map(({ canonical }) => canonical);
  const found = new Set((await Promise.all(lists.map((list) => list.among(canonicals)))).flat());
  return found.size === 0 ? addresses : addresses.filter(({ canonical }) => !found.has(canonical));
}

const pageSize = 1_000;
const keyOctets = 32;

/** The suppression list of one list, or of the whole server. */
export function sqliteSuppressions(storage: Storage, file: string, engine: 'list' | 'server'): Suppressions {
  const calls: Calls<{ migrations: []; operations: typeof suppressionOperations }> = callsOf(storage, file, engine);
  return {
    add: (rows, at) => calls('suppress', { rows, at, freshKey: randomBytes(keyOctets) }),
    among: (canonicals) => calls('suppressedAmong', { canonicals }),
    lift: (canonical) => calls('liftSuppression', { canonical }),
    erase: (canonical) => calls('eraseSuppressed', { canonical }),
    all: async function* all() {
      let after = 0;
      for (;;) {
        const page = await calls('suppressedPage', { after, limit: pageSize });
        if (page.length > 0) yield page;
        if (page.length < pageSize) return;
        after = page.at(-1)!.id;
      }
    },
  };
}
