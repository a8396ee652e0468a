import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { takeFileLock, withFileLock } from '../../src/lib/lock.ts';
import { temporaryDirectory } from '../helpers/temporary.ts';
import { until } from '../helpers/until.ts';

const lockModule = new URL('../../src/lib/lock.ts', import.meta.url).href;

test('a lock has one holder; released, it can be had again', async (t) => {
  const path = join(await temporaryDirectory(t), 'daemon.lock');
  const first = takeFileLock(path);
  assert.ok(first);
  assert.equal(takeFileLock(path), undefined);
  first.release();
  const second = takeFileLock(path);
  assert.ok(second);
  second.release();
});

test('a process that is killed leaves no lock behind', async (t) => {
  const path = join(await temporaryDirectory(t), 'daemon.lock');
  const script = `const { takeFileLock } = await import(${JSON.stringify(lockModule)});
    process.stdout.write(String(takeFileLock(process.argv[1]) !== undefined));
    process.stdin.resume();`;
  const child = spawn(process.execPath, ['--input-type=module', '--eval', script, path], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  t.after(() => child.kill('SIGKILL'));
  const [said] = (await once(child.stdout, 'data')) as [Buffer];
  assert.equal(said.toString(), 'true');
  assert.equal(takeFileLock(path), undefined);
  child.kill('SIGKILL');
  const lock = await until('the lock', () => takeFileLock(path));
  lock.release();
});

test('what runs under a lock runs one after the other', async (t) => {
  const path = join(await temporaryDirectory(t), 'list.json.lock');
  let running = 0;
  const order: number[] = [];
  await Promise.all(
    [1, 2, 3, 4].map((at) =>
      withFileLock(path, async () => {
        assert.equal(++running, 1);
        await new Promise((resolve) => setImmediate(resolve));
        order.push(at);
        running--;
      }),
    ),
  );
  assert.deepEqual(new Set(order), new Set([1, 2, 3, 4]));
});

test('the lock is released when what ran under it fails', async (t) => {
  const path = join(await temporaryDirectory(t), 'list.json.lock');
  await assert.rejects(
    withFileLock(path, () => Promise.reject(new Error('broken'))),
    /broken/,
  );
  assert.equal(await withFileLock(path, () => Promise.resolve('mine')), 'mine');
});

test('a lock that cannot be made is an error, not a lock that somebody else has', async (t) => {
  const directory = await temporaryDirectory(t);
  assert.throws(() => takeFileLock(join(directory, 'none', 'daemon.lock')));
  await writeFile(
    join(directory, 'text'),
    'this is no database, and longer than a page header would need to be'.repeat(99),
  );
  assert.throws(() => takeFileLock(join(directory, 'text')), /not a database/);
});
