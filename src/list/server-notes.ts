import { callsOf, type Calls, type Storage } from '../lib/storage.ts';
import type { serverEngine } from './server-engine.ts';

/** Texts by name in server.db, which a daemon leaves for its next run. */
export interface ServerNotes {
  read(name: string): Promise<string | undefined>;
  leave(name: string, text: string): Promise<void>;
}

/** The notes in the home's server.db. */
export function serverNotes(storage: Storage, file: string): ServerNotes {
  const server: Calls<typeof serverEngine> = callsOf(storage, file, 'server');
  return {
    read: (name) => server('note', { name }),
    leave: async (name, text) => {
      await server('leaveNote', { name, text });
    },
  };
}
