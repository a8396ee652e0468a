import { cp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { straceIsAbsent } from '../helpers/strace.ts';
import { Disk, type Remains } from './disk.ts';
import type { Sent } from './ledger.ts';
import { duplicatesMost, type FaultContext, type FaultPart, spread } from './part.ts';
import { acceptances, idOf, record, type Recorded } from './record.ts';
import { FaultStation } from './station.ts';
import type { Call } from './trace.ts';

const readers = 6;
const pointsMost = 80;
/** So many bursts make the WAL long enough to be copied into the database meanwhile. */
const bursts = 12;

/** A moment at which the power goes. */
interface Point {
  /** After the calls that began before this line of the trace; a half: between two. */
  readonly line: number;
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly remains: Remains;
  readonly text: string;
}

/** The power goes around each sync of a recorded run; a daemon starts on what the disk then holds. */
export const powerLoss: FaultPart = {
  name: 'power-loss',
  run: async (context) => {
    const absent = straceIsAbsent();
    if (absent !== false) return context.skip('power cuts', absent);
    const station = await FaultStation.open(context.directory, readers);
    try {
      const snapshot = join(context.directory, 'snapshot');
      await cp(station.home.directory, snapshot, { recursive: true });
      const recorded = await record(station, context.directory, 'p', (port) => sendBursts(station, port));
      const all = pointsOf(recorded.calls, station.home.directory);
      const points = spread(all, context.runs ?? (context.isSmall ? 6 : pointsMost), context.random);
      context.say(`${all.length / 2} syncs of the home in ${recorded.calls.length} recorded calls`);
      for (const [at, point] of points.entries()) {
        context.progress(at, points.length, point.text);
        await cut(context, station, snapshot, recorded, point);
      }
    } finally {
      await station.sink.stop();
    }
  },
};

async function sendBursts(station: FaultStation, port: number): Promise<Sent[]> {
  const sent: Sent[] = [];
  for (let burst = 0; burst < bursts; burst++) {
    const some = [
      station.post(port, `p${burst}.a`, 5_000),
      station.post(port, `p${burst}.b`, 100_000),
      station.write(port, `p${burst}.c`),
      ...(burst % 4 === 0 ? [station.post(port, `p${burst}.d`, 280_000)] : []),
    ];
    sent.push(...(await Promise.all(some)));
  }
  return sent;
}

// Before and after each sync, with nothing of what was not synced and with some of it.
function pointsOf(calls: readonly Call[], home: string): Point[] {
  const syncs = calls.filter(({ name, on }) => /^f(?:data)?sync$/.test(name) && on.startsWith(home));
  return syncs.flatMap((call, at) => {
    const remains: Remains = at % 3 === 0 ? 'nothing' : 'some';
    const text = `${call.name} of ${call.on.slice(home.length + 1)}, ${remains} of what was not synced`;
    const before = calls.findLast((one) => one.ended < call.began)?.at ?? call.at;
    return [
      { line: call.began + 0.5, at: before * 1_000, remains, text: `within ${text}` },
      { line: call.ended + 0.5, at: call.at * 1_000, remains, text: `after ${text}` },
    ];
  });
}

async function cut(
  context: FaultContext,
  station: FaultStation,
  snapshot: string,
  { calls, sent, copies }: Recorded,
  point: Point,
): Promise<void> {
  const directory = join(context.directory, 'cut');
  const disk = new Disk(snapshot, station.home.directory);
  disk.follow(calls, point.line);
  disk.leave(directory, point.remains, context.random);
  const accepted = new Set(acceptances(calls.filter(({ began }) => began < point.line)).map(({ id }) => id));
  // What was accepted later may be there or not.
  const known = sent.map((message): Sent => {
    return accepted.has(idOf(message) ?? '') ? message : { ...message, answer: 'silence' };
  });
  const before = copies.filter(({ at }) => at <= point.at);
  const since = station.log.look();
  const left = station.with(directory);
  try {
    const daemon = await left.serve();
    try {
      context.count(
        await left.settle(known, 'p', { since, before }),
        point.text,
        Math.min(before.length, duplicatesMost),
      );
    } finally {
      await daemon.kill();
    }
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}
