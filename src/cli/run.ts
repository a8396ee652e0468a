import { resolve } from 'node:path';
import { callOf } from './call.ts';
import { type Door, type Ending, exit, isComplaint } from './door.ts';
import { complaintOf } from './ending.ts';
import { type Parsed, parseCommandLine } from './parse.ts';

/** Reads and runs one command line; gives the exit code. Never rejects. */
export async function runCommandLine(words: readonly string[], door: Door, version: string): Promise<number> {
  const parsed = parseCommandLine(words, version);
  if (isComplaint(parsed)) return endWith(door, parsed);
  if (parsed.kind === 'run') return endAfter(door, () => runVerb(parsed, door));
  return endAfter(door, async () => {
    await door.print(parsed.text);
    return exit.done;
  });
}

// Complaints and thrown errors are told on standard error.
async function endAfter(door: Door, work: () => Promise<Ending>): Promise<number> {
  try {
    return endWith(door, await work());
  } catch (error) {
    // The reader of a pipe (`| head`) had enough: nobody is left to talk to.
    if ((error as NodeJS.ErrnoException).code === 'EPIPE') return exit.done;
    return endWith(door, complaintOf(error));
  }
}

function endWith(door: Door, ending: Ending): number {
  if (!isComplaint(ending)) return ending;
  door.say(`ezlm: ${ending.what}`);
  door.say(`      ${ending.next}`);
  return ending.code;
}

async function runVerb(parsed: Extract<Parsed, { kind: 'run' }>, door: Door): Promise<Ending> {
  const home = parsed.given.get('home');
  const there = typeof home === 'string' ? { ...door, home: resolve(door.currentDirectory, home) } : door;
  const { run } = await parsed.verb.load();
  return run(callOf(parsed.given, there));
}
