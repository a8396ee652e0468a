import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { readKeys } from '../../src/list/keys.ts';
import type { Keys } from '../../src/list/list.ts';
import { temporaryDirectory } from './temporary.ts';

/** Keys of a list that are the same in every run. */
export async function fixedKeys(t: TestContext, listAddress: string): Promise<Keys> {
  const path = join(await temporaryDirectory(t), 'key');
  await writeFile(path, `1 2026-01-01T00:00:00Z ${Buffer.alloc(32, 1).toString('base64')}\n`);
  const read = await readKeys(path, listAddress);
  if (!read.ok) throw new Error(read.failure.cause);
  return read.value;
}
