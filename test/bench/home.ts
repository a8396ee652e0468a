import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { pipeline } from 'node:stream/promises';
import { fileURLToPath } from 'node:url';
import { createTransport } from 'nodemailer';
import { freePort, greeted } from './ports.ts';

const program = fileURLToPath(new URL('../../bin/ezlm', import.meta.url));
/** How long a daemon may take to answer, stop or refuse before the run counts as stuck. */
const patience = 30_000;

export const domain = 'lists.example.org';
export const owner = 'owner@example.org';

/** A home in a directory of its own, used through the command line as an owner would. */
export class BenchHome {
  readonly directory: string;

  constructor(directory: string) {
    this.directory = directory;
  }

  /** Makes the home; settings as `name=value`. */
  async init(...settings: string[]): Promise<void> {
    await this.ezlm(['init', '--domain', domain, 'logLevel=warn', ...settings]);
  }

  /** Makes `<name>@lists.example.org`, which takes posts from everybody; gives its address. Settings as `name=value`. */
  async make(name: string, ...settings: string[]): Promise<string> {
    const list = `${name}@${domain}`;
    await this.ezlm(['make', list, '--owner', owner, 'posting=everybody', ...settings]);
    return list;
  }

  /** Runs one command to its end and gives what it printed; throws when the exit code is not 0. */
  async ezlm(words: readonly string[], input: Iterable<string> | Readable = []): Promise<string> {
    const { child, ended } = this.#begin(words);
    // A command that refuses its input ends before it has read it.
    await pipeline(input instanceof Readable ? input : Readable.from(input), child.stdin!).catch(() => {});
    return ended;
  }

  /** Runs one command to its end and gives its exit code alone. */
  async exitCode(words: readonly string[]): Promise<number | null> {
    const { child, ended } = this.#begin(words);
    await ended.catch(() => {});
    return child.exitCode;
  }

  // `ended` gives what it printed.
  #begin(words: readonly string[]): { child: ChildProcess; ended: Promise<string> } {
    const child = spawn(process.execPath, [program, '--home', this.directory, ...words], { stdio: 'pipe' });
    const end = async (): Promise<string> => {
      const [output, talk, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'exit')]);
      if (code !== 0) throw new Error(`ezlm ${words.join(' ')} ended with ${code}: ${talk.slice(0, 2_000)}`);
      return output;
    };
    return { child, ended: end() };
  }

  /**
   * Starts the daemon, whose log goes to `<directory>.log`; all mail goes to the sink. Resolves when it greets. `under`: the words of a
   * program that starts it in its own place; `more`: words behind those of `serve`.
   */
  async serve(sinkPort: number, under: readonly string[] = [], more: readonly string[] = []): Promise<BenchDaemon> {
    const port = await freePort();
    const words = ['serve', '--smtp', `127.0.0.1:${port}`, '--route', `*=127.0.0.1:${sinkPort}`, ...more];
    const began = Date.now();
    const [first, ...rest] = [...under, process.execPath, program, '--home', this.directory, ...words];
    const child = spawn(first!, rest, { stdio: ['ignore', 'ignore', 'pipe'] });
    const log = createWriteStream(`${this.directory}.log`, { flags: 'a' });
    child.stderr.pipe(log);
    try {
      await greeted(port, patience, () => child.exitCode !== null || child.signalCode !== null);
    } catch (error) {
      child.kill('SIGKILL');
      throw error;
    }
    return new BenchDaemon(child, port, Date.now() - began);
  }
}

/** A running `ezlm serve`. */
export class BenchDaemon {
  readonly pid: number;
  readonly port: number;
  /** From its start to its greeting. */
  readonly startMs: number;
  readonly #child: ChildProcess;
  readonly #exited: Promise<unknown>;

  constructor(child: ChildProcess, port: number, startMs: number) {
    this.#child = child;
    this.#exited = once(child, 'exit');
    this.pid = child.pid!;
    this.port = port;
    this.startMs = startMs;
  }

  get isRunning(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null;
  }

  /** Posts one message; gives the time of the 250 in seconds since 1970. */
  async post(from: string, to: string, raw: string): Promise<number> {
    const transport = createTransport({ host: '127.0.0.1', port: this.port, ignoreTLS: true });
    try {
      await transport.sendMail({ envelope: { from, to: [to] }, raw });
      return Date.now() / 1_000;
    } finally {
      transport.close();
    }
  }

  /** Asks it to end, and waits; throws when it had to be killed. */
  async stop(): Promise<void> {
    if (!this.isRunning) return;
    this.#child.kill('SIGTERM');
    const forced = setTimeout(() => this.#child.kill('SIGKILL'), patience);
    await this.#exited;
    clearTimeout(forced);
    if (this.#child.signalCode === 'SIGKILL') throw new Error(`the daemon did not stop within ${patience} ms`);
  }

  /** Ends it as a power cut would; nothing when it has ended. */
  async kill(): Promise<void> {
    if (!this.isRunning) return;
    this.#child.kill('SIGKILL');
    await this.#exited;
  }
}

/** Addresses as lines, made as they are read. */
export function* lines(count: number, address: (index: number) => string): Generator<string> {
  const page = 1_000;
  for (let from = 0; from < count; from += page) {
    let text = '';
    for (let index = from; index < Math.min(count, from + page); index++) text += `${address(index)}\n`;
    yield text;
  }
}
