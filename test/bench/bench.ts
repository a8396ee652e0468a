/**
 * What ezlm is measured by, beside the other programs of the machine in the same run. Ratios are what counts: rates differ by a factor of two
 * on shared machines. Exit code 1 when ezlm misses a bar.
 */
import { parseArgs } from 'node:util';
import { beside } from './beside.ts';
import { bouncesPart } from './bounces.ts';
import { fairness } from './fairness.ts';
import { fanoutParts } from './fanout.ts';
import { intake } from './intake.ts';
import type { Part } from './part.ts';
import { signing } from './signing.ts';
import { slowDisk } from './slow-disk.ts';

const parts: readonly Part[] = [...fanoutParts, fairness, signing, intake, beside, bouncesPart, slowDisk];

const usage = `npm run bench -- [--only PART,PART] [--peers NAME,NAME] [--n RECIPIENTS] [--runs N] [--small]

Parts: ${parts.map(({ name }) => name).join(', ')}.
Example: npm run bench -- --only pipelining,chunking --runs 3`;

const { values: given } = parseArgs({
  options: {
    n: { type: 'string' },
    runs: { type: 'string' },
    only: { type: 'string' },
    peers: { type: 'string' },
    small: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false, short: 'h' },
  },
});

function whole(name: string, text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1 || value > 10_000_000)
    throw new Error(`--${name} ${text}: must be a whole number from 1`);
  return value;
}

function chosen(): Part[] {
  const names = given.only?.split(',') ?? parts.map(({ name }) => name);
  const unknown = names.find((name) => !parts.some((part) => part.name === name));
  if (unknown !== undefined)
    throw new Error(`--only ${unknown}: must be of ${parts.map(({ name }) => name).join(',')}`);
  return parts.filter(({ name }) => names.includes(name));
}

if (given.help) console.log(usage);
else {
  const size = {
    isSmall: given.small,
    n: given.n === undefined ? undefined : whole('n', given.n),
    runs: whole('runs', given.runs ?? (given.small ? '1' : '5')),
    peers: given.peers?.split(','),
  };
  const missed: string[] = [];
  for (const part of chosen()) if (!(await part.run(size))) missed.push(part.name);
  console.log(missed.length === 0 ? '\nevery bar is met' : `\nMISSED: ${missed.join(', ')}`);
  process.exitCode = missed.length === 0 ? 0 : 1;
}
