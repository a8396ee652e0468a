import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { join } from 'node:path';
import test from 'node:test';
import { wakeDaemon } from '../../src/cli/wake.ts';
import { ezlm, homeWithList, news, temporaryDirectory } from './test-door.ts';

test('nobody is told where there is no daemon', async (t) => {
  const directory = await temporaryDirectory(t);
  assert.equal(await wakeDaemon(join(directory, 'ezlm.sock')), false);
  assert.equal(await wakeDaemon(join(directory, 'x'.repeat(200))), false);
});

test('a change wakes the daemon through its socket', async (t) => {
  const home = await homeWithList(t);
  let heard = '';
  const server = createServer((socket) => {
    socket.on('data', (octets) => {
      heard += octets.toString();
    });
    socket.on('end', () => server.emit('heard'));
  });
  server.listen(join(home, 'ezlm.sock'));
  await once(server, 'listening');
  t.after(() => server.close());
  const ended = once(server, 'heard');
  await ezlm(home, ['sub', news, 'bob@example.net']);
  await ended;
  assert.equal(heard, 'wake\n');
});
