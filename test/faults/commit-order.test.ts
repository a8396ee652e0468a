import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { temporaryDirectory } from '../helpers/temporary.ts';
import { orderProblems } from './commit-order.ts';
import { readTrace } from './trace.ts';

const home = '/home/ezlm';
const wal = `${home}/queue/queue.db-wal`;
const body = `${home}/queue/body`;

/** As `strace -xx` writes it. */
function hex(text: string | Buffer): string {
  return Buffer.from(text)
    .toString('hex')
    .replaceAll(/../g, (octet) => `\\x${octet}`);
}

const header = (pages: number): Buffer => {
  const octets = Buffer.alloc(24);
  octets.writeUInt32BE(pages, 4);
  return octets;
};
const write = (octets: string | Buffer): string => `7 1.0 pwrite64(9<${hex(wal)}>, "${hex(octets)}", 9, 32) = 9`;
const sync = (path = wal): string => `7 1.0 fsync(9<${hex(path)}>) = 0`;
const journal = (side: number): string => `${home}/queue/journal-${side}`;
const journaled = (side: number): string =>
  `7 1.0 pwritev(9<${hex(journal(side))}>, [{iov_base="${hex('head')}", iov_len=4}, {iov_base="${hex('… 01abc …')}", iov_len=11}], 2, 32) = 15`;
const reply = '6 1.0 write(8<TCP:[127.0.0.1:25->127.0.0.1:4711]>, "' + hex('250 2.0.0 ok 01abc\r\n') + '", 20) = 20';
const rename = `6 1.0 rename("${hex(`${body}/.new-1`)}", "${hex(`${body}/01msg`)}") = 0`;
const mkdir = `6 1.0 mkdir("${hex(body)}", 0700) = 0`;

const entry = [write(header(0)), write('… 01abc …'), write(header(3)), write('page')];
const named = [write(header(3)), write('… 01abc … 01msg …')];
const filed = [sync(`${body}/.new-1`), rename, sync(body)];

const table: readonly (readonly [string, readonly string[], RegExp | undefined])[] = [
  ['a commit that is synced before the reply', [...entry, sync(), reply], undefined],
  ['a reply before the sync', [...entry, reply, sync()], /before the sync/],
  ['a reply before anything is written', [reply, ...entry, sync()], /not written before/],
  ['a sync before the last frame', [...entry.slice(0, 2), sync(), ...entry.slice(2), reply], /never synced/],
  [
    'a sync that failed',
    [...entry, `7 1.0 fsync(9<${hex(wal)}>) = -1 EIO (Input/output error) (INJECTED)`, reply],
    /never synced/,
  ],
  [
    'a sync that ends after the reply',
    [...entry, `7 1.0 fsync(9<${hex(wal)}> <unfinished ...>`, reply, '7 1.0 <... fsync resumed>) = 0'],
    /before the sync/,
  ],
  ['a journal that is synced before the reply', [journaled(0), sync(journal(0)), reply], undefined],
  ['a reply before the sync of the journal', [journaled(0), reply, sync(journal(0))], /before the sync of its journal/],
  ['a sync of the other file', [journaled(0), sync(journal(1)), reply], /before the sync of its journal/],
  ['a reply before the journal is written', [reply, journaled(0), sync(journal(0))], /not written before/],
  ['a body that is a file', [...filed, write('01abc'), ...named, sync(), reply], undefined],
  ['a body without a sync', [rename, sync(body), ...named], /its body was not synced/],
  ['a name without a sync', [filed[0]!, rename, ...named, sync(body)], /its name was not synced/],
  ['a directory without a sync', [mkdir, ...filed, ...named], /its directory/],
  ['a directory with a sync', [mkdir, sync(`${home}/queue`), ...filed, ...named], undefined],
];

async function problemsOf(t: TestContext, lines: readonly string[]): Promise<string[]> {
  const path = join(await temporaryDirectory(t), 'trace');
  await writeFile(path, `${lines.join('\n')}\n`);
  return orderProblems(await readTrace(path), home);
}

for (const [what, lines, problem] of table) {
  test(`the order of syncs and replies: ${what}`, async (t) => {
    const problems = await problemsOf(t, lines);
    if (problem) assert.match(problems.join('\n'), problem);
    else assert.deepEqual(problems, []);
  });
}
