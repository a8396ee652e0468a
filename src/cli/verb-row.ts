import type { VerbModule } from './door.ts';

/** An argument of a verb, in its place. `many` is the last one. */
export interface ArgumentRow {
  readonly name: string;
  readonly needed?: boolean;
  readonly many?: boolean;
  readonly meaning: string;
  /** The words it may be, for completion and checks; absent: free text. */
  readonly choices?: readonly string[];
}

/** An option of a verb. `flag` takes no value; `texts` may be given several times. */
export interface OptionRow {
  readonly name: string;
  readonly letter?: string;
  readonly type: 'flag' | 'text' | 'texts';
  readonly meaning: string;
  readonly choices?: readonly string[];
}

export interface ExampleRow {
  readonly line: string;
  readonly meaning: string;
}

/** One verb of the command line. `--help`, completion and the manual are made from these rows. */
export interface VerbRow {
  readonly name: string;
  /** How the arguments are shown: `LIST [ROLE] [ADDRESS ...]`. */
  readonly usage: string;
  readonly arguments: readonly ArgumentRow[];
  readonly options: readonly OptionRow[];
  /** True for verbs that change something: they have `--dry-run`. */
  readonly changes: boolean;
  /** True when output can be one JSON object per line. */
  readonly json: boolean;
  readonly meaning: string;
  /** Sentences for the manual and `--help`. */
  readonly more: readonly string[];
  readonly examples: readonly [ExampleRow, ...ExampleRow[]];
  readonly load: () => Promise<VerbModule>;
}
