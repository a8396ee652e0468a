import { join } from 'node:path';
import { BenchHome, lines, owner } from './home.ts';
import { patienceMs, type Peer, postText, recipient } from './peer.ts';
import { cpuSeconds, peakMiB } from './processes.ts';

/** This project: a home with one list, made by the command line, and a post over SMTP. */
export const ezlm: Peer = {
  name: 'ezlm',
  absent: () => undefined,
  run: async ({ n, directory, sink }) => {
    const home = new BenchHome(join(directory, 'home'));
    await home.init();
    const list = await home.make('list');
    await home.ezlm(['sub', list], lines(n, recipient));
    const daemon = await home.serve(sink.port);
    try {
      const before = cpuSeconds(daemon.pid);
      const accepted = await daemon.post(owner, list, postText(owner, list));
      const { t_last: last } = await sink.ended(patienceMs(n));
      // The sink lingers half a second, in which the last outcomes are committed: they are part of the price.
      const cpuUs = ((cpuSeconds(daemon.pid) - before) / n) * 1e6;
      const measure = { perSecond: n / (last - accepted), cpuUs, peakMiB: peakMiB(daemon.pid) };
      await daemon.stop();
      return measure;
    } finally {
      await daemon.kill();
    }
  },
};
