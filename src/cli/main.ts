import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Readable, Writable } from 'node:stream';
import { systemClock } from '../lib/clock.ts';
import type { Door } from './door.ts';

/** What bin/ezlm knows of the process: the command line, the streams, and the environment that counts. */
export interface Started {
  /** `ezlm`, or the alias that was called: `ezmlm-sub` … */
  readonly program: string;
  readonly words: readonly string[];
  readonly currentDirectory: string;
  /** `EZLM_HOME`. */
  readonly home: string | undefined;
  /** `SENDER`, from qmail's delivery environment. */
  readonly sender: string | undefined;
  readonly input: Readable & { readonly isTTY?: boolean };
  readonly output: Writable & { readonly isTTY?: boolean; readonly columns?: number; readonly rows?: number };
  readonly talk: Writable & { readonly isTTY?: boolean };
  /** Has SIGINT call this instead of ending the process; gives what ends that. */
  readonly onInterrupt: (stop: () => void) => () => void;
}

/** Runs one command line of ezlm or of one of ezmlm's names; gives the exit code. */
export async function main(started: Started): Promise<number> {
  const door = doorOf(started);
  if (started.program === 'ezlm') {
    const { runCommandLine } = await import('./run.ts');
    return runCommandLine(started.words, door, version());
  }
  const { runAlias } = await import('./alias.ts');
  return runAlias(started.program, started.words, door, started.home !== undefined);
}

function doorOf(started: Started): Door {
  const { input, output, talk, currentDirectory } = started;
  // An error of a stream reaches the writer by its callback; without a listener it would end the process.
  output.on('error', () => {});
  talk.on('error', () => {});
  let isLineOpen = false;
  return {
    home: resolve(currentDirectory, started.home ?? '.'),
    currentDirectory,
    input,
    inputIsTerminal: input.isTTY === true,
    print: (text) => write(output, text),
    say: (line) => {
      talk.write(`${isLineOpen ? '\n' : ''}${line}\n`);
      isLineOpen = false;
    },
    progress: talk.isTTY
      ? (text) => {
          talk.write(`\r${text}\u001b[K`);
          isLineOpen = text !== '';
        }
      : undefined,
    onInterrupt: started.onInterrupt,
    screen: output.isTTY ? () => ({ columns: output.columns ?? 80, rows: output.rows ?? 24 }) : undefined,
    clock: systemClock,
    dnsTexts: async (name) => (await import('../lib/dns.ts')).systemTexts(name),
    sender: started.sender,
    busyMs: undefined,
  };
}

function write(output: Writable, text: string): Promise<void> {
  return new Promise((taken, refused) => {
    output.write(text, (error) => (error ? refused(error) : taken()));
  });
}

function version(): string {
  const text = readFileSync(new URL('../../package.json', import.meta.url), 'utf8');
  return (JSON.parse(text) as { version: string }).version;
}
