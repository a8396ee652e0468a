import { StorageError, type TroubleKind } from '../lib/storage-trouble.ts';
import { type Complaint, complaint, exit } from './door.ts';

const storage: Readonly<Record<TroubleKind, readonly [code: number, what: string, next: string]>> = {
  busy: [
    exit.tryAgain,
    'the database is locked by another process',
    'wait until that process is done, then run this again',
  ],
  full: [exit.io, 'the disk is full', 'make room, then run this again; what was committed before stays'],
  readonly: [
    exit.noPermission,
    'the database may not be written',
    'check the permissions of the list directory and whose user you are',
  ],
  io: [exit.io, 'the disk reports an error', 'look into the system log and check the disk'],
  corrupt: [exit.io, 'the database is damaged', 'restore the directory from a copy; "ezlm check" names the file'],
  missing: [
    exit.noPermission,
    'the database cannot be opened',
    'check that its directory exists and that you may write there',
  ],
  bug: [exit.bug, 'this is a mistake in ezlm', 'please report it with the command that you ran'],
};

const system: Readonly<Record<string, readonly [code: number, what: string, next: string]>> = {
  EACCES: [exit.noPermission, 'permission denied', 'check the permissions and whose user you are'],
  EPERM: [exit.noPermission, 'not permitted', 'check the permissions and whose user you are'],
  EROFS: [exit.noPermission, 'the file system is read-only', 'mount it for writing, or choose another --home'],
  ENOSPC: [exit.io, 'the disk is full', 'make room, then run this again'],
  EDQUOT: [exit.io, 'the disk quota is used up', 'make room, then run this again'],
  ENOENT: [exit.noInput, 'a file or directory is not there', 'check the name, or choose another --home'],
  ENOTDIR: [exit.noInput, 'a directory was expected', 'check the name, or choose another --home'],
  EIO: [exit.io, 'the disk reports an error', 'look into the system log and check the disk'],
  EMFILE: [exit.tryAgain, 'too many files are open', 'raise the limit (ulimit -n), or try again later'],
};

/** Says what a thrown thing means to the person at the keyboard: what happened, what to do next, and the exit code. */
export function complaintOf(error: unknown): Complaint {
  if (error instanceof StorageError) return join(storage[error.kind], error.message);
  const { code, message, stack } = error as NodeJS.ErrnoException;
  const known = code === undefined ? undefined : system[code];
  if (known) return join(known, message);
  if (/is locked by another process/.test(message)) return join(storage.busy, message);
  return join(storage.bug, stack ?? message);
}

function join([code, what, next]: readonly [number, string, string], detail: string): Complaint {
  return complaint(code, `${what} (${detail})`, next);
}
