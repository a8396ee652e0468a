/**
 * Bounces that went through something, a million of them: nothing is thrown, none takes more than 50 ms, and the memory stays where it is.
 * Exit code 1 when one does.
 */
import { parseArgs } from 'node:util';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { understand } from '../../src/bounce/understand.ts';
import { mutate, numbersFrom, seedMails } from './mutate.ts';

const usage = `node test/fuzz/fuzz.ts [--n MAILS] [--seed NUMBER] [--small]

Mutates the fixtures (and, where EZLM_CORPORA is set, Sisimai's corpus) and reads what comes of them.
--small reads 20,000 and only prints what is slow.
Example: npm run fuzz -- --n 100000 --seed 7`;

const { values: given } = parseArgs({
  options: {
    n: { type: 'string' },
    seed: { type: 'string' },
    small: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false, short: 'h' },
  },
});

const millisecondsMost = 50;
const growthMost = 20 * 1_048_576;

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

/** Octets that are held when the garbage is gone. */
function held(): number {
  collect();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

/** The fastest of three: the first may have had the machine against it. */
function timeOf(mail: Buffer, first: number): number {
  const again = [0, 1].map(() => {
    const began = performance.now();
    understand(mail);
    return performance.now() - began;
  });
  return Math.min(first, ...again);
}

function run(count: number, seed: number, isTimed: boolean): boolean {
  const seeds = seedMails(process.env['EZLM_CORPORA']);
  const tally = { thrown: 0, slow: 0, worst: 0, busy: 0 };
  let settled = 0;
  for (let at = 0; at < count; at++) {
    // A number of its own for each, so that one can be made again alone.
    const mail = mutate(seeds, numbersFrom(seed + at));
    const began = performance.now();
    try {
      understand(mail);
    } catch (error) {
      tally.thrown++;
      console.log(`thrown: --n 1 --seed ${seed + at}: ${String(error)}`);
    }
    const first = performance.now() - began;
    tally.busy += first;
    const took = first > millisecondsMost ? timeOf(mail, first) : first;
    tally.worst = Math.max(tally.worst, took);
    if (took > millisecondsMost) {
      tally.slow++;
      console.log(`slow: --n 1 --seed ${seed + at}: ${took.toFixed(0)} ms, ${mail.length} octets`);
    }
    if (at === Math.floor(count / 5)) settled = held();
    if (at % 100_000 === 99_999) console.log(`${at + 1}: ${(held() / 1_048_576).toFixed(0)} MiB held`);
  }
  const growth = held() - settled;
  console.log(
    `${count} mutated mails of ${seeds.length} from seed ${seed}: thrown ${tally.thrown}, over ${millisecondsMost} ms ${tally.slow}, ` +
      `worst ${tally.worst.toFixed(1)} ms, ${((1_000 * count) / tally.busy).toFixed(0)} mails/s, grown by ${(growth / 1_048_576).toFixed(0)} MiB`,
  );
  return tally.thrown === 0 && (tally.slow === 0 || !isTimed) && growth < growthMost;
}

function whole(name: string, text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 0 || value > 4_000_000_000)
    throw new Error(`--${name} ${text}: must be a whole number`);
  return value;
}

if (given.help) console.log(usage);
else {
  const count = whole('n', given.n ?? (given.small ? '20000' : '1000000'));
  const seed = given.seed === undefined ? Math.floor(Math.random() * 1_000_000_000) : whole('seed', given.seed);
  process.exitCode = run(count, seed, !given.small) ? 0 : 1;
}
