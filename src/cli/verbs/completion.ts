import { type Call, type Ending, exit } from '../door.ts';
import { completionScript, type Shell } from '../completion.ts';

/** Prints the completion script for a shell. */
export async function run(call: Call): Promise<Ending> {
  await call.door.print(completionScript((call.text('shell') ?? 'bash') as Shell));
  return exit.done;
}
