import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { Databases } from '../../src/lib/databases.ts';
import { besideStrace, straceIsAbsent } from '../helpers/strace.ts';
import { attach } from '../helpers/strace-process.ts';
import { temporaryDirectory } from '../helpers/temporary.ts';
import { engines } from '../helpers/word-engine.ts';

const program = fileURLToPath(new URL('./committing-child.ts', import.meta.url));

for (const when of ['1', '1+']) {
  test(`what was not stored for a sync that failed does not come back after kill -9 (${when})`, async (t) => {
    const absent = straceIsAbsent();
    if (absent !== false) return t.skip(absent);
    const directory = await temporaryDirectory(t);
    const file = join(directory, 'words.db');
    const child = spawn(process.execPath, [program, file], { stdio: ['pipe', 'pipe', 'inherit'] });
    t.after(() => child.kill('SIGKILL'));
    const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
    const said = async (): Promise<unknown> => (await lines.next()).value;
    const add = async (word: string): Promise<unknown> => {
      child.stdin.write(`${word}\n`);
      return said();
    };
    assert.equal(await said(), 'ready');
    assert.equal(await add('before'), 'stored');
    const fault = { calls: 'fsync,fdatasync', effect: `error=EIO:when=${when}`, paths: [`${file}-wal`] };
    const detach = await attach(besideStrace(child.pid!, join(directory, 'trace'), fault));
    assert.equal(await add('failed'), 'io');
    child.kill('SIGKILL');
    await once(child, 'exit');
    await detach();
    const databases = new Databases(engines);
    t.after(() => databases.close());
    const [reply] = databases.runAll([{ file, engine: 'words', operation: 'words', argument: undefined }]);
    assert.deepEqual(reply, { ok: true, result: ['before'] });
  });
}
