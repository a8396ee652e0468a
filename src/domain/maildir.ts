import { randomBytes } from 'node:crypto';
import { rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock } from '../lib/clock.ts';
import { ensureDirectory, syncDirectory, writeSynced } from '../lib/files.ts';

export interface MaildirParts {
  readonly clock: Clock;
  /** The name of this machine; its `/` and `:` are written as Maildir asks. */
  readonly hostname: string;
}

/**
 * Delivers a message to a Maildir, which is made when it is not there: written and fsynced in `tmp`, renamed to `new`, the directory
 * fsynced. When it resolves the message is there for good. Line ends are written as LF, as mail programs expect in a Maildir. Rejects
 * with the system's error; nothing is left in `new` then.
 */
export async function deliverToMaildir(directory: string, message: Uint8Array, parts: MaildirParts): Promise<void> {
  for (const part of ['tmp', 'new', 'cur']) await ensureDirectory(join(directory, part), 0o700);
  const name = uniqueName(parts);
  const temporary = join(directory, 'tmp', name);
  try {
    await writeSynced(temporary, withLf(message), 0o600);
    await rename(temporary, join(directory, 'new', name));
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
  await syncDirectory(join(directory, 'new'));
}

// <seconds>.M<microseconds>P<process>T<monotonic nanoseconds>R<random>.<host>: sorts by time, unique on the machine.
function uniqueName({ clock, hostname }: MaildirParts): string {
  const now = clock.now();
  const seconds = Math.floor(now / 1_000);
  const micros = String((now % 1_000) * 1_000).padStart(6, '0');
  const count = String(process.hrtime.bigint()).padStart(20, '0');
  const host = hostname.replaceAll('/', '\\057').replaceAll(':', '\\072');
  return `${seconds}.M${micros}P${process.pid}T${count}R${randomBytes(4).toString('hex')}.${host}`;
}

function withLf(message: Uint8Array): Buffer {
  const octets = Buffer.from(message.buffer, message.byteOffset, message.byteLength);
  if (!octets.includes('\r\n')) return octets;
  return Buffer.from(octets.toString('latin1').replaceAll('\r\n', '\n'), 'latin1');
}
