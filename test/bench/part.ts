/** How much is asked of a part. */
export interface Size {
  /** For a check that the bench itself works: little work, one run, and bars that start-up does not rule. */
  readonly isSmall: boolean;
  /** How many recipients, when it was said. */
  readonly n: number | undefined;
  readonly runs: number;
  /** The programs that run, when they were named. */
  readonly peers: readonly string[] | undefined;
}

/** One thing that the bench measures. */
export interface Part {
  readonly name: string;
  /** Prints its figures; false when ezlm misses a bar. */
  run(size: Size): Promise<boolean>;
}

/** A bound that a figure must keep. */
export interface Bar {
  readonly what: string;
  readonly value: number;
  readonly unit: string;
  readonly least?: number;
  readonly most?: number;
}

/** Prints bars and whether they are met; false when one is not. A figure that is not a number was not measured and is not judged. */
export function judge(bars: readonly Bar[]): boolean {
  let areMet = true;
  for (const { what, value, unit, least, most } of bars) {
    const bound = least === undefined ? `at most ${most} ${unit}` : `at least ${least} ${unit}`;
    const isMet =
      Number.isNaN(value) || ((least === undefined || value >= least) && (most === undefined || value <= most));
    const word = Number.isNaN(value) ? 'not measured' : isMet ? 'met' : 'MISSED';
    console.log(`  ${word.padEnd(13)} ${what}: ${Number.isNaN(value) ? '-' : shown(value)} ${unit} (${bound})`);
    areMet &&= isMet;
  }
  return areMet;
}

/** The middle of some figures. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return (sorted[(sorted.length - 1) >> 1]! + sorted[sorted.length >> 1]!) / 2;
}

function shown(value: number): string {
  return value >= 100 ? value.toFixed(0) : value.toFixed(2);
}
