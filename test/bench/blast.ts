import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { build } from './build.ts';
import { patienceMs, type Peer } from './peer.ts';
import { watchMemory } from './processes.ts';

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
  run: async ({ n, sink, chunking }) => {
    const built = build('blast');
    if ('reason' in built) throw new Error(built.reason);
    const words = ['--mode', chunking ? 'bdat' : 'pipe', '--conns', '20', '--count', String(n), '--domains', '1000'];
    const child = spawn(built.path, [...words, '--port', String(sink.port)], { stdio: ['ignore', 'pipe', 'inherit'] });
    const memory = watchMemory(child.pid!);
    const [report] = await Promise.all([text(child.stdout), once(child, 'exit')]);
    const peakMiB = await memory();
    await sink.ended(patienceMs(n));
    const { wall_s: seconds, cpu_user_s: user, cpu_sys_s: system } = JSON.parse(report) as BlastReport;
    return { perSecond: n / seconds, cpuUs: ((user + system) / n) * 1e6, peakMiB };
  },
};
