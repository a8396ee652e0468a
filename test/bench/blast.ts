import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { build } from './build.ts';
import { type Load, type Measure, patienceMs, type Peer } from './peer.ts';
import { watchMemory } from './processes.ts';
import type { Sink } from './sink-process.ts';

interface BlastReport {
  readonly wall_s: number;
  readonly cpu_user_s: number;
  readonly cpu_sys_s: number;
}

/** The ceiling: a C client without queue, DNS or disk. */
export const blast: Peer = {
  name: 'blast',
  absent: () => {
    const built = build('blast');
    return 'reason' in built ? built.reason : undefined;
  },
  open: async (load) => ({ run: (sink) => run(load, sink), close: async () => {} }),
};

async function run({ n, octets, chunking, connections }: Load, sink: Sink): Promise<Measure> {
  const built = build('blast');
  if ('reason' in built) throw new Error(built.reason);
  const numbers = { conns: connections, count: n, domains: 1_000, size: octets, port: sink.port };
  const words = Object.entries(numbers).flatMap(([name, value]) => [`--${name}`, String(value)]);
  const child = spawn(built.path, ['--mode', chunking ? 'deep' : 'pipe', ...words], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const memory = watchMemory(child.pid!);
  const [report] = await Promise.all([text(child.stdout), once(child, 'exit')]);
  const peakMiB = await memory();
  await sink.ended(patienceMs(n));
  const { wall_s: seconds, cpu_user_s: user, cpu_sys_s: system } = JSON.parse(report) as BlastReport;
  return { perSecond: n / seconds, cpuUs: ((user + system) / n) * 1e6, peakMiB, grownMiB: 0, firstS: NaN };
}
