import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { dirname, join, relative, resolve } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url)).replace(/\/$/, '');

const materials = ['lib', 'mail', 'smtp', 'list', 'domain', 'queue', 'route.ts', 'lane-report.ts', 'control.ts'];
const stages = ['receive', 'post', 'command', 'fanout', 'deliver', 'bounce', 'digest'];
const doors = ['cli', 'web', 'tour', 'serve.ts'];

/** Place in src/ -> the places it may import besides itself (DESIGN: direction). config.ts and log.ts are open to all. */
const mayImport: Readonly<Record<string, readonly string[]>> = {
  'config.ts': ['lib', 'mail', 'smtp'],
  'log.ts': ['lib', 'mail'],
  'lane-report.ts': [],
  'control.ts': ['lib', 'lane-report.ts'],
  lib: [],
  mail: ['lib'],
  smtp: ['lib', 'mail'],
  domain: ['lib', 'mail'],
  list: ['lib', 'mail'],
  queue: ['lib', 'mail', 'list'],
  'route.ts': ['lib', 'mail', 'list'],
  'engines.ts': ['lib', 'list', 'queue'],
  ...Object.fromEntries(stages.map((stage) => [stage, materials])),
  'stage-types.ts': materials,
  'arrivals.ts': materials,
  'endings.ts': materials,
  'dispatch.ts': [...materials, 'stage-types.ts', 'arrivals.ts', 'endings.ts'],
  'home.ts': ['lib', 'mail', 'list', 'queue', 'domain', 'engines.ts'],
  // What main.ts joins the stages with, in files of their own.
  'stages.ts': [...materials, ...stages, 'stage-types.ts', 'home.ts'],
  'notice-parts.ts': [...materials, 'home.ts', 'stages.ts'],
  'delivery-parts.ts': [...materials, ...stages, 'home.ts', 'stages.ts', 'notice-parts.ts', 'signing-thread.ts'],
  'signing-thread.ts': ['mail', 'deliver'],
  'signing-worker.ts': ['mail', 'signing-thread.ts'],
  'delivery-thread.ts': [...materials, 'deliver'],
  'delivery-worker.ts': ['lib', 'deliver', 'home.ts', 'delivery-parts.ts', 'delivery-thread.ts'],
  'traffic-book.ts': ['lib', 'deliver', 'home.ts'],
  'delivery.ts': [...materials, 'deliver', 'home.ts', 'traffic-book.ts', 'delivery-parts.ts', 'delivery-thread.ts'],
  'receivers.ts': [...materials, ...stages, 'home.ts', 'stages.ts'],
  'reload.ts': ['lib'],
  'bounce-rounds.ts': ['lib', 'list'],
  'main.ts': [
    ...materials,
    ...stages,
    'dispatch.ts',
    'home.ts',
    'engines.ts',
    'stages.ts',
    'notice-parts.ts',
    'delivery.ts',
    'receivers.ts',
    'reload.ts',
    'bounce-rounds.ts',
  ],
  'serve.ts': [...materials, 'home.ts', 'main.ts', 'engines.ts', 'tour', 'web'],
  tour: [...materials, 'home.ts'],
  // `bounces --test` says what the bounce stage would say.
  cli: [...materials, 'bounce', 'home.ts', 'engines.ts', 'serve.ts'],
  web: [...materials, 'home.ts'],
};

/** Values in, values out: these have no sockets (DESIGN: the house). */
const withoutSockets = ['mail', 'smtp', 'list', 'queue', 'route.ts', 'post', 'command', 'fanout', 'bounce', 'digest'];
const sockets = /^node:(?:net|tls|dns|dns\/promises|http|https|dgram)$/;

/** The only files that look at the environment or take signals. */
const readersOfProcess = ['src/main.ts', 'src/serve.ts'];

const bannedWords = new Set(['item', 'items', 'data', 'manager', 'util', 'utils', 'helper', 'helpers']);
/** Words that SMTP's DATA or an interface of Node imposes. */
const imposedNames = new Set(['workerData', 'onData', 'data.ts']);

interface SourceFile {
  /** Relative to the root, with slashes. */
  readonly path: string;
  /** The folder below src/, or the file's own name directly in it. */
  readonly place: string;
  readonly text: string;
  readonly lines: readonly string[];
}

function filesBelow(directory: string): string[] {
  return readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(root, join(entry.parentPath, entry.name)).replaceAll('\\', '/'))
    .toSorted();
}

function sourceFile(path: string): SourceFile {
  const text = readFileSync(join(root, path), 'utf8');
  return { path, place: path.split('/')[1]!, text, lines: text.split('\n') };
}

const sources = filesBelow(join(root, 'src'))
  .filter((path) => path.endsWith('.ts'))
  .map(sourceFile);

// `export … from`, `import … from`, `import '…'` and `import('…')`.
function importsOf(file: SourceFile): string[] {
  const found = file.text.matchAll(/(?:\bfrom\s+|\bimport\s*\(?\s*)'([^']+)'/g);
  return [...found].map((match) => match[1]!);
}

function placeOf(file: SourceFile, imported: string): string | undefined {
  const target = relative(join(root, 'src'), resolve(root, dirname(file.path), imported)).replaceAll('\\', '/');
  return target.startsWith('..') ? undefined : target.split('/')[0]!;
}

