import { setTimeout as sleep } from 'node:timers/promises';
import type { BenchDaemon } from '../bench/home.ts';
import type { Copy } from '../soak/sink-log.ts';
import { judge, type Sent } from './ledger.ts';
import { killFanouts } from './fanout-kills.ts';
import { duplicatesMost, type FaultContext, type FaultPart } from './part.ts';
import { Connection } from './letter.ts';
import { FaultStation } from './station.ts';

const readers = 6;
const sessions = 8;
/** The longest that a daemon lives once it has greeted. */
const lifeMs = 800;
/** Between two messages of a session: more than one list works off would only pile up. */
const pauseMs = 50;
/** How long the last daemon has for what the others left. */
const finishMs = 180_000;
/** `kill -9` again and again while mail comes in and goes out, and in the middle of large fan-outs. */
export const kills: FaultPart = {
  name: 'kills',
  run: async (context) => {
    const most = context.runs ?? (context.isSmall ? 10 : 200);
    const station = await FaultStation.open(context.directory, readers);
    try {
      const sent: Sent[] = [];
      /** How many copies the sink had taken at each kill. */
      const taken: number[] = [];
      for (let kill = 0; kill < most; kill++) {
        context.progress(kill, most, `${sent.length} messages sent, ${station.log.copies.length} copies taken`);
        const daemon = await station.serve();
        const load = sendUntilDead(station, daemon, `k${kill}.`);
        await sleep(context.random() * lifeMs);
        await daemon.kill();
        sent.push(...(await load));
        taken.push(await station.log.settle());
      }
      await finish(context, station, sent, taken);
    } finally {
      await station.sink.stop();
    }
    await killFanouts(context, context.isSmall ? 2 : 20);
  },
};

async function sendUntilDead(station: FaultStation, daemon: BenchDaemon, prefix: string): Promise<Sent[]> {
  const ofSession = async (session: number): Promise<Sent[]> => {
    const sent: Sent[] = [];
    const connection = new Connection(daemon.port);
    for (let at = 0; daemon.isRunning; at++) {
      const subject = `${prefix}${session}.${at}`;
      const kind = (session + at) % 20;
      if (kind === 0) sent.push(await connection.send(station.letterToOwner(subject)));
      else sent.push(await connection.send(station.letterToList(subject, kind === 1 ? 280_000 : 2_000)));
      await sleep(pauseMs);
    }
    connection.close();
    return sent;
  };
  return (await Promise.all(Array.from({ length: sessions }, (_, session) => ofSession(session)))).flat();
}

async function finish(
  { say, claim, count }: FaultContext,
  station: FaultStation,
  sent: readonly Sent[],
  taken: readonly number[],
): Promise<void> {
  const daemon = await station.serve();
  try {
    const began = Date.now();
    await station.settle(sent, 'k', { patienceMs: finishMs });
    say(`what the kills left was worked off in ${((Date.now() - began) / 1_000).toFixed(1)} s`);
    await daemon.stop();
  } finally {
    await daemon.kill();
  }
  await station.log.settle();
  const { copies } = station.log;
  const verdict = judge(sent, copies);
  const ofKills = duplicatesOfKills(copies, taken);
  const bounds = taken.map((count, at) => Math.min(count - (taken[at - 1] ?? 0), duplicatesMost));
  count(
    { ...verdict, runs: taken.length },
    `${taken.length} kills`,
    bounds.reduce((total, most) => total + most, 0),
  );
  const accepted = sent.filter(({ answer }) => answer === 'accepted').length;
  say(`${accepted} messages accepted, ${sent.length - accepted} without an answer, ${copies.length} copies taken`);
  claim(accepted > taken.length, 'messages were accepted between the kills');
  const most = Math.max(...ofKills);
  const beyond = ofKills.filter((duplicates, at) => duplicates > bounds[at]!).length;
  claim(beyond === 0, `duplicates of one kill: ${most} at the most, and never more than it had sent (${beyond} times)`);
  say(`duplicates of a kill in the median: ${ofKills.toSorted((a, b) => a - b)[ofKills.length >> 1]}`);
}

// A second copy is charged to the kill that ended the life of the daemon that had sent the first: it may take more than one life to send it again.
function duplicatesOfKills(copies: readonly Copy[], taken: readonly number[]): number[] {
  const ofKills = taken.map(() => 0);
  const lives = new Map<string, number>();
  let life = 0;
  for (const [at, { subject, recipient }] of copies.entries()) {
    while (life < taken.length && taken[life]! <= at) life++;
    const key = `${subject} ${recipient}`;
    const before = lives.get(key);
    lives.set(key, life);
    if (before === undefined) continue;
    if (life === 0) throw new Error(`${recipient} got ${subject} twice before any kill`);
    ofKills[Math.min(before, life - 1)]!++;
  }
  return ofKills;
}
