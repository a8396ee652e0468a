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
  await once(connectTo(path), 'end');
  assert.equal(rings, 1);
  assert.equal((await stat(path)).mode & 0o777, 0o600);
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
  await once(clinging, 'connect');
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
