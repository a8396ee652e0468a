import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { randomFrom } from '../helpers/random.ts';
import { temporaryDirectory } from '../helpers/temporary.ts';
import { Disk } from './disk.ts';
import type { Call } from './trace.ts';

const root = '/home/ezlm';

interface Told {
  readonly name: string;
  readonly on?: string;
  readonly strings?: readonly (string | Buffer)[];
  readonly words?: string;
  readonly result?: number;
}

/** Calls that follow each other; call n begins on line 2n and ends on line 2n + 1. */
function calls(...told: readonly Told[]): Call[] {
  return told.map(({ name, on = '', strings = [], words = '', result }, at) => {
    const octets = strings.map((text) => Buffer.from(text));
    const length = octets.reduce((sum, one) => sum + one.length, 0);
    const value = result ?? (name.includes('write') ? length : 0);
    return { pid: 1, name, began: 2 * at, ended: 2 * at + 1, at: at, words, strings: octets, on, result: value };
  });
}

const made = (path: string): Told => ({ name: 'openat', strings: [`${root}/${path}`], words: 'O_WRONLY|O_CREAT' });
const written = (path: string, text: string | Buffer, at: number): Told => {
  return { name: 'pwrite64', on: `${root}/${path}`, strings: [text], words: `3, "", 9, ${at}` };
};
const synced = (path: string): Told => ({ name: 'fsync', on: path === '' ? root : `${root}/${path}` });
const renamed = (from: string, to: string): Told => {
  return { name: 'rename', strings: [`${root}/${from}`, `${root}/${to}`] };
};

/** What is left after all of these calls (or those before `line`): name -> content. */
async function left(
  t: TestContext,
  told: readonly Told[],
  {
    line = Infinity,
    remains = 'nothing',
    seed = 1,
  }: { line?: number; remains?: 'nothing' | 'some'; seed?: number } = {},
): Promise<Record<string, string>> {
  const directory = await temporaryDirectory(t);
  const snapshot = join(directory, 'snapshot');
  mkdirSync(snapshot);
  writeFileSync(join(snapshot, 'old'), 'old');
  const disk = new Disk(snapshot, root);
  disk.follow(calls(...told), line);
  const target = join(directory, 'left');
  disk.leave(target, remains, randomFrom(seed));
  assert.ok(existsSync(target));
  const names = readdirSync(target, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  return Object.fromEntries(
    names.map(({ parentPath, name }) => [
      join(parentPath, name).slice(target.length + 1),
      readFileSync(join(parentPath, name), 'latin1'),
    ]),
  );
}

test('what was there before stays, and what was written is there after its sync', async (t) => {
  assert.deepEqual(await left(t, [written('old', 'new', 1)]), { old: 'old' });
  assert.deepEqual(await left(t, [written('old', 'new', 1), synced('old')]), { old: 'onew' });
  assert.deepEqual(await left(t, [written('old', 'new', 1), synced('old')], { line: 3 }), { old: 'old' });
});

test('what is written while a file is synced may miss that sync', async (t) => {
  const [write, sync] = calls(written('old', 'new', 0), synced('old'));
  const directory = await temporaryDirectory(t);
  const snapshot = join(directory, 'snapshot');
  mkdirSync(snapshot);
  writeFileSync(join(snapshot, 'old'), 'old');
  const disk = new Disk(snapshot, root);
  disk.follow(
    [
      { ...write!, ended: 3 },
      { ...sync!, ended: 4 },
    ],
    Infinity,
  );
  disk.leave(join(directory, 'left'), 'nothing', () => 0);
  assert.equal(readFileSync(join(directory, 'left', 'old'), 'latin1'), 'old');
});

test('a new name needs a sync of its directory, a file its own', async (t) => {
  const whole = [made('new'), written('new', 'text', 0), synced('new')];
  assert.deepEqual(await left(t, whole), { old: 'old' });
  assert.deepEqual(await left(t, [...whole, synced('')]), { new: 'text', old: 'old' });
  assert.deepEqual(await left(t, [made('new'), written('new', 'text', 0), synced('')]), { new: '', old: 'old' });
});

test('a file in a directory whose own name was not synced is gone', async (t) => {
  const inside = [
    { name: 'mkdir', strings: [`${root}/body`] },
    made('body/.new'),
    written('body/.new', 'text', 0),
    synced('body/.new'),
    renamed('body/.new', 'body/1'),
    synced('body'),
  ];
  assert.deepEqual(await left(t, inside), { old: 'old' });
  assert.deepEqual(await left(t, [...inside, synced('')]), { 'body/1': 'text', old: 'old' });
});

test('an old name comes back when its removal was not synced', async (t) => {
  const removed = [{ name: 'unlink', strings: [`${root}/old`] }];
  assert.deepEqual(await left(t, removed), { old: 'old' });
  assert.deepEqual(await left(t, [...removed, synced('')]), {});
});

test('a file that was cut short and grows again has zeros where nothing was written', async (t) => {
  const cut = { name: 'ftruncate', on: `${root}/old`, words: '3, 1' };
  assert.deepEqual(await left(t, [cut, written('old', 'x', 3), synced('old')]), { old: 'o\0\0x' });
});

test('of what was not synced each sector stays or goes', async (t) => {
  const old = Buffer.alloc(8 * 512, 'a');
  const kept = new Set<string>();
  for (let seed = 1; seed <= 40; seed++) {
    const told = [written('old', old, 0), synced('old'), written('old', Buffer.alloc(old.length, 'b'), 0)];
    const { old: text } = await left(t, told, { remains: 'some', seed });
    assert.match(text!, /^(?:a{512}|b{512}){8}$/);
    kept.add(text!);
  }
  assert.ok(kept.size > 20);
});
