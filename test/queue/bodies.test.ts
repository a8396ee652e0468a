import assert from 'node:assert/strict';
import { mkdir, readdir, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { engines } from '../../src/engines.ts';
import { type Id, idMaker } from '../../src/lib/ids.ts';
import { inlineStorage } from '../../src/lib/storage.ts';
import { Bodies } from '../../src/queue/bodies.ts';
import { openSqliteQueue } from '../../src/queue/sqlite-queue.ts';
import { HandClock } from '../helpers/hand-clock.ts';
import { temporaryDirectory } from '../helpers/temporary.ts';
import { Desk } from './opening.ts';

const hourMs = 3_600_000;
const large = Buffer.alloc(300_000, 'large');

async function namesIn(directory: string): Promise<string[]> {
  const names: string[] = await readdir(directory).catch(() => []);
  return names.toSorted();
}

async function sized(t: TestContext): Promise<{ desk: Desk; directory: string }> {
  const storage = inlineStorage(engines);
  const directory = await temporaryDirectory(t, () => storage.close());
  const clock = new HandClock(Date.now());
  return { desk: new Desk(await openSqliteQueue({ storage, directory, clock }), clock), directory };
}

test('only files that nobody names and that are an hour old are removed', async (t) => {
  const directory = join(await temporaryDirectory(t), 'body');
  const clock = new HandClock(Date.now());
  const bodies = new Bodies(directory, clock, async () => true);
  assert.equal(await bodies.removeOrphans(new Set()), 0);
  await mkdir(directory);
  const ages: [name: string, ms: number][] = [
    ['named', 5 * hourMs],
    ['old', hourMs + 60_000],
    ['young', hourMs - 60_000],
    // What a crash leaves of a durable write.
    ['.new-1-abc', 5 * hourMs],
  ];
  for (const [name, ms] of ages) {
    const path = join(directory, name);
    await writeFile(path, 'x');
    const changed = new Date(clock.now() - ms);
    await utimes(path, changed, changed);
  }
  assert.equal(await bodies.removeOrphans(new Set(['named'])), 2);
  assert.deepEqual(await namesIn(directory), ['named', 'young']);
});

test('a body is whole, private, and gone when it is removed', async (t) => {
  const bodies = new Bodies(join(await temporaryDirectory(t), 'body'), new HandClock(), async () => true);
  const id = idMaker(new HandClock())();
  assert.equal(await bodies.read(id), undefined);
  await bodies.write(id, large);
  await bodies.write(id, large);
  assert.ok((await bodies.read(id))?.equals(large));
  await bodies.remove(id);
  await bodies.remove(id);
  assert.equal(await bodies.read(id), undefined);
});

test('large bodies are files as long as an entry uses them, small ones never', async (t) => {
  const { desk, directory } = await sized(t);
  const [small, big] = [desk.message('small'), desk.message(large)];
  const entries = [small, big, big].map((message) => desk.entry(message));
  await desk.queue.accept([small, big], entries);
  assert.deepEqual(await namesIn(join(directory, 'body')), [big.id]);
  for (const { id } of entries) await desk.queue.drop(id);
  assert.deepEqual(await namesIn(join(directory, 'body')), []);
});

test('no file stays of what was not committed', async (t) => {
  const { desk, directory } = await sized(t);
  const first = await desk.accepted({ cause: 'once' });
  const again = desk.message(large);
  await desk.queue.accept([again], [desk.entry(again, { cause: 'once' })]);
  const lost = desk.message(large);
  assert.equal(await desk.queue.finish({ owner: 'nobody', leaseMs: 1 }, first.id, [lost], [desk.entry(lost)]), false);
  const broken = desk.entry(lost, { kind: 'nonsense' as 'mail' });
  await assert.rejects(desk.queue.accept([lost], [broken]));
  assert.deepEqual(await namesIn(join(directory, 'body')), []);
});

test('a start keeps the bodies that are named and removes old files that are not', async (t) => {
  const { desk, directory } = await sized(t);
  const message = desk.message(large);
  await desk.queue.accept([message], [desk.entry(message)]);
  const orphan = idMaker(desk.clock)();
  await writeFile(join(directory, 'body', orphan), large);
  await desk.queue.recover('daemon');
  assert.deepEqual(await namesIn(join(directory, 'body')), [message.id, orphan].toSorted());
  desk.clock.move(2 * hourMs);
  await desk.queue.recover('daemon');
  assert.deepEqual(await namesIn(join(directory, 'body')), [message.id as string]);
  assert.ok((await desk.queue.message(message.id))?.equals(large));
});

test('the id of a message that is not there reads nothing', async (t) => {
  const { desk } = await sized(t);
  assert.equal(await desk.queue.message('../../queue.db' as Id), undefined);
});
