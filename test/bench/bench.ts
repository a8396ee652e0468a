/**
 * The fan-out of one 4 KiB post to N subscribers over 1,000 domains into a sink on loopback: ezlm beside its peers, in turn (A B C A B C …),
 * medians. Ratios are what counts: rates differ by a factor of two on shared machines. Exit code 1 when ezlm misses the bar.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { blast } from './blast.ts';
import { ezlm } from './ezlm.ts';
import { nodemailer } from './nodemailer.ts';
import type { Measure, Peer } from './peer.ts';
import { postfix } from './postfix.ts';
import { startSink } from './sink-process.ts';

const peers: readonly Peer[] = [ezlm, blast, postfix, nodemailer];

/** ezlm's deliveries/s over a peer's, at the least. Small runs are ruled by start-up, so their bar is lower. */
const bars = { full: { postfix: 5 }, small: { postfix: 2 } } as const;

const { values: given } = parseArgs({
  options: {
    n: { type: 'string' },
    runs: { type: 'string' },
    only: { type: 'string' },
    small: { type: 'boolean', default: false },
    chunking: { type: 'boolean', default: false },
  },
});

const n = whole('n', given.n ?? (given.small ? '5000' : '20000'));
const runs = whole('runs', given.runs ?? (given.small ? '1' : '5'));

function whole(name: string, text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1 || value > 10_000_000)
    throw new Error(`--${name} ${text}: must be a whole number from 1`);
  return value;
}

function chosen(): Peer[] {
  const names = given.only?.split(',') ?? peers.map((peer) => peer.name);
  const unknown = names.find((name) => !peers.some((peer) => peer.name === name));
  if (unknown !== undefined)
    throw new Error(`--only ${unknown}: must be of ${peers.map((peer) => peer.name).join(',')}`);
  return peers.filter((peer) => names.includes(peer.name));
}

function present(peer: Peer): boolean {
  const reason = peer.absent();
  if (reason !== undefined) console.log(`${peer.name}: skipped: ${reason}`);
  return reason === undefined;
}

async function runOnce(peer: Peer): Promise<Measure> {
  const directory = await mkdtemp(join(tmpdir(), `ezlm-bench-${peer.name}-`));
  const sink = await startSink({ directory, expect: n, chunking: given.chunking });
  try {
    return await peer.run({ n, directory, sink, chunking: given.chunking });
  } finally {
    await sink.stop().catch(() => {});
    await rm(directory, { recursive: true, force: true });
  }
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return (sorted[(sorted.length - 1) >> 1]! + sorted[sorted.length >> 1]!) / 2;
}

function medians(measures: readonly Measure[]): Measure {
  const of = (key: keyof Measure): number => median(measures.map((measure) => measure[key]));
  return { perSecond: of('perSecond'), cpuUs: of('cpuUs'), peakMiB: of('peakMiB') };
}

function print(results: ReadonlyMap<string, Measure>): void {
  const row = (cells: readonly string[]): string =>
    cells.map((cell, at) => (at === 0 ? cell.padEnd(12) : cell.padStart(16))).join('');
  const rate = (name: string): number | undefined => results.get(name)?.perSecond;
  const ratio = (mine: number, other: number | undefined): string =>
    other === undefined ? '-' : `${(mine / other).toFixed(2)} x`;
  console.log(row(['', 'deliveries/s', 'CPU us each', 'peak MiB', 'of blast', 'of postfix']));
  for (const [name, { perSecond, cpuUs, peakMiB }] of results) {
    const figures = [perSecond.toFixed(0), cpuUs.toFixed(1), peakMiB.toFixed(0)];
    console.log(row([name, ...figures, ratio(perSecond, rate('blast')), ratio(perSecond, rate('postfix'))]));
  }
}

function judge(results: ReadonlyMap<string, Measure>): boolean {
  const mine = results.get('ezlm');
  const other = results.get('postfix');
  const bar = given.small ? bars.small.postfix : bars.full.postfix;
  if (!mine || !other) {
    console.log(`not judged: ezlm and postfix did not both run (the bar: ${bar} x postfix)`);
    return true;
  }
  const isMet = mine.perSecond >= bar * other.perSecond;
  const bound = given.small
    ? `${bar} x postfix in a small run (${bars.full.postfix} x in a full one)`
    : `${bar} x postfix`;
  console.log(`${isMet ? 'met' : 'MISSED'}: at least ${bound}`);
  return isMet;
}

const running = chosen().filter(present);
const measures = new Map<string, Measure[]>(running.map((peer) => [peer.name, []]));
console.log(
  `one 4 KiB post to ${n} subscribers, ${given.chunking ? 'CHUNKING' : 'PIPELINING'} sink, median of ${runs}`,
);
for (let round = 0; round < runs; round++) {
  for (const peer of running) measures.get(peer.name)!.push(await runOnce(peer));
}
const results = new Map([...measures].map(([name, ofPeer]) => [name, medians(ofPeer)]));
print(results);
process.exitCode = judge(results) ? 0 : 1;
