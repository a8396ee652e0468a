import { DatabaseSync } from 'node:sqlite';
import { homePaths } from '../home.ts';
import { changeTime } from '../lib/files.ts';
import { storageTrouble } from '../lib/storage-trouble.ts';
import type { Door } from './door.ts';
import { wakeDaemon } from './wake.ts';

/** Whether a daemon works on the home, even one that does not answer just now. */
export async function isRunning(door: Pick<Door, 'home'>): Promise<boolean> {
  const { lock, socket } = homePaths(door.home);
  return (await wakeDaemon(socket)) || ((await changeTime(lock)) !== undefined && isLocked(lock));
}

// Only looks: a reader is refused while the daemon's exclusive transaction is open, and takes nothing from it.
function isLocked(path: string): boolean {
  const database = new DatabaseSync(path, { readOnly: true, timeout: 0 });
  try {
    database.prepare('SELECT count(*) FROM sqlite_schema').get();
    return false;
  } catch (error) {
    return storageTrouble(error).kind === 'busy';
  } finally {
    database.close();
  }
}
