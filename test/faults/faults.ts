/**
 * Broken disks, full disks, power cuts and killed processes: what was accepted is delivered, whatever happens (promises P1, P2). `--small`
 * for sizes that fit every commit, `--only part,part` for some, `--runs N` for another number of runs of each, `--seed N` to play a run
 * again. Exit code 1 when something was lost or crossed, or did not hold.
 */
import { existsSync, readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { randomFrom } from '../helpers/random.ts';
import { fullDisk } from './full-disk.ts';
import { inject } from './inject.ts';
import { kills } from './kills.ts';
import { sum, type Verdict } from './ledger.ts';
import { rerunWithMounts } from './namespace.ts';
import { order } from './order.ts';
import { duplicatesMost, type FaultPart } from './part.ts';
import { powerLoss } from './power-loss.ts';

const parts: readonly FaultPart[] = [order, powerLoss, inject, fullDisk, kills];

const usage = `npm run faults -- [--small] [--only PART,PART] [--runs N] [--seed NUMBER]

Parts: ${parts.map(({ name }) => name).join(', ')}.
--small: sizes that fit every commit. --runs: of each part. --seed: plays a run again.
Example: npm run faults -- --only kills --runs 60 --seed 7`;

const { values: given } = parseArgs({
  options: {
    small: { type: 'boolean', default: false },
    only: { type: 'string' },
    runs: { type: 'string' },
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
    // Said by the suite to itself.
    inside: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false, short: 'h' },
  },
});

function chosen(): readonly FaultPart[] {
  const names = given.only?.split(',') ?? parts.map((part) => part.name);
  const unknown = names.find((name) => !parts.some((part) => part.name === name));
  if (unknown !== undefined)
    throw new Error(`--only ${unknown}: must be of ${parts.map((part) => part.name).join(',')}`);
  return parts.filter((part) => names.includes(part.name));
}

function wholeRuns(): number | undefined {
  if (given.runs === undefined) return undefined;
  const runs = Number(given.runs);
  if (!Number.isInteger(runs) || runs < 1 || runs > 100_000)
    throw new Error(`--runs ${given.runs}: must be a whole number from 1`);
  return runs;
}

// What the daemon of a part said last.
function lastOfLog(directory: string): string[] {
  const path = join(directory, 'home.log');
  return existsSync(path) ? readFileSync(path, 'utf8').trimEnd().split('\n').slice(-20) : [];
}

const failures: string[] = [];
const skipped: string[] = [];

function say(line: string): void {
  if (process.stderr.isTTY) process.stderr.write('\r\u001B[K');
  console.log(`  ${line}`);
}

function progress(done: number, all: number, what: string): void {
  if (process.stderr.isTTY) process.stderr.write(`\r\u001B[K  ${done} of ${all}: ${what}`.slice(0, 120));
}

async function runPart(part: FaultPart, runs: number | undefined): Promise<Verdict> {
  const directory = await mkdtemp(join(tmpdir(), `ezlm-faults-${part.name}-`));
  const verdicts: Verdict[] = [];
  const fail = (what: string): void => {
    say(`FAILED ${what}`);
    failures.push(`${part.name}: ${what}`);
  };
  const count = (verdict: Verdict, where: string, most: number): void => {
    verdicts.push(verdict);
    const { lost, crossed, strange } = verdict;
    if (verdict.duplicates > most) fail(`${where}: ${verdict.duplicates} duplicates, at most ${most} can be explained`);
    if (lost + crossed + strange > 0)
      fail(`${where}: ${lost} lost, ${crossed} crossed, ${strange} that nobody asked for`);
  };
  const claim = (holds: boolean, what: string): void => (holds ? say(`ok     ${what}`) : fail(what));
  const skip = (what: string, reason: string): void => {
    say(`SKIPPED ${what}: ${reason}`);
    skipped.push(`${part.name}: ${what}: ${reason}`);
  };
  const began = Date.now();
  console.log(part.name);
  try {
    const { small: isSmall, seed } = given;
    await part.run({ directory, isSmall, runs, random: randomFrom(Number(seed)), say, progress, count, claim, skip });
  } catch (error) {
    fail(`ran to its end: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
    for (const line of lastOfLog(directory)) say(line);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
  const total = sum(verdicts);
  say(`${total.runs} runs, ${((Date.now() - began) / 1_000).toFixed(1)} s`);
  return total;
}

function print(results: ReadonlyMap<string, Verdict>): void {
  const row = (cells: readonly (string | number)[]): string =>
    cells.map((cell, at) => (at === 0 ? String(cell).padEnd(12) : String(cell).padStart(12))).join('');
  const rowOf = (name: string, { runs, lost, duplicates, crossed, strange }: Verdict): string =>
    row([name, runs, lost, duplicates, crossed, strange]);
  console.log(row(['', 'runs', 'lost', 'duplicates', 'crossed', 'unasked']));
  for (const [name, verdict] of results) console.log(rowOf(name, verdict));
  console.log(rowOf('all', sum([...results.values()])));
}

async function runAll(): Promise<number> {
  console.log(`${given.small ? 'small sizes' : 'full sizes'}, seed ${given.seed}`);
  const runs = wholeRuns();
  const results = new Map<string, Verdict>();
  for (const part of chosen()) results.set(part.name, await runPart(part, runs));
  print(results);
  console.log(`duplicates: of each run at most what was not on disk, and ${duplicatesMost} (P2)`);
  for (const line of skipped) console.log(`SKIPPED ${line}`);
  const isGood = failures.length === 0;
  console.log(isGood ? 'all of it held' : `${failures.length} did not hold:\n  ${failures.join('\n  ')}`);
  return isGood ? 0 : 1;
}

if (given.help) console.log(usage);
else process.exitCode = (given.inside ? undefined : rerunWithMounts()) ?? (await runAll());
