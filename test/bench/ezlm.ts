import { join } from 'node:path';
import { type BenchDaemon, BenchHome, lines, owner } from './home.ts';
import { type Load, type Measure, type OpenPeer, patienceMs, type Peer, postText, recipient } from './peer.ts';
import { cpuSeconds, memoryMiB } from './processes.ts';
import type { Sink } from './sink-process.ts';

/** This project: a home with one list, made by the command line, and posts over SMTP to a daemon that runs on, as it does where it is used. */
export const ezlm: Peer = {
  name: 'ezlm',
  absent: () => undefined,
  open: openEzlm,
};

/** Makes a home in the directory, with a list of so many members, and starts its daemon; all mail goes to the sink's port. */
export async function openEzlm(load: Load, directory: string, sinkPort: number): Promise<OpenEzlm> {
  const home = new BenchHome(join(directory, 'home'));
  await home.init(`routeConnections=${load.connections}`);
  const list = await home.make('list');
  await home.ezlm(['sub', list], lines(load.n, recipient));
  return new OpenEzlm(await home.serve(sinkPort), list, load);
}

/** A running daemon and its list. */
export class OpenEzlm implements OpenPeer {
  readonly #daemon: BenchDaemon;
  readonly #list: string;
  readonly #load: Load;
  readonly #idleMiB: number;

  constructor(daemon: BenchDaemon, list: string, load: Load) {
    this.#daemon = daemon;
    this.#list = list;
    this.#load = load;
    this.#idleMiB = memoryMiB(daemon.pid).now;
  }

  /** Where it takes mail in. */
  get port(): number {
    return this.#daemon.port;
  }

  async run(sink: Sink): Promise<Measure> {
    const { n, octets } = this.#load;
    const before = cpuSeconds(this.#daemon.pid);
    const accepted = await this.#daemon.post(owner, this.#list, postText(owner, this.#list, octets));
    const { t_first: first, t_last: last } = await sink.ended(patienceMs(n));
    // The sink lingers half a second, in which the last outcomes are committed: they are part of the price.
    const cpuUs = ((cpuSeconds(this.#daemon.pid) - before) / n) * 1e6;
    const { most: peakMiB } = memoryMiB(this.#daemon.pid);
    return {
      perSecond: n / (last - accepted),
      cpuUs,
      peakMiB,
      grownMiB: peakMiB - this.#idleMiB,
      firstS: Math.max(0, first - accepted),
    };
  }

  async close(): Promise<void> {
    await this.#daemon.stop();
  }
}
