import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { deliveredOnDisk } from '../soak/outcomes.ts';
import { until } from '../soak/poll.ts';
import { duplicatesMost, type FaultContext } from './part.ts';
import { FaultStation } from './station.ts';

/** So many that the fan-out is under way at the kill, and more than may await their commit. */
const readers = 5_000;
const patienceMs = 60_000;

/** `kill -9` in the middle of one large fan-out, each in a home of its own: only what was taken and not on disk may come twice. */
export async function killFanouts(context: FaultContext, runs: number): Promise<void> {
  let middles = 0;
  for (let run = 0; run < runs; run++) {
    context.progress(run, runs, `a kill in a fan-out to ${readers}`);
    const station = await FaultStation.open(join(context.directory, `fan-out${run}`), readers);
    try {
      if (await killOne(context, station, `fan-out kill ${run + 1}`)) middles++;
    } finally {
      await station.sink.stop();
    }
  }
  context.claim(middles >= runs / 2, `${middles} of ${runs} kills met a fan-out in its middle, at least half of them`);
}

/** True when the kill came in the middle. */
async function killOne(context: FaultContext, station: FaultStation, what: string): Promise<boolean> {
  const moment = 1 + Math.floor(context.random() * readers * 0.8);
  const daemon = await station.serve();
  try {
    const sent = [await station.post(daemon.port, 'f0')];
    await until(`${moment} copies`, patienceMs, () => station.log.look() >= moment);
    await sleep(context.random() * 20);
    await daemon.kill();
    const taken = await station.log.settle();
    const onDisk = deliveredOnDisk(station.home.directory);
    const open = station.log.copies.filter(({ recipient }) => !onDisk.has(recipient)).length;
    const healthy = await station.serve();
    try {
      const verdict = await station.settle(sent, 'f', { patienceMs });
      context.say(`${what}: after ${taken} copies, ${open} not on disk, ${verdict.duplicates} came twice`);
      context.count(verdict, what, Math.min(open, duplicatesMost));
    } finally {
      await healthy.kill();
    }
    return taken < readers;
  } finally {
    await daemon.kill();
  }
}
