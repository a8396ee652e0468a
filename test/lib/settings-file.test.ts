import assert from 'node:assert/strict';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { changeSettingsFile, readSettingsFile } from '../../src/lib/settings-file.ts';
import type { SettingRow } from '../../src/lib/settings.ts';
import { temporaryDirectory } from '../helpers/temporary.ts';

const rows = [
  { name: 'prefix', meaning: 'Before the subject.', type: 'text', initial: '', most: 20 },
  { name: 'limit', meaning: 'A limit.', type: 'number', initial: 1, least: 1, most: 100 },
  ...Array.from({ length: 8 }, (_, at) => ({
    name: `s${at}`,
    meaning: 'A switch.',
    type: 'boolean' as const,
    initial: false,
  })),
] satisfies SettingRow[];

async function file(t: TestContext, content?: string): Promise<string> {
  const path = join(await temporaryDirectory(t), 'list.json');
  if (content !== undefined) await writeFile(path, content);
  return path;
}

test('a file that is not there is made by the first change', async (t) => {
  const path = await file(t);
  assert.equal(await readSettingsFile(rows, path), undefined);
  assert.deepEqual(await changeSettingsFile(rows, path, { prefix: '[hi]' }), []);
  assert.deepEqual(JSON.parse(await readFile(path, 'utf8')), { prefix: '[hi]' });
  assert.equal((await readSettingsFile(rows, path))?.problems.length, 0);
});

test('a change keeps what else the file says, and undefined takes a setting out', async (t) => {
  const path = await file(t, '{ "prefix": "[hi]", "limit": 5 }');
  assert.deepEqual(await changeSettingsFile(rows, path, { limit: undefined, s1: true }), []);
  assert.deepEqual(JSON.parse(await readFile(path, 'utf8')), { prefix: '[hi]', s1: true });
});

test('nothing is written when a new value is wrong, and every wrong one is told', async (t) => {
  const content = '{ "prefix": "[hi]" }';
  const path = await file(t, content);
  const problems = await changeSettingsFile(rows, path, {
    limit: 0,
    prefix: 'a\nb',
    prefx: 'x',
    ['__proto__']: 1,
    s1: true,
  });
  assert.deepEqual(
    problems.map(({ name }) => name),
    ['limit', 'prefix', 'prefx', '__proto__'],
  );
  assert.equal(await readFile(path, 'utf8'), content);
});

test('a file with a mistake is not written over', async (t) => {
  const content = '{\n  "prefix": 5,\n  "limit" 7\n}';
  const path = await file(t, content);
  const problems = await changeSettingsFile(rows, path, { s1: true });
  assert.ok(problems.some(({ line, name }) => line === 2 && name === 'prefix'));
  assert.ok(problems.some(({ line }) => line === 3));
  assert.equal(await readFile(path, 'utf8'), content);
});

test('changes at the same time are all kept', async (t) => {
  const path = await file(t, '{}');
  const names = Array.from({ length: 8 }, (_, at) => `s${at}`);
  const problems = await Promise.all(names.map((name) => changeSettingsFile(rows, path, { [name]: true })));
  assert.deepEqual(problems.flat(), []);
  assert.deepEqual(Object.keys(JSON.parse(await readFile(path, 'utf8')) as object).toSorted(), names);
  const beside = await readdir(join(path, '..'));
  assert.deepEqual(
    beside.filter((name) => name.startsWith('.new')),
    [],
  );
});
