import { stat } from 'node:fs/promises';

/** One thing that is not as it should be. */
export interface Problem {
  readonly file: string;
  /** 0 where no line is meant. */
  readonly line: number;
  readonly text: string;
}

/** Says `text` of a file whose mode has one of the forbidden bits, and tells of one that is not there. */
export async function* modeProblems(file: string, forbidden: number, text: string): AsyncGenerator<Problem> {
  const found = await stat(file).catch(() => undefined);
  if (!found) yield { file, line: 0, text: 'is not there, or may not be looked at' };
  else if ((found.mode & forbidden) !== 0) yield { file, line: 0, text };
}
