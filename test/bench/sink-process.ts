import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from './build.ts';
import { freePort, greeted } from './ports.ts';

/** What a sink counted. Times are seconds since 1970. */
export interface SinkReport {
  readonly messages: number;
  readonly recipients: number;
  readonly distinct_senders: number;
  readonly rcpt_once: number;
  readonly rcpt_multiple: number;
  readonly connections: number;
  readonly max_concurrent: number;
  readonly t_first: number;
  readonly t_last: number;
}

export interface SinkOptions {
  /** A directory for the report. */
  readonly directory: string;
  /** The sink ends by itself after so many recipients; 0: never. */
  readonly expect: number;
  readonly chunking: boolean;
  /** Where it listens; a free port when it is not said. */
  readonly port?: number;
  /** Milliseconds before each reply. */
  readonly delayMs?: number;
  /** A directory for the first messages, one file each (the C sink alone). */
  readonly save?: { readonly directory: string; readonly most: number };
  /** A file for one line per message: the sink in TypeScript is used then. */
  readonly log?: string;
}

/** A running sink. */
export interface Sink {
  readonly port: number;
  /** `C` or `TypeScript`. */
  readonly kind: string;
  /** Waits until the expected number has come; rejects after `mostMs`. */
  ended(mostMs: number): Promise<SinkReport>;
  /** Ends it now. */
  stop(): Promise<SinkReport>;
}

/** Starts the C sink, or ours where there is no compiler, and waits until it answers. */
export async function startSink(options: SinkOptions): Promise<Sink> {
  const port = options.port ?? (await freePort());
  const json = join(options.directory, `sink-${port}.json`);
  const words = ['--port', String(port), '--expect', String(options.expect), '--json', json];
  if (!options.chunking) words.push('--no-chunking');
  if (options.delayMs !== undefined && options.delayMs > 0) words.push('--delay-ms', String(options.delayMs));
  if (options.save) words.push('--save', options.save.directory, '--save-max', String(options.save.most));
  const compiled = options.log === undefined ? build('sink') : undefined;
  const isC = compiled !== undefined && 'path' in compiled;
  const child = isC
    ? spawn(compiled.path, words, { stdio: 'ignore' })
    : spawn(process.execPath, [own, ...words, ...(options.log === undefined ? [] : ['--log', options.log])], {
        stdio: ['ignore', 'ignore', 'inherit'],
      });
  const exited = once(child, 'exit');
  await greeted(port, 10_000);
  const read = async (): Promise<SinkReport> => JSON.parse(await readFile(json, 'utf8')) as SinkReport;
  return {
    port,
    kind: isC ? 'C' : 'TypeScript',
    ended: async (mostMs) => {
      await within(exited, child, mostMs);
      return read();
    },
    stop: async () => {
      child.kill('SIGTERM');
      await exited;
      return read();
    },
  };
}

const own = fileURLToPath(new URL('./sink.ts', import.meta.url));

async function within(exited: Promise<unknown>, child: ChildProcess, mostMs: number): Promise<void> {
  let isLate = false;
  const timer = setTimeout(() => {
    isLate = true;
    child.kill('SIGTERM');
  }, mostMs);
  await exited;
  clearTimeout(timer);
  if (isLate) throw new Error(`the sink had not got all it expected after ${mostMs} ms`);
}
