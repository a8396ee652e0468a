import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { straceIsAbsent, underStrace } from '../helpers/strace.ts';
import { BenchHome, lines, owner } from './home.ts';
import { median, patienceMs, postText, recipient } from './peer.ts';
import { startSink } from './sink-process.ts';

/** How much later each fsync returns, in microseconds. */
const delayUs = 10_000;
/** The rate with that delay over the rate without, both under strace, at the least. */
const bars = { PIPELINING: 0.8, CHUNKING: 0.5 } as const;

/** The fan-out on a disk whose fsync takes 10 ms longer, beside itself on this one. False when it misses a bar. */
export async function slowDisk({ n, runs }: { readonly n: number; readonly runs: number }): Promise<boolean> {
  const absent = straceIsAbsent();
  if (absent !== false) {
    console.log(`slow-disk: skipped: ${absent}`);
    return true;
  }
  console.log(`one 4 KiB post to ${n} subscribers, each fsync delayed by ${delayUs / 1_000} ms, median of ${runs}`);
  const met = [await judged('PIPELINING', n, runs), await judged('CHUNKING', n, runs)];
  return met.every(Boolean);
}

async function judged(peer: keyof typeof bars, n: number, runs: number): Promise<boolean> {
  const quick: number[] = [];
  const slow: number[] = [];
  for (let run = 0; run < runs; run++) {
    quick.push(await rate(n, peer === 'CHUNKING', 0));
    slow.push(await rate(n, peer === 'CHUNKING', delayUs));
  }
  const ratio = median(slow) / median(quick);
  const isMet = ratio >= bars[peer];
  const figures = `${median(slow).toFixed(0)}/s of ${median(quick).toFixed(0)}/s`;
  console.log(`${isMet ? 'met' : 'MISSED'}: ${peer}: ${figures}: ${ratio.toFixed(2)}, at least ${bars[peer]}`);
  return isMet;
}

async function rate(n: number, chunking: boolean, us: number): Promise<number> {
  const directory = await mkdtemp(join(tmpdir(), 'ezlm-bench-slow-disk-'));
  const sink = await startSink({ directory, expect: n, chunking });
  try {
    const home = new BenchHome(join(directory, 'home'));
    await home.init();
    const list = await home.make('list');
    await home.ezlm(['sub', list], lines(n, recipient));
    const daemon = await home.serve(
      sink.port,
      underStrace('/dev/null', { calls: 'fsync,fdatasync', effect: `delay_exit=${us}`, paths: [] }),
    );
    try {
      const accepted = await daemon.post(owner, list, postText(owner, list));
      const { t_last: last } = await sink.ended(patienceMs(n));
      return n / (last - accepted);
    } finally {
      await daemon.kill();
    }
  } finally {
    await sink.stop().catch(() => {});
    await rm(directory, { recursive: true, force: true });
  }
}
