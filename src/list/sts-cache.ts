import { callsOf, type Calls, type Storage } from '../lib/storage.ts';
import type { serverEngine } from './server-engine.ts';
import type { KeptSts } from './sts-operations.ts';

export type { KeptSts } from './sts-operations.ts';

/** Policies of MTA-STS that were fetched, by domain: they hold over restarts, or a restart would be the moment to strip TLS. */
export interface StsCache {
  read(domain: string): Promise<KeptSts | undefined>;
  keep(policy: KeptSts): Promise<void>;
}

/** Policies that are kept: one of these domains a day does not fill the disk, and 64 KiB is the most that one takes. */
const policiesMost = 10_000;

/** The policies in the home's server.db. */
export function stsCache(storage: Storage, file: string, most = policiesMost): StsCache {
  const server: Calls<typeof serverEngine> = callsOf(storage, file, 'server');
  return {
    read: (domain) => server('stsOf', { domain }),
    keep: async (policy) => {
      await server('keepSts', { policy, most });
    },
  };
}
