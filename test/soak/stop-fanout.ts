import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { BenchHome, lines, owner } from '../bench/home.ts';
import { postText, recipient } from '../bench/peer.ts';
import { startSink } from '../bench/sink-process.ts';
import { deliveredOnDisk } from './outcomes.ts';
import type { SoakContext, SoakPart } from './part.ts';
import { until } from './poll.ts';
import { SinkLog } from './sink-log.ts';

const patience = 120_000;

/** SIGTERM at random moments of one fan-out, a restart each time: nobody gets a second copy, nobody none. */
export const stopFanout: SoakPart = {
  name: 'stop-fanout',
  run: async (context) => {
    for (const chunking of [false, true]) await stopAgainAndAgain(context, chunking);
  },
};

async function stopAgainAndAgain(context: SoakContext, chunking: boolean): Promise<void> {
  const { isSmall, random, say, claim } = context;
  const [n, stops] = isSmall ? [5_000, 2] : [50_000, 10];
  const how = chunking ? 'CHUNKING' : 'PIPELINING';
  const directory = join(context.directory, how);
  const home = new BenchHome(join(directory, 'home'));
  await home.init();
  const list = await home.make('news');
  await home.ezlm(['sub', list], lines(n, recipient));
  const path = join(directory, 'sink.log');
  const sink = await startSink({ directory, expect: 0, chunking, log: path });
  const log = new SinkLog(path);
  let daemon = await home.serve(sink.port);
  try {
    await daemon.post(owner, list, postText(owner, list));
    let longest = 0;
    for (let stop = 1; stop <= stops; stop++) {
      await until(
        `${how}: copies before stop ${stop}`,
        patience,
        () => reached(log) >= ((stop - random()) * n) / (stops + 1),
      );
      await sleep(random() * 20);
      const began = Date.now();
      await daemon.stop();
      longest = Math.max(longest, Date.now() - began);
      daemon = await home.serve(sink.port);
    }
    say(`${how}: ${stops} stops, the longest of ${longest} ms`);
    await until(`${how}: a copy for each of ${n}`, patience, () => reached(log) >= n);
    await daemon.stop();
  } finally {
    await daemon.kill();
    await sink.stop();
  }
  await log.settle();
  claim(reached(log) === n, `${how}: every one of ${n} recipients got the post (${reached(log)} did)`);
  claim(log.copies.length === n, `${how}: nobody got it twice (${log.copies.length - n} did)`);
  claim(deliveredOnDisk(home.directory).size === n, `${how}: every one has a delivery on disk`);
}

function reached(log: SinkLog): number {
  log.look();
  return log.recipients.size;
}
