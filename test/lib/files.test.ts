import assert from 'node:assert/strict';
import { chmod, mkdir, readdir, readFile, stat, symlink, writeFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { test } from 'node:test';
import * as fc from 'fast-check';
import {
  changeTime,
  ensureDirectory,
  readIfExists,
  safeName,
  syncDirectory,
  writeDurable,
  writeSynced,
} from '../../src/lib/files.ts';
import { temporaryDirectory } from '../helpers/temporary.ts';

test('a durable write replaces the whole file and leaves nothing beside it', async (t) => {
  const directory = await temporaryDirectory(t);
  const path = join(directory, 'list.json');
  for (const content of ['first, and longer', 'second', '', Buffer.from([0, 255])]) {
    await writeDurable(path, content, 0o600);
    assert.deepEqual(await readFile(path), Buffer.from(content));
    assert.equal((await stat(path)).mode & 0o777, 0o600);
  }
  assert.deepEqual(await readdir(directory), ['list.json']);
});

test('writers at the same time do not mix: one of their contents is there, whole', async (t) => {
  const directory = await temporaryDirectory(t);
  const path = join(directory, 'file');
  const contents = Array.from({ length: 20 }, (_, at) => String(at % 10).repeat(10_000));
  await Promise.all(contents.map((content) => writeDurable(path, content)));
  assert.ok(contents.includes(await readFile(path, 'utf8')));
  assert.deepEqual(await readdir(directory), ['file']);
});

test('a durable write that fails leaves the old content and nothing beside it', async (t) => {
  const directory = await temporaryDirectory(t);
  const path = join(directory, 'taken');
  await mkdir(path);
  await assert.rejects(writeDurable(path, 'x'), { code: 'EISDIR' });
  assert.deepEqual(await readdir(directory), ['taken']);
  await assert.rejects(writeDurable(join(directory, 'none', 'file'), 'x'), { code: 'ENOENT' });
});

test('a synced write takes no name that is taken, not even by a link to nowhere', async (t) => {
  const directory = await temporaryDirectory(t);
  const path = join(directory, 'once');
  await writeSynced(path, 'first');
  await syncDirectory(directory);
  await assert.rejects(writeSynced(path, 'second'), { code: 'EEXIST' });
  assert.equal(await readFile(path, 'utf8'), 'first');
  const link = join(directory, 'link');
  await symlink(join(directory, 'elsewhere'), link);
  await assert.rejects(writeSynced(link, 'x'), { code: 'EEXIST' });
  assert.equal(await readIfExists(join(directory, 'elsewhere')), undefined);
});

test('a file that is not there reads as undefined; other trouble rejects', async (t) => {
  const directory = await temporaryDirectory(t);
  const path = join(directory, 'file');
  for (const name of [path, join(path, 'below'), join(directory, 'none', 'file')]) {
    assert.equal(await readIfExists(name), undefined);
    assert.equal(await changeTime(name), undefined);
  }
  await writeFile(path, 'x');
  assert.equal((await readIfExists(path))?.toString(), 'x');
  assert.equal(await readIfExists(join(path, 'below')), undefined);
  assert.equal(await changeTime(path), (await stat(path)).mtimeMs);
  await assert.rejects(readIfExists(directory), { code: 'EISDIR' });
});

test('a directory is made with its parents, once or again', async (t) => {
  const path = join(await temporaryDirectory(t), 'a', 'b');
  await ensureDirectory(path, 0o700);
  await chmod(path, 0o755);
  await ensureDirectory(path, 0o700);
  assert.equal((await stat(path)).mode & 0o777, 0o755);
});

test('a directory may be named from where we stand', async (t) => {
  const directory = await temporaryDirectory(t);
  for (const name of ['a', './b/../b/c', 'a/d/e/']) {
    await ensureDirectory(relative(process.cwd(), join(directory, name)));
    assert.ok((await stat(join(directory, name))).isDirectory());
  }
});

test('any text becomes one safe name', () => {
  const table = [
    ['bob@example.net', 'bob@example.net'],
    ['bob+news@x.example', 'bob+news@x.example'],
    ['.', '%2e'],
    ['..', '%2e%2e'],
    ['...', '...'],
    ['a/b', 'a%2fb'],
    ['../../etc', '..%2f..%2fetc'],
    ['\0', '%00'],
    ['Bob', '%42ob'],
    ['bob', 'bob'],
    ['%42ob', '%2542ob'],
    ['a b\r\n', 'a%20b%0d%0a'],
    ['jürgen', 'j%c3%bcrgen'],
    ['\\', '%5c'],
    ['~', '%7e'],
    ['__proto__', '__proto__'],
  ] as const;
  for (const [text, name] of table) assert.equal(safeName(text), name, text);
});

test('different texts have different safe names, of safe octets only', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), fc.string({ unit: 'binary' }), (one, other) => {
      const name = safeName(one);
      assert.match(name, /^[a-z0-9@._+%-]*$/);
      assert.ok(name !== '.' && name !== '..');
      if (one !== other) assert.notEqual(name, safeName(other));
    }),
  );
});
