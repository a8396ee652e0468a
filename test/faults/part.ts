import type { Sent, Verdict } from './ledger.ts';

/** What a part of the fault suite gets to work with. */
export interface FaultContext {
  /** An empty directory of its own, which goes away afterwards. */
  readonly directory: string;
  /** Sizes for a machine that checks every commit. */
  readonly isSmall: boolean;
  /** Runs, points or kills, when the caller named a number. */
  readonly runs: number | undefined;
  /** A number in [0, 1); the same again for the same seed. */
  readonly random: () => number;
  /** One line for the reader. */
  readonly say: (line: string) => void;
  /** Where a part stands, on a terminal. */
  readonly progress: (done: number, all: number, what: string) => void;
  /** One run, or several, what came of it and how many duplicates that allows. `where` is printed when something was wrong. */
  readonly count: (verdict: Verdict, where: string, duplicates: number) => void;
  /** Says whether something that must hold did; the suite fails when one did not. */
  readonly claim: (holds: boolean, what: string) => void;
  /** What cannot be tried on this machine, and why. */
  readonly skip: (what: string, reason: string) => void;
}

/** P2: at most so many results await their commit, the transactions on the wire among them. */
export const duplicatesMost = 2_000;

/** After one crash each copy of these messages may come once more, as far as P2 goes: none of them need be on disk. */
export function duplicatesOf(sent: readonly Sent[]): number {
  return Math.min(
    duplicatesMost,
    sent.reduce((copies, { readers }) => copies + readers.length, 0),
  );
}

/** One kind of fault. */
export interface FaultPart {
  readonly name: string;
  run(context: FaultContext): Promise<void>;
}

/** Picks at most so many of some rows: one by chance out of each of as many stretches. */
export function spread<T>(rows: readonly T[], most: number, random: () => number): T[] {
  if (rows.length <= most) return [...rows];
  return Array.from({ length: most }, (_, at) => rows[Math.floor(((at + random()) * rows.length) / most)]!);
}
