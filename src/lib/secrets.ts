import { open } from 'node:fs/promises';

/** Octets of a password or token. */
const octetsMost = 8_192;

/** Why a secret could not be read, in words that go behind its name. */
export interface SecretTrouble {
  readonly trouble: string;
}

/** Reads a secret from the first line of its file, which nobody but the owner may read or write (mode 600). Never rejects. */
export async function readSecret(path: string): Promise<string | SecretTrouble> {
  const file = await open(path, 'r').catch((error: NodeJS.ErrnoException) => error.code ?? error.message);
  if (typeof file === 'string') return { trouble: `cannot be read (${file})` };
  try {
    const { mode, size } = await file.stat();
    if ((mode & 0o077) !== 0) return { trouble: 'is open to others than its owner (it must have mode 600)' };
    if (size > octetsMost) return { trouble: 'is too large' };
    const [line = ''] = (await file.readFile('utf8')).split(/\r?\n/);
    return line === '' || line.includes('\0') ? { trouble: 'has no first line' } : line;
  } catch (error) {
    return { trouble: `cannot be read (${(error as NodeJS.ErrnoException).code ?? 'trouble'})` };
  } finally {
    await file.close();
  }
}
