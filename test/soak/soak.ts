/**
 * The promises under load: `kill -9` and SIGTERM during fan-out and intake, a million members, ten thousand lists, thousands of idle connections.
 * `--small` for sizes that fit every commit, `--only part,part` for some, `--seed N` to play a run again. Exit code 1 when something that
 * must hold did not.
 */
import { existsSync, readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { randomFrom } from '../helpers/random.ts';
import { deadAddresses } from './dead-addresses.ts';
import { crashFanout } from './crash-fanout.ts';
import { crashIntake } from './crash-intake.ts';
import { idleConnections } from './idle-connections.ts';
import { million } from './million.ts';
import type { SoakPart } from './part.ts';
import { stopFanout } from './stop-fanout.ts';
import { tenThousandLists } from './ten-thousand-lists.ts';

const parts: readonly SoakPart[] = [
  crashFanout,
  crashIntake,
  stopFanout,
  million,
  tenThousandLists,
  deadAddresses,
  idleConnections,
];

const usage = `npm run soak -- [--small] [--only PART,PART] [--seed NUMBER]

Parts: ${parts.map(({ name }) => name).join(', ')}.
--small: sizes that fit every commit. --seed: plays a run again.
Example: npm run soak -- --only crash-fanout --seed 7`;

const { values: given } = parseArgs({
  options: {
    small: { type: 'boolean', default: false },
    only: { type: 'string' },
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
    help: { type: 'boolean', default: false, short: 'h' },
  },
});

function chosen(): readonly SoakPart[] {
  const names = given.only?.split(',') ?? parts.map((part) => part.name);
  const unknown = names.find((name) => !parts.some((part) => part.name === name));
  if (unknown !== undefined)
    throw new Error(`--only ${unknown}: must be of ${parts.map((part) => part.name).join(',')}`);
  return parts.filter((part) => names.includes(part.name));
}

// What the daemon of a part said last.
function lastOfLog(directory: string): string[] {
  const path = join(directory, 'home.log');
  return existsSync(path) ? readFileSync(path, 'utf8').trimEnd().split('\n').slice(-20) : [];
}

const failures: string[] = [];

async function runPart(part: SoakPart): Promise<void> {
  const directory = await mkdtemp(join(tmpdir(), `ezlm-soak-${part.name}-`));
  const say = (line: string): void => console.log(`  ${line}`);
  const claim = (holds: boolean, what: string): void => {
    say(`${holds ? 'ok    ' : 'FAILED'} ${what}`);
    if (!holds) failures.push(`${part.name}: ${what}`);
  };
  const began = Date.now();
  console.log(part.name);
  try {
    await part.run({ directory, isSmall: given.small, random: randomFrom(Number(given.seed)), say, claim });
  } catch (error) {
    claim(false, `ran to its end: ${error instanceof Error ? error.message : String(error)}`);
    for (const line of lastOfLog(directory)) say(line);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
  say(`${((Date.now() - began) / 1_000).toFixed(1)} s`);
}

async function runAll(): Promise<number> {
  console.log(`${given.small ? 'small sizes' : 'full sizes'}, seed ${given.seed}`);
  for (const part of chosen()) await runPart(part);
  const isGood = failures.length === 0;
  console.log(isGood ? 'all of it held' : `${failures.length} did not hold:\n  ${failures.join('\n  ')}`);
  return isGood ? 0 : 1;
}

if (given.help) console.log(usage);
else process.exitCode = await runAll();