function wrongImport(place: string, target: string): boolean {
  return target !== place && target !== 'config.ts' && target !== 'log.ts' && !mayImport[place]?.includes(target);
}

test('every place in src/ has a row in the import table', () => {
  const places = new Set(sources.map((file) => file.place));
  assert.deepEqual(
    [...places].filter((place) => !(place in mayImport)),
    [],
  );
});

test('imports follow the import table', () => {
  const wrong = sources.flatMap((file) =>
    importsOf(file)
      .filter((imported) => imported.startsWith('.'))
      .filter((imported) => {
        const target = placeOf(file, imported);
        return target !== undefined && wrongImport(file.place, target);
      })
      .map((imported) => `${file.path} imports ${imported}`),
  );
  assert.deepEqual(wrong, []);
});

test('the import table lets no stage import a stage, and nothing import a door but doors', () => {
  for (const stage of stages)
    assert.equal(
      stages.some((other) => wrongImport(stage, other) === (other === stage)),
      false,
    );
  for (const place of Object.keys(mayImport)) {
    if (doors.includes(place)) continue;
    assert.deepEqual(
      doors.filter((door) => !wrongImport(place, door)),
      [],
    );
  }
});

test('what has no sockets imports none', () => {
  const wrong = sources
    .filter((file) => withoutSockets.includes(file.place))
    .flatMap((file) =>
      importsOf(file)
        .filter((name) => sockets.test(name))
        .map((name) => `${file.path}: ${name}`),
    );
  assert.deepEqual(wrong, []);
});

test('only the outermost files read the environment or take signals', () => {
  const wrong = sources.filter((file) => !readersOfProcess.includes(file.path));
  assert.deepEqual(
    wrong.filter((file) => /\bprocess\.(?:env|on|once|argv|exit)\b/.test(file.text)).map((file) => file.path),
    [],
  );
});

test('names use the words of the project', () => {
  const declared = /\b(?:const|let|function|class|interface|type|readonly)\s+\*?#?([A-Za-z_$][\w$]*)/g;
  const wrong = sources.flatMap((file) => {
    const names = [...file.text.matchAll(declared)].map((match) => match[1]!);
    return [...names, ...file.path.split('/').slice(1)].filter(isBanned).map((name) => `${file.path}: ${name}`);
  });
  assert.deepEqual(wrong, []);
});

function isBanned(name: string): boolean {
  if (imposedNames.has(name)) return false;
  const words = name.split(/[^A-Za-z]+|(?<=[a-z])(?=[A-Z])/);
  // As a verb (`handleBounce`) it is poor, as the name of a thing it says nothing at all.
  return words.some((word) => bannedWords.has(word.toLowerCase())) || /^handles?$/i.test(words.at(-1)!);
}

test('a source file has at most 300 lines', () => {
  assert.deepEqual(
    sources.filter((file) => file.lines.length > 301).map((file) => `${file.path}: ${file.lines.length - 1}`),
    [],
  );
});

// What git ignores, and what is made by others' programs.
const notOurs = /^(?:node_modules|\.git|dist|sandbox|coverage|test\/bench\/bin|lists\/(?!README\.md))(?:\/|$)/;

function ourFiles(): string[] {
  const top = readdirSync(root, { withFileTypes: true }).filter((entry) => !notOurs.test(entry.name));
  const below = top.flatMap((entry) => (entry.isDirectory() ? filesBelow(join(root, entry.name)) : [entry.name]));
  return below.filter((path) => !notOurs.test(path));
}

test('no file names a machine, a package host, or work that was put off', () => {
  const around = [dirname(root), homedir()].filter((path) => path.length > 1 && path !== tmpdir());
  const putOff = new RegExp(`\\b(?:${['TO', 'FIX'].join('DO|')}ME)\\b`);
  const hosts = /"resolved":|https?:\/\/registry\./;
  const wrong = ourFiles().filter((path) => {
    if (path === 'test/tidy.test.ts') return false;
    const text = readFileSync(join(root, path), 'utf8');
    return putOff.test(text) || hosts.test(text) || around.some((place) => text.includes(`${place}/`));
  });
  assert.deepEqual(wrong, []);
});

// See `Database` in lib/database.ts.
test('a limit of a statement is no bare parameter', () => {
  const wrong = sources.flatMap((file) =>
    file.lines.filter((line) => /\b(?:LIMIT|OFFSET) \?(?!\d* \+ 0)/.test(line)).map((line) => `${file.path}: ${line}`),
  );
  assert.deepEqual(wrong, []);
});

test('exported functions and classes carry a doc comment', () => {
  const wrong = sources.flatMap((file) =>
    file.lines
      .map((line, at) => ({ line, at, before: file.lines[at - 1] ?? '' }))
      .filter(({ line }) => /^export (?:async )?(?:function|class|abstract class)\b/.test(line))
      // Overloads follow each other; the first carries the comment.
      .filter(({ before }) => !before.endsWith('*/') && !/^export (?:async )?function .*;$/.test(before))
      .filter(({ at }) => !isShort(file, at))
      .map(({ line }) => `${file.path}: ${line}`),
  );
  assert.deepEqual(wrong, []);
});

// Two lines between the braces: name and types say it all.
function isShort({ lines }: SourceFile, start: number): boolean {
  return lines.indexOf('}', start) - start <= 3;
}
