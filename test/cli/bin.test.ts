import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { chmod, cp, mkdir, readFile, stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'node:test';
import { fileURLToPath } from 'node:url';
import { homeWithList, news, temporaryDirectory } from './test-door.ts';

const bin = fileURLToPath(new URL('../../bin/', import.meta.url));

function run(
  program: string,
  words: readonly string[],
  options: { home?: string; input?: string; env?: Record<string, string>; uid?: number } = {},
) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [join(bin, program), ...words], {
    encoding: 'utf8',
    input: options.input ?? '',
    env: {
      PATH: process.env['PATH'],
      ...(options.home === undefined ? {} : { EZLM_HOME: options.home }),
      ...options.env,
    },
    ...(options.uid === undefined ? {} : { uid: options.uid, gid: options.uid }),
  });
  return { code: status, output: stdout, talk: stderr };
}

test('every program in bin may be executed and is named in package.json', async () => {
  const text = await readFile(new URL('../../package.json', import.meta.url), 'utf8');
  const { bin: programs } = JSON.parse(text) as { bin: Record<string, string> };
  for (const [name, path] of Object.entries(programs)) {
    assert.equal(path, `bin/${name}`);
    assert.equal((await stat(join(bin, name))).mode & 0o111, 0o111, name);
  }
});

test('a process reads the home from EZLM_HOME and addresses from standard input', async (t) => {
  const home = await homeWithList(t);
  const added = run('ezlm', ['sub', news], { home, input: 'bob@example.net\ncarla@example.net\n' });
  assert.deepEqual(added, { code: 0, output: '', talk: `2 added at ${news}\n` });
  assert.equal(run('ezlm', ['list', news], { home }).output, 'bob@example.net\ncarla@example.net\n');
  const table: [program: string, words: string[], sender: string, code: number][] = [
    ['ezmlm-issubn', [join(home, 'lists/lists.example.org/news')], 'bob@example.net', 0],
    ['ezmlm-issubn', [join(home, 'lists/lists.example.org/news')], 'dora@example.net', 99],
    ['ezmlm-issubn', ['/nowhere'], 'bob@example.net', 100],
  ];
  for (const [program, words, sender, code] of table) {
    assert.equal(run(program, words, { env: { SENDER: sender } }).code, code, `${words.join(' ')} ${sender}`);
  }
});

test('a reader that has had enough ends the output without a complaint', async (t) => {
  const home = await homeWithList(t);
  run('ezlm', ['sub', news], {
    home,
    input: Array.from({ length: 20_000 }, (_, i) => `user${i}@example.net\n`).join(''),
  });
  const command = `"${process.execPath}" "${join(bin, 'ezlm')}" --home "${home}" list ${news} | head -n 1`;
  const { stdout, stderr } = spawnSync('sh', ['-c', command], { encoding: 'utf8' });
  assert.match(stdout, /^\S+@example\.net\n$/);
  assert.equal(stderr, '');
});

test('a list directory that may not be written is exit 77', async (t) => {
  const home = await homeWithList(t);
  const directory = join(home, 'lists/lists.example.org/news');
  const isRoot = process.getuid?.() === 0;
  for (const path of [home, join(home, 'lists'), join(home, 'lists/lists.example.org')]) await chmod(path, 0o755);
  await chmod(directory, 0o555);
  await chmod(join(directory, 'list.db'), 0o444);
  const refused = run('ezlm', ['sub', news, 'bob@example.net'], { home, ...(isRoot ? { uid: 65_534 } : {}) });
  await chmod(directory, 0o755);
  assert.equal(refused.code, 77, refused.talk);
  assert.match(refused.talk, /^ezlm: .*\n +.*\n$/);
});

// A Node that is too old is played by a script that says so: the real one cannot be asked of every machine.
test('on a Node that is too old, the one of the package is started; without one it is said what is needed', async (t) => {
  const root = await temporaryDirectory(t);
  await cp(bin, join(root, 'bin'), { recursive: true });
  const old = `Object.defineProperty(process.versions, 'node', { value: '20.0.0' });\n`;
  await writeFile(join(root, 'old.cjs'), old);
  const start = (...words: string[]) =>
    spawnSync(process.execPath, ['--require', join(root, 'old.cjs'), join(root, 'bin/ezlm'), ...words], {
      encoding: 'utf8',
    });
  const without = start('list');
  assert.equal(without.status, 69);
  assert.match(without.stderr, /Node 24 or newer is needed.*\n.*npm ci/);

  const folder = join(root, 'node_modules', `node-${process.platform}-${process.arch}`, 'bin');
  await mkdir(folder, { recursive: true });
  await symlink(process.execPath, join(folder, 'node'));
  await mkdir(join(root, 'dist/cli'), { recursive: true });
  await writeFile(join(root, 'package.json'), '{"type":"module"}');
  await writeFile(
    join(root, 'dist/cli/main.js'),
    "export const main = async ({ words }) => { console.log(words.join('+')); return 42; };\n",
  );
  const through = start('list', 'a b');
  assert.deepEqual([through.status, through.stdout], [42, 'list+a b\n']);

  const wait =
    "export const main = () => new Promise((end) => { process.on('SIGTERM', () => end(7)); console.log('ready'); setInterval(() => {}, 1000).unref(); process.stdin.resume(); });\n";
  await writeFile(join(root, 'dist/cli/main.js'), wait);
  const child = spawn(process.execPath, ['--require', join(root, 'old.cjs'), join(root, 'bin/ezlm')], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  child.stdout.once('data', () => child.kill('SIGTERM'));
  assert.equal(await new Promise((resolve) => child.once('exit', resolve)), 7);
});
