import { callsOf, type Calls, type Storage } from '../lib/storage.ts';
import type { Allowances } from './allowances.ts';
import type { AllowanceLimits, serverEngine } from './server-engine.ts';

/** Allowances in the home's server.db. */
export function sqliteAllowances(storage: Storage, file: string, limits: AllowanceLimits): Allowances {
  const server: Calls<typeof serverEngine> = callsOf(storage, file, 'server');
  return {
    take: (allowance, now) => server('take', { allowance, limits, now }),
    answered: async (list, action, address) => {
      await server('answered', { list, action, address });
    },
  };
}
