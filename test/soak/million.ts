import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type BenchDaemon, BenchHome, domain, lines, owner } from '../bench/home.ts';
import { patienceMs, postText, recipient } from '../bench/peer.ts';
import { memoryMiB } from '../bench/processes.ts';
import { type Sink, startSink } from '../bench/sink-process.ts';
import type { SoakContext, SoakPart } from './part.ts';

const residentMostMiB = 300;
const firstDeliveryMostS = 1;
/** How long a post may wait for its 250 while a command imports. */
const answerMostMs = 2_000;

/** A list of a million members: import, look-up, post, listing, while a command imports into another list. */
export const million: SoakPart = {
  name: 'million',
  run: async (context) => {
    const n = context.isSmall ? 20_000 : 1_000_000;
    const home = new BenchHome(join(context.directory, 'home'));
    await home.init();
    const list = await home.make('news');
    const other = await home.make('other');
    // Nobody reads it: what counts is how soon its posts are answered.
    const quick = await home.make('quick');
    await importMembers(context, home, list, n);
    await lookUp(context, home, list, n);
    const sink = await startSink({ directory: context.directory, expect: n, chunking: false });
    const daemon = await home.serve(sink.port);
    try {
      await postWhileImporting(context, { home, daemon, sink, list, other, quick, n });
      await daemon.stop();
    } finally {
      await daemon.kill();
      await sink.stop();
    }
    const listed = await countLines(home, list);
    context.claim(listed === n, `ezlm list | wc -l: ${listed} of ${n}`);
  },
};

async function importMembers({ say }: SoakContext, home: BenchHome, list: string, n: number): Promise<void> {
  const began = Date.now();
  await home.ezlm(['sub', list], lines(n, recipient));
  const seconds = (Date.now() - began) / 1_000;
  say(`import of ${n} addresses: ${seconds.toFixed(1)} s, ${(n / seconds).toFixed(0)}/s`);
}

async function lookUp({ claim, say }: SoakContext, home: BenchHome, list: string, n: number): Promise<void> {
  const began = Date.now();
  const member = await home.exitCode(['issub', list, recipient(n - 1)]);
  say(`issub, whole process: ${Date.now() - began} ms`);
  const stranger = await home.exitCode(['issub', list, `nobody@${domain}`]);
  claim(member === 0 && stranger === 99, `issub says 0 of a member and 99 of a stranger (${member}, ${stranger})`);
}

interface Load {
  readonly home: BenchHome;
  readonly daemon: BenchDaemon;
  readonly sink: Sink;
  readonly list: string;
  readonly other: string;
  readonly quick: string;
  readonly n: number;
}

async function postWhileImporting({ claim, say }: SoakContext, load: Load): Promise<void> {
  const { home, daemon, sink, list, n } = load;
  let isImporting = true;
  const importing = home
    .ezlm(['sub', load.other], lines(Math.ceil(n / 2), recipient))
    .finally(() => (isImporting = false));
  const intake = longestAnswer(daemon, load.quick, () => isImporting);
  // Lets the import reach its writing.
  await sleep(500);
  const accepted = await daemon.post(owner, list, postText(owner, list));
  const [report] = await Promise.all([sink.ended(patienceMs(n)), importing]);
  const first = report.t_first - accepted;
  claim(first <= firstDeliveryMostS, `first delivery ${first.toFixed(3)} s after the 250`);
  claim(report.rcpt_once === n, `each of ${n} members got one copy (${report.rcpt_once} did)`);
  say(`fan-out: ${(n / (report.t_last - accepted)).toFixed(0)}/s, while a command imported`);
  const { count, longestMs } = await intake;
  claim(longestMs <= answerMostMs, `${count} posts during the import, the slowest answered after ${longestMs} ms`);
  const { most: peak } = memoryMiB(daemon.pid);
  claim(peak <= residentMostMiB, `resident memory of the daemon at the most ${peak.toFixed(0)} MiB`);
}

async function longestAnswer(
  daemon: BenchDaemon,
  list: string,
  goesOn: () => boolean,
): Promise<{ count: number; longestMs: number }> {
  let longestMs = 0;
  let count = 0;
  for (; goesOn(); count++) {
    const began = Date.now();
    await daemon.post(owner, list, postText(owner, list));
    longestMs = Math.max(longestMs, Date.now() - began);
    await sleep(100);
  }
  return { count, longestMs };
}

async function countLines(home: BenchHome, list: string): Promise<number> {
  return (await home.ezlm(['list', list])).split('\n').length - 1;
}
