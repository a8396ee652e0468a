import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { straceIsAbsent, underStrace } from '../helpers/strace.ts';
import { type BenchDaemon, BenchHome, lines, owner } from './home.ts';
import { judge, median, type Part, type Size } from './part.ts';
import { patienceMs, postText, recipient } from './peer.ts';
import { freePort } from './ports.ts';
import { startSink } from './sink-process.ts';

/** How much later each fsync returns, in microseconds. */
const delayUs = 10_000;
/** The rate with that delay over the rate without, both under strace, at the least. */
const fanouts = [
  { name: 'PIPELINING', chunking: false, least: 0.8 },
  { name: 'CHUNKING', chunking: true, least: 0.5 },
] as const;

type Fanout = (typeof fanouts)[number];

/** The fan-out on a disk whose fsync takes 10 ms longer, beside itself on the disk as it is. */
export const slowDisk: Part = {
  name: 'slow-disk',
  run: async (size) => {
    if (size.isSmall && size.n === undefined) return true;
    const n = size.n ?? 100_000;
    console.log(`\nslow-disk: one 4 KiB post to ${n} subscribers, each fsync ${delayUs / 1_000} ms longer`);
    const absent = straceIsAbsent();
    if (absent !== false) {
      console.log(`  skipped: ${absent}`);
      return true;
    }
    let areMet = true;
    for (const fanout of fanouts) areMet = (await isMet(fanout, n, size)) && areMet;
    return areMet;
  },
};

async function isMet({ name, chunking, least }: Fanout, n: number, { runs }: Size): Promise<boolean> {
  const root = await mkdtemp(join(tmpdir(), 'ezlm-bench-slow-disk-'));
  const port = await freePort();
  const started: Started[] = [];
  try {
    started.push(await start(join(root, 'quick'), n, port, 0), await start(join(root, 'slow'), n, port, delayUs));
    const rates: number[][] = [[], []];
    for (let run = 0; run < runs; run++) {
      for (const [at, one] of started.entries()) rates[at]!.push(await rate(root, one, n, port, chunking));
    }
    const [quick, slow] = rates.map(median);
    console.log(`  ${name}: ${slow!.toFixed(0)}/s, without the delay ${quick!.toFixed(0)}/s`);
    return judge([{ what: `${name} of the rate without the delay`, value: slow! / quick!, unit: 'x', least }]);
  } finally {
    for (const { daemon } of started) await daemon.kill();
    await rm(root, { recursive: true, force: true });
  }
}

interface Started {
  readonly daemon: BenchDaemon;
  readonly list: string;
}

async function start(directory: string, n: number, port: number, us: number): Promise<Started> {
  await mkdir(directory);
  const home = new BenchHome(join(directory, 'home'));
  await home.init();
  const list = await home.make('list');
  await home.ezlm(['sub', list], lines(n, recipient));
  const slow = { calls: 'fsync,fdatasync', effect: `delay_exit=${us}`, paths: [] };
  return { daemon: await home.serve(port, underStrace('/dev/null', slow)), list };
}

async function rate(directory: string, started: Started, n: number, port: number, chunking: boolean): Promise<number> {
  const sink = await startSink({ directory, expect: n, chunking, port });
  try {
    const accepted = await started.daemon.post(owner, started.list, postText(owner, started.list));
    const { t_last: last } = await sink.ended(patienceMs(n));
    return n / (last - accepted);
  } finally {
    await sink.stop().catch(() => {});
  }
}
