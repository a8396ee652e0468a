import { resolve } from 'node:path';
import { type Door, type Ending, isComplaint } from './door.ts';
import { complaintOf } from './ending.ts';
import { runAliasVerb } from './alias-verbs.ts';
import { homeOf } from './list-argument.ts';

/** ezmlm's exit codes: 100 it will not work, 111 it may work later, 99 no (DESIGN: the command line). */
const temporaryCode = 111;
const permanentCode = 100;

/** sysexits that may pass by themselves: EX_IOERR, EX_TEMPFAIL and what the machine lacks now. */
const passing = new Set([69, 71, 73, 74, 75, 77]);

/** Runs one of ezmlm's programs; gives the exit code in ezmlm's sense. Never rejects. */
export async function runAlias(
  program: string,
  words: readonly string[],
  door: Door,
  isHomeGiven: boolean,
): Promise<number> {
  try {
    return endWith(program, door, await runAliasVerb(program, words, doorAt(door, words, isHomeGiven)));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EPIPE') return 0;
    return endWith(program, door, complaintOf(error));
  }
}

function endWith(program: string, door: Door, ending: Ending): number {
  if (!isComplaint(ending)) return codeOf(ending);
  door.say(`${program}: ${ending.what}`);
  door.say(`${' '.repeat(program.length)}  ${ending.next}`);
  return codeOf(ending.code);
}

function codeOf(code: number): number {
  if (code === 0 || code === 99 || code === permanentCode || code === temporaryCode) return code;
  return passing.has(code) ? temporaryCode : permanentCode;
}

// ezmlm's scripts name a list by its directory and know no home: the home is three above it.
function doorAt(door: Door, words: readonly string[], isHomeGiven: boolean): Door {
  const directory = words.find((word) => word.includes('/') && !word.startsWith('-'));
  if (isHomeGiven || directory === undefined) return door;
  const home = homeOf(resolve(door.currentDirectory, directory));
  return home === undefined ? door : { ...door, home };
}
