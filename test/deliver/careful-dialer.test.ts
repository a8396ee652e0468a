import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { test, type TestContext } from 'node:test';
import { carefulDialer, type CarefulDialerParts } from '../../src/deliver/careful-dialer.ts';
import { netDialer } from '../../src/deliver/session-setup.ts';
import { HandClock } from '../helpers/hand-clock.ts';

/** A host that takes connections, and where they came from. */
async function host(t: TestContext): Promise<{ port: number; from: string[] }> {
  const from: string[] = [];
  const server = createServer((socket) => {
    from.push(socket.remoteAddress!);
    socket.on('error', () => {});
    socket.resume();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => server.close());
  const address = server.address();
  return { port: typeof address === 'object' ? address!.port : 0, from };
}

function parts(given: Partial<CarefulDialerParts> = {}): { parts: CarefulDialerParts; heard: string[] } {
  const heard: string[] = [];
  return {
    heard,
    parts: {
      dialer: netDialer,
      clock: new HandClock(),
      sourceAddresses: [],
      deadUntil: () => 0,
      onTimedOut: (address) => heard.push(`timed out ${address}`),
      onAnswered: (address) => heard.push(`answered ${address}`),
      ...given,
    },
  };
}

test('connections come from each of our addresses in turn, of the family of the host', async (t) => {
  const { port, from } = await host(t);
  const sourceAddresses = ['127.0.0.2', '::1', '127.0.0.3'];
  const made = parts({ sourceAddresses });
  const dial = carefulDialer(made.parts);
  for (let n = 0; n < 4; n++) (await dial('127.0.0.1', port, 2_000)).destroy();
  assert.deepEqual(from, ['127.0.0.2', '127.0.0.3', '127.0.0.2', '127.0.0.3']);
  assert.equal(made.heard.filter((line) => line === 'answered 127.0.0.1').length, 4);
});

test('the address that a route names goes before ours', async (t) => {
  const { port, from } = await host(t);
  const dial = carefulDialer(parts({ sourceAddresses: ['127.0.0.2'] }).parts);
  (await dial('127.0.0.1', port, 2_000, '127.0.0.9')).destroy();
  assert.deepEqual(from, ['127.0.0.9']);
});

test('a host that did not answer lately is not dialed', async () => {
  const clock = new HandClock();
  const until = clock.now() + 60_000;
  let dialed = 0;
  const dialer = async (): Promise<never> => {
    dialed++;
    throw new Error('nobody');
  };
  const dial = carefulDialer(parts({ clock, dialer, deadUntil: () => until }).parts);
  await assert.rejects(dial('192.0.2.1', 25, 1_000), /did not answer lately, and is left alone until 2026-01-15T00:01/);
  assert.equal(dialed, 0);
  clock.move(60_000);
  await assert.rejects(dial('192.0.2.1', 25, 1_000), /nobody/);
});

test('only silence makes a host suspect: one that refuses is there', async () => {
  for (const [code, heard] of [
    ['ETIMEDOUT', ['timed out 192.0.2.1']],
    ['ECONNREFUSED', []],
    ['EHOSTUNREACH', []],
  ] as const) {
    const dialer = async (): Promise<never> => {
      throw Object.assign(new Error(code), { code });
    };
    const made = parts({ dialer });
    await assert.rejects(carefulDialer(made.parts)('192.0.2.1', 25, 1_000));
    assert.deepEqual(made.heard, heard);
  }
});
