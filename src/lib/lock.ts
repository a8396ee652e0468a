import { DatabaseSync } from 'node:sqlite';
import { setTimeout as delay } from 'node:timers/promises';

/**
 * An exclusive lock that the kernel frees when its holder dies: a transaction on an empty SQLite file (DESIGN: state).
 * No pid file can be left behind. Give it to nobody else; `release` ends it.
 */
export interface FileLock {
  release(): void;
}

/** Takes the lock, waiting up to `waitMs`; undefined when another process has it. Other errors (no access) throw. */
export function takeFileLock(path: string, waitMs = 0): FileLock | undefined {
  const database = new DatabaseSync(path, { timeout: waitMs });
  try {
    database.exec('PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE');
  } catch (error) {
    database.close();
    if (isBusy(error)) return undefined;
    throw error;
  }
  return { release: () => database.close() };
}

const retryMs = 20;
const patienceMs = 5_000;

/** Runs something under the lock; rejects when it cannot be had within 5 seconds. The event loop goes on meanwhile. */
export async function withFileLock<R>(path: string, run: () => Promise<R>): Promise<R> {
  const lock = await patientLock(path);
  try {
    return await run();
  } finally {
    lock.release();
  }
}

async function patientLock(path: string): Promise<FileLock> {
  for (let waited = 0; waited < patienceMs; waited += retryMs) {
    const lock = takeFileLock(path);
    if (lock) return lock;
    await delay(retryMs);
  }
  throw new Error(`${path} is locked by another process; try again`);
}

function isBusy(error: unknown): boolean {
  const { errcode } = error as { errcode?: number };
  return errcode !== undefined && ((errcode & 0xff) === 5 || (errcode & 0xff) === 6);
}
