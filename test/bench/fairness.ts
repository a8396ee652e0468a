import { once } from 'node:events';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type BenchDaemon, BenchHome, lines, owner } from './home.ts';
import { judge, median, type Part } from './part.ts';
import { patienceMs, postText, recipient } from './peer.ts';
import { freePort } from './ports.ts';
import { startSink } from './sink-process.ts';

/** Recipients at the domain that never answers. */
const stalledMost = 100_000;
const stalledDomain = 'stalled.example.net';
/** The rate of the others over their rate where nobody stalls, at the least. */
const least = 0.8;
/** Recipients elsewhere: so many as the promise names, and so many that the rate is one of long work. */
const sizes = [1_000, 20_000] as const;
/** Recipients of one measurement, at the least: smaller posts are sent again and again, or their rate would be that of a start. */
const measured = 20_000;
const smallMeasured = 5_000;

/** A fan-out beside a larger one whose receiver takes connections and never says a word, and without it. */
export const fairness: Part = {
  name: 'fairness',
  run: async ({ isSmall, n, runs }) => {
    const counts = n === undefined ? (isSmall ? sizes.slice(0, 1) : sizes) : [n];
    let areMet = true;
    for (const count of counts) {
      const posts = Math.max(1, Math.round((isSmall ? smallMeasured : measured) / count));
      areMet = (await compare(count, posts, isSmall ? 10_000 : stalledMost, runs)) && areMet;
    }
    return areMet;
  },
};

async function compare(n: number, posts: number, stalled: number, runs: number): Promise<boolean> {
  console.log(
    `\nfairness: ${posts} posts of 4 KiB to ${n} subscribers, one after the other, while ${stalled} wait for a host that never answers, median of ${runs}`,
  );
  const root = await mkdtemp(join(tmpdir(), 'ezlm-bench-fairness-'));
  const silence = await startSilence();
  const started: Started[] = [];
  try {
    const sinkPort = await freePort();
    for (const members of [0, stalled])
      started.push(await start(join(root, String(members)), n, members, sinkPort, silence.port));
    const [alone, beside] = await measure(
      started as [Started, Started],
      { directory: root, n, posts, port: sinkPort },
      runs,
    );
    console.log(
      `  ${beside.toFixed(0)}/s, alone ${alone.toFixed(0)}/s; connections to the silent host: ${silence.most()}`,
    );
    const bar = { what: 'of the rate alone', value: beside / alone, unit: 'x', least };
    return judge([bar]);
  } finally {
    for (const { daemon } of started) await daemon.kill();
    await silence.close();
    await rm(root, { recursive: true, force: true });
  }
}

/** What one figure is of. */
interface Work {
  readonly directory: string;
  readonly n: number;
  readonly posts: number;
  readonly port: number;
}

interface Started {
  readonly daemon: BenchDaemon;
  readonly list: string;
  /** The list whose members never get anything; undefined: there is none. */
  readonly stalled: string | undefined;
}

async function start(
  directory: string,
  n: number,
  stalledCount: number,
  sinkPort: number,
  silentPort: number,
): Promise<Started> {
  await mkdir(directory);
  const home = new BenchHome(join(directory, 'home'));
  await home.init();
  const list = await home.make('list');
  await home.ezlm(['sub', list], lines(n, recipient));
  const stalled = stalledCount === 0 ? undefined : await home.make('stalled');
  const silent = (index: number): string => `user${index}@${stalledDomain}`;
  if (stalled !== undefined) await home.ezlm(['sub', stalled], lines(stalledCount, silent));
  const route = ['--route', `${stalledDomain}=127.0.0.1:${silentPort}`];
  return { daemon: await home.serve(sinkPort, [], route), list, stalled };
}

// In turn; stalled posts stay where they are, and another comes just before each run.
async function measure(
  [quiet, busy]: readonly [Started, Started],
  work: Work,
  runs: number,
): Promise<[alone: number, beside: number]> {
  const rates: [number[], number[]] = [[], []];
  for (let run = 0; run < runs; run++) {
    rates[0].push(await rate(quiet, work));
    rates[1].push(await rate(busy, work));
  }
  return [median(rates[0]), median(rates[1])];
}

async function rate({ daemon, list, stalled }: Started, { directory, n, posts, port }: Work): Promise<number> {
  if (stalled !== undefined) await daemon.post(owner, stalled, postText(owner, stalled));
  let seconds = 0;
  for (let sent = 0; sent < posts; sent++) {
    const sink = await startSink({ directory, expect: n, chunking: false, port });
    try {
      const accepted = await daemon.post(owner, list, postText(owner, list));
      const { t_last: last } = await sink.ended(patienceMs(n));
      seconds += last - accepted;
    } finally {
      await sink.stop().catch(() => {});
    }
  }
  return (n * posts) / seconds;
}

// A host that takes every connection and says nothing.
async function startSilence(): Promise<{ port: number; most(): number; close(): Promise<void> }> {
  const sockets = new Set<Socket>();
  let most = 0;
  const server = createServer((socket) => {
    sockets.add(socket.on('error', () => socket.destroy()).on('close', () => sockets.delete(socket)));
    most = Math.max(most, sockets.size);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as { port: number }).port,
    most: () => most,
    close: async () => {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}
