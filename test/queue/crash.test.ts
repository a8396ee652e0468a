import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { engines } from '../../src/engines.ts';
import { systemClock } from '../../src/lib/clock.ts';
import type { Id } from '../../src/lib/ids.ts';
import { inlineStorage } from '../../src/lib/storage.ts';
import { openSqliteQueue } from '../../src/queue/sqlite-queue.ts';
import type { Entry, QueueStore } from '../../src/queue/store.ts';
import { temporaryDirectory } from '../helpers/temporary.ts';
import { until } from '../helpers/until.ts';
import { gather } from './opening.ts';

const program = fileURLToPath(new URL('./accepting-child.ts', import.meta.url));

/** Runs children on one queue until each has said so many lines, kills them, and gives what they said. */
async function killed(
  t: TestContext,
  directory: string,
  wheres: readonly string[],
  lines: number,
): Promise<string[][]> {
  const children = wheres.map((where) => {
    const child = spawn(process.execPath, [program, directory, where], { stdio: ['pipe', 'pipe', 'inherit'] });
    t.after(() => child.kill('SIGKILL'));
    let said = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => (said += text));
    return { child, ended: once(child, 'close'), said: () => said };
  });
  const complete = (said: string): string[] =>
    said
      .slice(0, said.lastIndexOf('\n') + 1)
      .split('\n')
      .slice(0, -1);
  await until(`${lines} lines of each child`, () => children.every(({ said }) => complete(said()).length >= lines));
  for (const { child } of children) child.kill('SIGKILL');
  await Promise.all(children.map(({ ended }) => ended));
  return children.flatMap(({ said }) => complete(said()).map((line) => line.split(' ')));
}

async function reopened(t: TestContext, directory: string): Promise<QueueStore> {
  const storage = inlineStorage(engines);
  t.after(() => storage.close());
  const queue = await openSqliteQueue({ storage, directory, clock: systemClock });
  await queue.recover('nobody');
  return queue;
}

/** Everything that was said to be on disk is there, and what was ended is gone. */
async function assertKept(queue: QueueStore, said: readonly string[][]): Promise<void> {
  const entries = new Map((await gather(queue.entries({}))).map((entry) => [entry.id as string, entry]));
  const byCause = new Map([...entries.values()].map((entry) => [entry.cause, entry]));
  const finished = new Set(said.filter(([what]) => what === 'finished').map(([, id]) => id));
  for (const [what, id, other, octets] of said) {
    if (what === 'finished') {
      assert.ok(!entries.has(id!), `${id} is there again`);
      assert.ok(entries.has(other!), `what follows ${id} is gone`);
      // The child may have been killed between the end of the entry and its line.
    } else if (!finished.has(id) && !byCause.has(`${id}:answer`)) {
      assert.ok(entries.has(id!), `${id} is gone`);
      assert.equal((await queue.message(other as Id))?.length, Number(octets));
    }
  }
  await assertWhole(queue, [...entries.values()]);
}

/** No entry without its message, no entry beside what it has become. */
async function assertWhole(queue: QueueStore, entries: readonly Entry[]): Promise<void> {
  const ids = new Set<string>(entries.map(({ id }) => id));
  for (const entry of entries) {
    assert.equal((await queue.message(entry.message))?.length, entry.size);
    assert.notEqual(entry.state, 'claimed');
    if (entry.kind === 'mail')
      assert.ok(!ids.has(entry.cause.split(':')[0]!), `${entry.cause} stands beside its cause`);
  }
}

for (const where of ['inline', 'thread']) {
  test(`what was acknowledged outlives kill -9 (${where})`, async (t) => {
    const directory = await temporaryDirectory(t);
    const said: string[][] = [];
    for (let round = 0; round < 3; round++) said.push(...(await killed(t, directory, [where], 40)));
    await assertKept(await reopened(t, directory), said);
  });
}

test('two processes on one queue, both killed: nothing is lost, nothing is done twice', async (t) => {
  const directory = await temporaryDirectory(t);
  const said = await killed(t, directory, ['inline', 'thread'], 40);
  const queue = await reopened(t, directory);
  await assertKept(queue, said);
  const finished = said.filter(([what]) => what === 'finished').map(([, id]) => id);
  assert.equal(new Set(finished).size, finished.length);
  const named = new Set((await gather(queue.entries({}))).map(({ message }) => message as string));
  const left = (await readdir(join(directory, 'body'))).filter((name) => !named.has(name));
  // A kill leaves at most the body that each was writing, or had just ended; the next starts remove it.
  assert.ok(left.length <= 4, left.join(' '));
});
