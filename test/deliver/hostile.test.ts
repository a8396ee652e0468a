import assert from 'node:assert/strict';
import { describe, test, type TestContext } from 'node:test';
import type { Trace } from '../../src/queue/store.ts';
import { startHostilePeer } from '../helpers/hostile-peer.ts';
import { type Outgoing, startOutgoing } from '../helpers/outgoing.ts';
import { until } from '../helpers/until.ts';
import { beginnings, larges, lasts, type Situation } from './hostile-situations.ts';
import { breaks } from './hostile-breaks.ts';
import { transactions } from './hostile-transactions.ts';

const patienceMs = 10_000;
const domain = 'x.example';

const isOver = ({ attempts }: Trace, rounds: number): boolean =>
  attempts.length >= rounds || attempts.at(-1)?.next === undefined;

/** Moves the clock from one try to the next; gives the attempts of everybody. */
async function attemptsOf(outgoing: Outgoing, count: number, rounds: number): Promise<Trace[]> {
  for (let round = 1; ; round++) {
    const traces = await until(`everybody's attempt ${round}`, async () => {
      const some = await outgoing.traces();
      if (some.length === count && some.every((trace) => isOver(trace, round))) return some;
      outgoing.moveTo(silenceEnd(outgoing));
      return undefined;
    });
    const next = traces.map(({ attempts }) => attempts.at(-1)?.next ?? 0);
    if (round === rounds || Math.max(...next) === 0) return traces;
    outgoing.moveTo(Math.max(...next));
  }
}

// While a lane is left alone nobody is tried.
function silenceEnd({ logged }: Outgoing): number {
  const silences = logged.filter(({ event }) => event === 'lane.backedOff');
  return Math.max(0, ...silences.map(({ fields }) => Number(fields['until'])));
}

// Which of the two hears of a reset first is chance.
function rowOf({ address, attempts }: Trace): [string, string[]] {
  const words = attempts.map(
    ({ state, reply }) => `${state} ${reply.replace(/(?:read|write) (?:ECONNRESET|EPIPE)/, 'reset')}`,
  );
  return [address.replace(/@.*/, ''), words];
}

// Nobody spoke where a lane was left alone.
function checkHosts(traces: readonly Trace[], host: string): void {
  for (const { address, attempts } of traces)
    for (const attempt of attempts) assert.equal(attempt.host, host, `${address}: ${attempt.reply}`);
}

// What counts as a bounce is what failed, and nothing else.
function checkBook({ refusals }: Outgoing, want: Situation['want']): void {
  const failed = Object.keys(want).filter((one) => want[one]!.some((attempt) => attempt.startsWith('failed')));
  const told = new Set(refusals.map(({ address }) => address.replace(/@.*/, '')));
  assert.deepEqual([...told].toSorted(), failed.toSorted(), 'whom the book of bounces knows');
}

async function run(t: TestContext, situation: Situation): Promise<void> {
  const { recipients = ['ann'], rounds = 1, patience = patienceMs, want } = situation;
  const peer = await startHostilePeer(t, situation.peer);
  const route = `${situation.isLast ? 'lmtp' : 'smtp'}://127.0.0.1:${peer.port}`;
  const outgoing = await startOutgoing(t, { route, timeouts: { command: patience, message: patience } });
  const addresses = recipients.map((one) => `${one}@${domain}`);
  await outgoing.post(addresses, situation.text);
  const traces = await attemptsOf(outgoing, addresses.length, rounds);
  assert.deepEqual(Object.fromEntries(traces.map(rowOf)), want);
  checkHosts(traces, '[127.0.0.1]');
  checkBook(outgoing, want);
  const connections = peer.lines.filter((line) => line === 'CONNECT').length;
  if (situation.connections !== undefined) assert.equal(connections, situation.connections, 'connections');
  const delivered = recipients.filter((one) => want[one]?.at(-1)?.startsWith('delivered'));
  assert.deepEqual(
    peer.taken.map(({ recipient }) => recipient).toSorted(),
    (situation.taken ?? delivered).toSorted(),
    'who got it',
  );
}

test('a copy of which nobody knows whether it was taken is counted as that', async (t) => {
  const peer = await startHostilePeer(t, { answers: { MESSAGE: [{ does: 'close' }] } });
  const outgoing = await startOutgoing(t, { route: `smtp://127.0.0.1:${peer.port}` });
  await outgoing.post([`ann@${domain}`]);
  await attemptsOf(outgoing, 1, 1);
  await until('the count', async () => {
    outgoing.moveTo(outgoing.clock.now() + 1_000);
    return (await outgoing.attempts('uncertain')) === 1;
  });
});

describe('a hostile receiver', { concurrency: 8 }, () => {
  for (const situation of [...beginnings, ...transactions, ...breaks, ...lasts, ...larges])
    test(situation.name, (t) => run(t, situation));
});
