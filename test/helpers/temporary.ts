import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';

/** A directory of its own for a test; when the test is over, `before` runs and the directory is removed. */
export async function temporaryDirectory(t: TestContext, before?: () => Promise<void>): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'ezlm-test-'));
  t.after(async () => {
    await before?.();
    await rm(directory, { recursive: true, force: true });
  });
  return directory;
}
