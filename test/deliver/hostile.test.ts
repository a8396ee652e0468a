import assert from 'node:assert/strict';
import { describe, test, type TestContext } from 'node:test';
import type { Trace } from '../../src/queue/store.ts';
import { startHostilePeer } from '../helpers/hostile-peer.ts';
import { type Outgoing, startOutgoing } from '../helpers/outgoing.ts';
import { until } from '../helpers/until.ts';
import { beginnings, type Situation } from './hostile-situations.ts';
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

function rowOf({ address, attempts }: Trace): [string, string[]] {
  return [address.replace(/@.*/, ''), attempts.map(({ state, reply }) => `${state} ${reply}`)];
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
  const connections = peer.lines.filter((line) => line === 'CONNECT').length;
  if (situation.connections !== undefined) assert.equal(connections, situation.connections, 'connections');
  const delivered = recipients.filter((one) => want[one]?.at(-1)?.startsWith('delivered'));
  assert.deepEqual(
    peer.taken.map(({ recipient }) => recipient).toSorted(),
    (situation.taken ?? delivered).toSorted(),
    'who got it',
  );
}

describe('a hostile receiver', { concurrency: true }, () => {
  for (const situation of [...beginnings, ...transactions]) test(situation.name, (t) => run(t, situation));
});
