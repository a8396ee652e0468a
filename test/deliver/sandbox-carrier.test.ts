import assert from 'node:assert/strict';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import type { CarrierPort, ChunkJob, Delivery } from '../../src/deliver/delivery.ts';
import { SingleRun } from '../../src/deliver/runs.ts';
import { SandboxCarrier } from '../../src/deliver/sandbox-carrier.ts';
import type { FromTraffic } from '../../src/deliver/traffic-messages.ts';
import { systemClock } from '../../src/lib/clock.ts';
import type { Id } from '../../src/lib/ids.ts';
import { wireMessage } from '../../src/smtp/data.ts';
import { temporaryDirectory } from '../helpers/temporary.ts';
import { until } from '../helpers/until.ts';

const news = 'news@h.example';
const job: ChunkJob = { kind: 'chunk', chunk: 1, post: 'p' as Id, list: news, owed: 9, back: 0, backUntil: Infinity };
const load = { message: wireMessage(Buffer.from('Subject: s\r\n\r\n')), birth: 0 };

/** A carrier that begins nothing before it may, and what became of what it was given. */
async function sandbox(t: TestContext) {
  const root = await temporaryDirectory(t);
  const state = { mayBegin: true, settled: [] as string[], back: [] as string[], opened: 0 };
  const port: CarrierPort = {
    mayBegin: () => state.mayBegin,
    begun: () => {},
    returned: () => {},
    settle: ({ recipient }, { state: how }) => void state.settled.push(`${recipient} ${how}`),
    putBack: (run) => void state.back.push(run.domain),
    opened: () => state.opened++,
  };
  let tell: (message: FromTraffic) => void = () => {};
  const traffic = { tell: () => {}, hear: (listener: typeof tell) => void (tell = listener) };
  const carrier = new SandboxCarrier(root, { clock: systemClock, hostname: 'here', traffic }, port);
  const carry = (recipient: string): void => {
    const delivery: Delivery = { load, sender: '', recipient, isAscii: true, member: 1, position: 0, job };
    carrier.carry(recipient.slice(recipient.indexOf('@') + 1), new SingleRun(delivery), false);
  };
  return { root, state, carrier, carry, tell: (message: FromTraffic) => tell(message) };
}

test('copies go into Maildirs, one for each recipient', async (t) => {
  const { root, state, carry } = await sandbox(t);
  carry('bob@b.example');
  await until('a copy', () => state.settled.length === 1);
  assert.deepEqual(state.settled, ['bob@b.example delivered']);
  assert.equal((await readdir(join(root, 'bob@b.example', 'new'))).length, 1);
});

test('a domain that is paused gets nothing, and what waits for it goes back', async (t) => {
  const { state, carrier, carry, tell } = await sandbox(t);
  state.mayBegin = false;
  carry('bob@b.example');
  carry('dan@d.example');
  tell({ kind: 'hold', domain: 'b.example', isPaused: true });
  carry('eve@b.example');
  assert.deepEqual(state.back, ['b.example', 'b.example']);
  assert.deepEqual(carrier.busyDomains(), ['b.example']);
  assert.deepEqual(carrier.fullLanes(), [{ domains: ['b.example'], posts: undefined }]);
  state.mayBegin = true;
  carrier.resume();
  await until('the copy for the other', () => state.settled.length === 1);
  tell({ kind: 'hold', domain: 'b.example', isPaused: false });
  assert.equal(state.opened, 1);
  carry('bob@b.example');
  await until('a copy', () => state.settled.length === 2);
});

test('what waits of a list goes back when it is called back', async (t) => {
  const { state, carry, tell } = await sandbox(t);
  state.mayBegin = false;
  carry('bob@b.example');
  tell({ kind: 'putBack', list: news });
  assert.deepEqual(state.back, ['b.example']);
});
