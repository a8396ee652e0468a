import assert from 'node:assert/strict';
import { mkdir, readdir, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'node:test';
import { fileArchive } from '../../src/list/archive.ts';
import { temporaryDirectory } from '../helpers/temporary.ts';

test("posts lie where ezmlm's numbering puts them, marked as complete", async (t) => {
  const directory = join(await temporaryDirectory(t), 'archive');
  const archive = fileArchive(directory);
  const table: [number: number, path: string][] = [
    [1, '0/01'],
    [99, '0/99'],
    [100, '1/00'],
    [15_307, '153/07'],
  ];
  for (const [number, path] of table) {
    await archive.write(number, Buffer.from(`post ${number}\r\n`));
    assert.equal((await archive.read(number))?.toString(), `post ${number}\r\n`);
    assert.equal((await stat(join(directory, path))).mode & 0o700, 0o700, path);
  }
  assert.equal(await archive.read(2), undefined);
});

test('octets are kept as they came, and no other file stays', async (t) => {
  const directory = await temporaryDirectory(t);
  const octets = Buffer.from(Array.from({ length: 256 }, (_, i) => i));
  await fileArchive(directory).write(7, octets);
  assert.deepEqual(await fileArchive(directory).read(7), octets);
  assert.deepEqual(await readdir(join(directory, '0')), ['07']);
});

test('what a crash left under a number is replaced', async (t) => {
  const directory = await temporaryDirectory(t);
  const archive = fileArchive(directory);
  await archive.write(1, Buffer.from('a longer text of the post that got no number'));
  await writeFile(join(directory, '0', '.new-01'), 'one that was not even renam');
  await archive.write(1, Buffer.from('the post'));
  assert.equal((await archive.read(1))?.toString(), 'the post');
  assert.deepEqual(await readdir(join(directory, '0')), ['01']);
});

test('a post that cannot be written is an error and leaves nothing half-done', async (t) => {
  const directory = await temporaryDirectory(t);
  await mkdir(join(directory, '0', '01'), { recursive: true });
  await writeFile(join(directory, '1'), '');
  const archive = fileArchive(directory);
  await assert.rejects(archive.write(1, Buffer.from('x')), { code: 'EISDIR' });
  await assert.rejects(archive.write(100, Buffer.from('x')));
  assert.deepEqual(await readdir(join(directory, '0')), ['01']);
});

test('what is no post number is a mistake of ours', async (t) => {
  const archive = fileArchive(await temporaryDirectory(t));
  for (const number of [0, -1, 1.5, Number.NaN])
    await assert.rejects(archive.write(number, Buffer.alloc(1)), RangeError);
});
