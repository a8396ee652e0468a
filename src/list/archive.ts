import { mkdir, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { readIfExists, syncDirectory, writeSynced } from '../lib/files.ts';
import type { Archive } from './list.ts';

/** ezmlm reads a file with the owner's execute bit as complete. */
const completeMode = 0o744;

/** The archive below `archive/` of a list directory. */
export function fileArchive(directory: string): Archive {
  return {
    write: (number, message) => writePost(directory, number, message),
    read: (number) => readIfExists(pathOf(directory, number)),
  };
}

/** Post 15307 is `153/07`, post 7 is `0/07` (ezmlm's layout). */
function pathOf(directory: string, number: number): string {
  if (!Number.isSafeInteger(number) || number < 1) throw new RangeError(`no post number: ${number}`);
  return join(directory, String(Math.floor(number / 100)), String(number % 100).padStart(2, '0'));
}

async function writePost(directory: string, number: number, message: Uint8Array): Promise<void> {
  const path = pathOf(directory, number);
  const made = await mkdir(dirname(path), { recursive: true });
  // A list's posts are written one after the other: what lies under this name is what a crash left.
  const temporary = join(dirname(path), `.new-${basename(path)}`);
  await rm(temporary, { force: true });
  try {
    await writeSynced(temporary, message, completeMode);
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
  await syncDirectory(dirname(path));
  if (made === undefined) return;
  await syncDirectory(directory);
  await syncDirectory(dirname(directory));
}
