import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtemp, rm, stat } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { hangBell } from '../../src/lib/bell.ts';

async function bellIn(t: TestContext): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'ezlm-bell-'));
  t.after(() => rm(directory, { recursive: true, force: true }));
  return join(directory, 'ezlm.sock');
}

test('a connection rings, and the socket is for its user alone', async (t) => {
  const path = await bellIn(t);
  let rings = 0;
  const bell = await hangBell(path, () => rings++);
  t.after(() => bell.close());
  for (const said of ['', 'wake\n', 'wake', '\n', ' wake \r\nand more']) {
    const before = rings;
    const ringer = connectTo(path);
    ringer.end(said);
    await once(ringer, 'close');
    assert.equal(rings, before + 1, said);
  }
  assert.equal((await stat(path)).mode & 0o777, 0o600);
});

test('a question is answered with one line, and does not ring', async (t) => {
  const path = await bellIn(t);
  let rings = 0;
  const bell = await hangBell(
    path,
    () => rings++,
    async (question) => question.toUpperCase(),
  );
  t.after(() => bell.close());
  for (const part of ['how many?\n', 'how many?', 'how many?\nand\n']) {
    const asker = connect(path).setEncoding('utf8');
    asker.end(part);
    let answer = '';
    for await (const text of asker) answer += String(text);
    assert.equal(answer, 'HOW MANY?\n');
  }
  assert.equal(rings, 0);
});

test('a question without an end is cut off at its limit', async (t) => {
  const path = await bellIn(t);
  let letters = 0;
  const bell = await hangBell(
    path,
    () => {},
    async (question) => String((letters = question.length)),
  );
  t.after(() => bell.close());
  const asker = connect(path);
  asker.on('error', () => {});
  asker.write('x'.repeat(1_000_000));
  await once(asker.resume(), 'end');
  asker.destroy();
  assert.ok(letters >= 8_192 && letters < 1_000_000, String(letters));
});

test('the bell can be taken down after somebody rang, spoke, or does not hang up', async (t) => {
  const path = await bellIn(t);
  let rings = 0;
  const bell = await hangBell(path, () => rings++);
  const speaker = connectTo(path);
  speaker.end('wake\n');
  await once(speaker, 'close');
  const clinging = connect({ path, allowHalfOpen: true }).on('error', () => {});
  t.after(() => clinging.destroy());
  clinging.write('wake\n');
  await once(clinging.resume(), 'end');
  await bell.close();
  assert.equal(rings, 2);
});

test('a socket file that a dead process left is replaced', async (t) => {
  const path = await bellIn(t);
  const first = await hangBell(path, () => {});
  const second = await hangBell(path, () => {});
  await second.close();
  await first.close();
});

function connectTo(path: string) {
  return connect(path)
    .on('error', () => {})
    .resume();
}
