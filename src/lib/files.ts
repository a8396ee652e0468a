import { randomBytes } from 'node:crypto';
import { mkdir, open, readFile, rename, rm, stat } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';

/**
 * Writes a whole file so that after a crash either the old or the new content is there, never a part:
 * unique temporary name, fsync, rename, fsync of the directory. Rejects with the system's error; nothing is left behind then.
 */
export async function writeDurable(path: string, content: string | Uint8Array, mode = 0o644): Promise<void> {
  const temporary = join(dirname(path), `.new-${process.pid}-${randomBytes(6).toString('hex')}`);
  try {
    await writeSynced(temporary, content, mode);
    await rename(temporary, path);
    await syncDirectory(dirname(path));
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}

/** Creates a file that must not exist yet, and fsyncs it; the name is durable only after `syncDirectory`. Whole, or not there. */
export async function writeSynced(path: string, content: string | Uint8Array, mode = 0o644): Promise<void> {
  const file = await open(path, 'wx', mode);
  try {
    await file.writeFile(content);
    await file.sync();
  } catch (error) {
    await rm(path, { force: true });
    throw error;
  } finally {
    await file.close();
  }
}

/** Makes names that were added to or removed from a directory survive a crash. */
export async function syncDirectory(path: string): Promise<void> {
  const directory = await open(path, 'r');
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
}

/** The content of a file, or undefined when there is none. Any other trouble rejects. */
export async function readIfExists(path: string): Promise<Buffer | undefined> {
  return readFile(path).catch(undefinedIfMissing);
}

/** Time of the last change of a file in milliseconds, or undefined when there is none. */
export async function changeTime(path: string): Promise<number | undefined> {
  return (await stat(path).catch(undefinedIfMissing))?.mtimeMs;
}

/** Makes a directory and its parents; it is no error when it exists. What was made survives a crash when this resolves. */
export async function ensureDirectory(path: string, mode = 0o755): Promise<void> {
  const whole = resolve(path);
  const first = await mkdir(whole, { recursive: true, mode });
  if (first === undefined) return;
  for (let made = whole; made.length >= first.length; made = dirname(made)) await syncDirectory(dirname(made));
}

/**
 * Turns any text into one safe directory name (DESIGN: security rules): every octet outside `[a-z0-9@._+-]` is
 * percent-encoded, so are the dots of `.` and `..`.
 */
export function safeName(text: string): string {
  if (/^\.{1,2}$/.test(text)) return text.replaceAll('.', '%2e');
  return Buffer.from(text, 'utf8')
    .toString('latin1')
    .replace(/[^a-z0-9@._+-]/g, (octet) => `%${octet.charCodeAt(0).toString(16).padStart(2, '0')}`);
}

function undefinedIfMissing(error: NodeJS.ErrnoException): undefined {
  if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return undefined;
  throw error;
}
