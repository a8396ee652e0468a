import { chmod, mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { blast } from './blast.ts';
import { ezlm } from './ezlm.ts';
import { nodemailer } from './nodemailer.ts';
import { type Bar, judge, median, type Part, type Size } from './part.ts';
import type { Load, Measure, OpenPeer, Peer } from './peer.ts';
import { freePort } from './ports.ts';
import { postfix } from './postfix.ts';
import { startSink } from './sink-process.ts';

type Figures = ReadonlyMap<string, Measure>;

interface Fanout {
  readonly name: string;
  readonly title: string;
  readonly load: Omit<Load, 'n'>;
  /** How many recipients in a full run and in a small one; 0: a small run leaves it out. */
  readonly n: number;
  readonly small: number;
  readonly peers: readonly Peer[];
  readonly bars: (mine: Measure, figures: Figures) => readonly Bar[];
  readonly smallBars: (mine: Measure, figures: Figures) => readonly Bar[];
}

const plain = { octets: 4_096, chunking: false, delayMs: 0, connections: 20 };
/** Seconds to the first delivery. */
const firstMost = 0.3;

const fanouts: readonly Fanout[] = [
  {
    name: 'pipelining',
    title: 'one 4 KiB post, the receiver offers PIPELINING',
    load: plain,
    n: 100_000,
    small: 5_000,
    peers: [ezlm, blast, postfix, nodemailer],
    bars: (mine, figures) => [
      rate(mine, 35_000),
      ratio(mine, figures, 'postfix', 15),
      ratio(mine, figures, 'blast', 0.5),
      cpu(mine, 22),
      ...bounded(mine),
    ],
    // Small runs are ruled by start-up.
    smallBars: (mine, figures) => [ratio(mine, figures, 'postfix', 2)],
  },
  {
    name: 'chunking',
    title: 'one 4 KiB post, the receiver offers CHUNKING and PIPELINING',
    load: { ...plain, chunking: true },
    n: 100_000,
    small: 5_000,
    peers: [ezlm, blast],
    bars: (mine, figures) => [rate(mine, 80_000), ratio(mine, figures, 'blast', 0.22), cpu(mine, 12), ...bounded(mine)],
    smallBars: () => [],
  },
  {
    name: 'delay',
    title: 'PIPELINING, 20 ms before every reply, 100 connections',
    load: { ...plain, delayMs: 20, connections: 100 },
    n: 40_000,
    small: 0,
    peers: [ezlm, blast],
    bars: (mine) => [rate(mine, 4_000)],
    smallBars: () => [],
  },
  {
    name: 'delay-chunking',
    title: 'CHUNKING, 20 ms before every reply, 100 connections',
    load: { ...plain, chunking: true, delayMs: 20, connections: 100 },
    n: 100_000,
    small: 0,
    peers: [ezlm, blast],
    bars: (mine) => [rate(mine, 25_000)],
    smallBars: () => [],
  },
  {
    name: 'large',
    title: 'one 50 KiB post, PIPELINING',
    load: { ...plain, octets: 51_200 },
    n: 50_000,
    small: 0,
    peers: [ezlm, blast],
    bars: (mine) => [rate(mine, 10_000)],
    smallBars: () => [],
  },
];

/** Fan-outs of one post beside other programs, in turn (A B C A B C …), medians. */
export const fanoutParts: readonly Part[] = fanouts.map((fanout) => ({
  name: fanout.name,
  run: async (size) => {
    const n = size.n ?? (size.isSmall ? fanout.small : fanout.n);
    if (n === 0) return true;
    console.log(`\n${fanout.name}: ${fanout.title}; ${n} subscribers in 1,000 domains, median of ${size.runs}`);
    const figures = await measure(fanout, { ...fanout.load, n }, size);
    print(figures);
    const mine = figures.get('ezlm');
    if (!mine) return true;
    return judge(size.isSmall ? fanout.smallBars(mine, figures) : fanout.bars(mine, figures));
  },
}));

function rate(mine: Measure, least: number): Bar {
  return { what: 'rate', value: mine.perSecond, unit: 'deliveries/s', least };
}

function ratio(mine: Measure, figures: Figures, name: string, least: number): Bar {
  return { what: `of ${name}`, value: mine.perSecond / (figures.get(name)?.perSecond ?? NaN), unit: 'x', least };
}

function cpu(mine: Measure, most: number): Bar {
  return { what: 'CPU', value: mine.cpuUs, unit: 'us a delivery', most };
}

// At any N.
function bounded(mine: Measure): Bar[] {
  return [
    { what: 'memory above the idle daemon', value: mine.grownMiB, unit: 'MiB', most: 60 },
    { what: 'memory in all', value: mine.peakMiB, unit: 'MiB', most: 300 },
    { what: 'first delivery', value: mine.firstS, unit: 's', most: firstMost },
  ];
}

async function measure(fanout: Fanout, load: Load, size: Size): Promise<Figures> {
  const root = await mkdtemp(join(tmpdir(), 'ezlm-bench-'));
  // Postfix's processes give up root and must still reach what is theirs.
  await chmod(root, 0o755);
  const opened: { peer: Peer; port: number; open: OpenPeer; measures: Measure[] }[] = [];
  try {
    for (const peer of fanout.peers.filter((one) => isWanted(one, size))) {
      const directory = join(root, peer.name);
      await mkdir(directory, { mode: 0o755 });
      const port = await freePort();
      opened.push({ peer, port, open: await peer.open(load, directory, port), measures: [] });
    }
    for (let round = 0; round < size.runs; round++) {
      for (const { port, open, measures } of opened) measures.push(await runOnce(root, load, port, open));
    }
    return new Map(opened.map(({ peer, measures }) => [peer.name, medians(measures)]));
  } finally {
    for (const { open } of opened) await open.close();
    await rm(root, { recursive: true, force: true });
  }
}

function isWanted(peer: Peer, size: Size): boolean {
  if (size.peers && !size.peers.includes(peer.name)) return false;
  const reason = peer.absent();
  if (reason !== undefined) console.log(`  ${peer.name}: skipped: ${reason}`);
  return reason === undefined;
}

async function runOnce(directory: string, load: Load, port: number, open: OpenPeer): Promise<Measure> {
  const { n, chunking, delayMs } = load;
  const sink = await startSink({ directory, expect: n, chunking, delayMs, port });
  try {
    return await open.run(sink);
  } finally {
    await sink.stop().catch(() => {});
  }
}

function medians(measures: readonly Measure[]): Measure {
  const of = (key: keyof Measure): number => median(measures.map((one) => one[key]));
  return {
    perSecond: of('perSecond'),
    cpuUs: of('cpuUs'),
    peakMiB: of('peakMiB'),
    grownMiB: of('grownMiB'),
    firstS: of('firstS'),
  };
}

function print(figures: Figures): void {
  const row = (cells: readonly string[]): string =>
    `  ${cells.map((cell, at) => (at === 0 ? cell.padEnd(12) : cell.padStart(15))).join('')}`;
  console.log(row(['', 'deliveries/s', 'CPU us each', 'peak MiB', 'first after s']));
  for (const [name, { perSecond, cpuUs, peakMiB, firstS }] of figures) {
    const first = Number.isNaN(firstS) ? '-' : firstS.toFixed(3);
    console.log(row([name, perSecond.toFixed(0), cpuUs.toFixed(1), peakMiB.toFixed(0), first]));
  }
}
