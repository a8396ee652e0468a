import assert from 'node:assert/strict';
import { chmod, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'node:test';
import { readSecret } from '../../src/lib/secrets.ts';
import { temporaryDirectory } from '../helpers/temporary.ts';

test('a secret is the first line of a file that is its owner’s alone', async (t) => {
  const path = join(await temporaryDirectory(t), 'relay');
  const table: [content: string, mode: number, want: string | RegExp][] = [
    ['sesame\n', 0o600, 'sesame'],
    [' open sesame \r\nnot this\n', 0o400, ' open sesame '],
    ['sesame\n', 0o640, /mode 600/],
    ['sesame\n', 0o604, /mode 600/],
    ['\nsesame\n', 0o600, /no first line/],
    ['', 0o600, /no first line/],
    ['x'.repeat(9_000), 0o600, /too large/],
  ];
  for (const [content, mode, want] of table) {
    await chmod(path, 0o600).catch(() => {});
    await writeFile(path, content);
    await chmod(path, mode);
    const read = await readSecret(path);
    if (typeof want === 'string') assert.equal(read, want);
    else assert.match(typeof read === 'string' ? 'read' : read.trouble, want);
  }
  assert.deepEqual(await readSecret(join(path, 'not-there')), { trouble: 'cannot be read (ENOTDIR)' });
});
