import assert from 'node:assert/strict';
import { readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { engines } from '../../src/engines.ts';
import { idMaker } from '../../src/lib/ids.ts';
import { inlineStorage } from '../../src/lib/storage.ts';
import { OutcomeFiles } from '../../src/queue/outcome-files.ts';
import { HandClock } from '../helpers/hand-clock.ts';
import { temporaryDirectory } from '../helpers/temporary.ts';

const dayMs = 86_400_000;

test('a post’s outcomes go to the ISO week of its id', async () => {
  const storage = inlineStorage({});
  const files = new OutcomeFiles(storage, '/nowhere');
  const table = [
    ['2026-01-01T00:00:00Z', 'outcomes-2026-W01.db'],
    ['2026-01-04T23:59:59.999Z', 'outcomes-2026-W01.db'],
    ['2026-01-05T00:00:00Z', 'outcomes-2026-W02.db'],
    ['2025-12-28T12:00:00Z', 'outcomes-2025-W52.db'],
    ['2025-12-29T00:00:00Z', 'outcomes-2026-W01.db'],
    ['2027-01-03T23:59:59Z', 'outcomes-2026-W53.db'],
    ['2027-01-04T00:00:00Z', 'outcomes-2027-W01.db'],
    ['2028-02-29T12:00:00Z', 'outcomes-2028-W09.db'],
  ] as const;
  for (const [time, name] of table) assert.equal(files.name(idMaker(new HandClock(Date.parse(time)))()), name, time);
});

test('a file is removed when the last post of its week is older than asked, with what SQLite keeps beside it', async (t) => {
  const storage = inlineStorage(engines);
  const directory = await temporaryDirectory(t, () => storage.close());
  const files = new OutcomeFiles(storage, directory);
  const monday = Date.parse('2026-01-05T00:00:00Z');
  const post = idMaker(new HandClock(monday))();
  await files.of(post)('recorded', { post, first: 0, count: 1 });
  await writeFile(join(directory, 'outcomes-notes.txt'), 'not ours');
  const nextMonday = monday + 7 * dayMs;
  assert.equal(await files.forget(90, nextMonday + 90 * dayMs), 0);
  assert.equal(files.all().length, 1);
  assert.equal(await files.forget(90, nextMonday + 90 * dayMs + 1), 1);
  assert.deepEqual(await readdir(directory), ['outcomes-notes.txt']);
});
