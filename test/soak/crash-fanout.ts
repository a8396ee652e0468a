import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { BenchHome, lines, owner } from '../bench/home.ts';
import { postText, recipient } from '../bench/peer.ts';
import { type Sink, startSink } from '../bench/sink-process.ts';
import { deliveredOnDisk } from './outcomes.ts';
import type { SoakContext, SoakPart } from './part.ts';
import { until } from './poll.ts';
import { type Copy, SinkLog } from './sink-log.ts';

/** At most so many results await their commit (promise P2). */
const uncommittedMost = 2_000;
/** Connections to one next hop (`routeConnections`), and transactions on the wire of each at the most. */
const connections = 20;
const inFlightMost = connections * 16;
/** Extra copies of one kill in the median, as a share of the recipients. */
const extraShareMost = 0.05;
const patience = 120_000;

/** What was true when the daemon was killed. */
interface Kill {
  /** How many copies the sink had taken. */
  readonly copies: number;
  /** Copies that the sink had taken and whose outcome was not on disk. */
  readonly uncommitted: number;
  /** Of those, the ones that came since the kill before. */
  readonly fresh: number;
}

/** `kill -9` at random moments of one fan-out, a restart each time; each kill is judged alone. */
export const crashFanout: SoakPart = {
  name: 'crash-fanout',
  run: async (context) => {
    const [n, kills] = context.isSmall ? [2_000, 4] : [20_000, 20];
    const home = new BenchHome(join(context.directory, 'home'));
    await home.init(`routeConnections=${connections}`);
    const list = await home.make('news');
    await home.ezlm(['sub', list], lines(n, recipient));
    const path = join(context.directory, 'sink.log');
    const sink = await startSink({ directory: context.directory, expect: 0, chunking: false, log: path });
    try {
      const log = new SinkLog(path);
      const judged = await killAndRestart({ home, list, sink, log, n, kills, random: context.random });
      judge(context, { n, log: log.copies, kills: judged });
      context.claim(deliveredOnDisk(home.directory).size === n, `every one of ${n} recipients has a delivery on disk`);
    } finally {
      await sink.stop();
    }
  },
};

interface Fanout {
  readonly home: BenchHome;
  readonly list: string;
  readonly sink: Sink;
  readonly log: SinkLog;
  readonly n: number;
  readonly kills: number;
  readonly random: () => number;
}

async function killAndRestart(fanout: Fanout): Promise<Kill[]> {
  const { home, list, sink, log, n, random } = fanout;
  const moments = Array.from({ length: fanout.kills }, () => 1 + Math.floor(random() * (n - 1))).toSorted(
    (a, b) => a - b,
  );
  const kills: Kill[] = [];
  let daemon = await home.serve(sink.port);
  try {
    await daemon.post(owner, list, postText(owner, list));
    for (const moment of moments) {
      await until(`${moment} recipients`, patience, () => hasReached(log, moment));
      await sleep(random() * 20);
      await daemon.kill();
      await log.settle();
      kills.push(stateAtKill(home, log, kills.at(-1)));
      daemon = await home.serve(sink.port);
    }
    await until(`a copy for each of ${n}`, patience, () => hasReached(log, n));
    await emptyQueue(home);
    await daemon.stop();
  } finally {
    await daemon.kill();
  }
  await log.settle();
  return kills;
}

function stateAtKill(home: BenchHome, log: SinkLog, before: Kill | undefined): Kill {
  const onDisk = deliveredOnDisk(home.directory);
  const isOpen = (copy: Copy): boolean => !onDisk.has(copy.recipient);
  const distinct = (copies: readonly Copy[]): number =>
    new Set(copies.filter(isOpen).map((copy) => copy.recipient)).size;
  return {
    copies: log.copies.length,
    uncommitted: distinct(log.copies),
    fresh: distinct(log.copies.slice(before?.copies ?? 0)),
  };
}

function hasReached(log: SinkLog, recipients: number): boolean {
  log.look();
  return log.recipients.size >= recipients;
}

async function emptyQueue(home: BenchHome): Promise<void> {
  await until('an empty queue', patience, async () => (await home.ezlm(['queue', 'list'])).trim() === '');
}

interface Story {
  readonly n: number;
  readonly log: readonly Copy[];
  readonly kills: readonly Kill[];
}

function judge(context: SoakContext, { n, log, kills }: Story): void {
  const { claim, say } = context;
  const got = new Set(log.map((copy) => copy.recipient));
  claim(got.size === n, `every one of ${n} subscribers got the post (${got.size} did)`);
  const strange = log.filter((copy) => !copy.sender.includes(`-${copy.recipient.replace('@', '=')}@`));
  claim(strange.length === 0, `no copy left under another member's VERP sender (${strange.length} did)`);
  const extras = extraCopies(log, kills);
  for (const [at, kill] of kills.entries()) {
    const bound = kill.uncommitted;
    say(
      `kill ${at + 1}: after ${kill.copies} copies, ${kill.uncommitted} not on disk (${kill.fresh} new), ${extras[at]} extra`,
    );
    claim(extras[at]! <= bound, `kill ${at + 1}: extra copies ${extras[at]} <= ${bound} taken and not on disk`);
    const most = uncommittedMost + inFlightMost;
    claim(kill.fresh <= most, `kill ${at + 1}: ${kill.fresh} open results <= ${most}`);
  }
  const middle = extras.toSorted((a, b) => a - b)[extras.length >> 1] ?? 0;
  const share = `${((100 * middle) / n).toFixed(2)} % of the recipients`;
  // 50 ms of results are more than 5 % of a small fan-out.
  if (context.isSmall) say(`extra copies of a kill in the median: ${middle}, ${share} (judged in full size only)`);
  else claim(middle <= n * extraShareMost, `extra copies of a kill in the median: ${middle}, ${share}`);
}

// A second copy is charged to the last kill before it.
function extraCopies(log: readonly Copy[], kills: readonly Kill[]): number[] {
  const extras = kills.map(() => 0);
  const seen = new Set<string>();
  let kill = -1;
  for (const [at, copy] of log.entries()) {
    while (kill + 1 < kills.length && kills[kill + 1]!.copies <= at) kill++;
    if (seen.has(copy.recipient)) {
      if (kill < 0) throw new Error(`${copy.recipient} got two copies before any kill`);
      extras[kill]!++;
    }
    seen.add(copy.recipient);
  }
  return extras;
}
