import { understand } from '../../src/bounce/understand.ts';
import { seedMails } from '../fuzz/mutate.ts';
import { judge, median, type Part, type Size } from './part.ts';

const leastPerSecond = 1_000;

/** How many mails that came back one core reads in a second: the fixtures, and real ones where `EZLM_CORPORA` is set. */
export const bouncesPart: Part = {
  name: 'bounces',
  run: ({ isSmall, n, runs }: Size) => {
    const seeds = seedMails(process.env['EZLM_CORPORA']);
    const count = n ?? (isSmall ? 2_000 : 20_000);
    console.log(`\nbounces: ${count} of ${seeds.length} mails are read, ${runs} runs`);
    const rates = Array.from({ length: runs }, () => rate(seeds, count));
    return Promise.resolve(
      judge([{ what: 'mails that came back', value: median(rates), unit: '/s', least: leastPerSecond }]),
    );
  },
};

function rate(seeds: readonly Buffer[], count: number): number {
  const began = performance.now();
  for (let at = 0; at < count; at++) understand(seeds[at % seeds.length]!);
  return (1_000 * count) / (performance.now() - began);
}
