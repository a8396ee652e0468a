import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { straceIsAbsent, underStrace } from '../helpers/strace.ts';
import { BenchHome, domain } from './home.ts';
import { type Bar, judge, median, type Part, type Size } from './part.ts';
import { freePort } from './ports.ts';
import { postfixIsAbsent, startPostfixIntake } from './postfix.ts';
import { cpuSeconds } from './processes.ts';

interface Load {
  readonly name: string;
  readonly sessions: number;
  /** A connection for each message. */
  readonly isNew: boolean;
  readonly messages: number;
  readonly small: number;
  /** Of Postfix's rate, at the least. */
  readonly least: number;
}

const loads: readonly Load[] = [
  { name: '20 connections', sessions: 20, isNew: false, messages: 20_000, small: 500, least: 5 },
  { name: '50 connections', sessions: 50, isNew: false, messages: 20_000, small: 500, least: 5 },
  { name: 'a connection for each', sessions: 200, isNew: true, messages: 2_000, small: 500, least: 1 },
];

/** On a disk whose fsync takes so much longer, in microseconds, this many a second over so many connections. */
const slow = { delayUs: 10_000, least: 2_000, sessions: 200, messages: 10_000 };

/** What comes in: mail to an address for bounces, whose proof is wrong. Postfix throws it away. */
const recipient = `list-return-1.aaaaaaaa-nobody=example.com@${domain}`;

/** Messages that are taken in and on disk when their 250 is said, beside Postfix's smtpd with the same client. */
export const intake: Part = {
  name: 'intake',
  run: async (size) => {
    console.log(`\nintake: messages of 4 KiB from smtp-source, each on disk before its 250, median of ${size.runs}`);
    if (!(await hasSource())) {
      console.log('  skipped: no smtp-source (Debian: postfix)');
      return true;
    }
    const isMet = await besidePostfix(size);
    return size.isSmall ? isMet : (await onSlowDisk(size)) && isMet;
  },
};

async function besidePostfix(size: Size): Promise<boolean> {
  const root = await mkdtemp(join(tmpdir(), 'ezlm-bench-intake-'));
  const servers: Server[] = [];
  try {
    servers.push(await startEzlm(root, 0));
    const absent = postfixIsAbsent();
    if (absent === undefined) servers.push(await startPostfix(root));
    else console.log(`  postfix: skipped: ${absent}`);
    let areMet = true;
    for (const load of loads) areMet = (await isMet(load, servers, size)) && areMet;
    return areMet;
  } finally {
    for (const server of servers) await server.stop();
    await rm(root, { recursive: true, force: true });
  }
}

// In turn (A B A B …).
async function isMet(load: Load, servers: readonly Server[], { isSmall, runs, n }: Size): Promise<boolean> {
  const messages = n ?? (isSmall ? load.small : load.messages);
  const rates: number[][] = servers.map(() => []);
  for (let run = 0; run < runs; run++)
    for (const [at, server] of servers.entries()) rates[at]!.push(await rate(server, load, messages));
  const [mine, theirs] = [median(rates[0]!), rates[1] ? median(rates[1]) : NaN];
  console.log(`  ${load.name}: ${mine.toFixed(0)}/s, postfix ${theirs.toFixed(0)}/s`);
  const bar: Bar = { what: `${load.name}, of postfix`, value: mine / theirs, unit: 'x', least: load.least };
  return isSmall || judge([bar]);
}

async function onSlowDisk({ runs, n = slow.messages }: Size): Promise<boolean> {
  const absent = straceIsAbsent();
  if (absent !== false) {
    console.log(`  slow disk: skipped: ${absent}`);
    return true;
  }
  const root = await mkdtemp(join(tmpdir(), 'ezlm-bench-intake-'));
  const server = await startEzlm(root, slow.delayUs);
  try {
    const rates: number[] = [];
    for (let run = 0; run < runs; run++) rates.push(await rate(server, { ...slow, isNew: false }, n));
    const what = `${slow.sessions} connections, each fsync ${slow.delayUs / 1_000} ms longer`;
    return judge([{ what, value: median(rates), unit: 'messages/s', least: slow.least }]);
  } finally {
    await server.stop();
    await rm(root, { recursive: true, force: true });
  }
}

interface Server {
  readonly pid: number;
  readonly port: number;
  stop(): Promise<void>;
}

async function startEzlm(root: string, delayUs: number): Promise<Server> {
  const home = new BenchHome(join(root, 'home'));
  await home.init();
  await home.make('list');
  const slowed = { calls: 'fsync,fdatasync', effect: `delay_exit=${delayUs}`, paths: [] };
  const daemon = await home.serve(await freePort(), delayUs === 0 ? [] : underStrace('/dev/null', slowed));
  return { pid: daemon.pid, port: daemon.port, stop: () => daemon.kill() };
}

async function startPostfix(root: string): Promise<Server> {
  // Postfix's processes give up root and must still reach what is theirs.
  await chmod(root, 0o755);
  const directory = join(root, 'postfix');
  await mkdir(directory, { mode: 0o755 });
  const port = await freePort();
  const running = await startPostfixIntake(directory, port);
  return { pid: running.pid, port, stop: async () => running.stop() };
}

async function rate(server: Server, load: Pick<Load, 'sessions' | 'isNew'>, messages: number): Promise<number> {
  const words = ['-s', String(load.sessions), '-m', String(messages), '-l', '4096', '-f', 'sender@example.com'];
  const began = performance.now();
  await source([...(load.isNew ? [] : ['-d']), ...words, '-t', recipient, `127.0.0.1:${server.port}`]);
  const seconds = (performance.now() - began) / 1_000;
  await quiet(server.pid);
  return messages / seconds;
}

async function source(words: readonly string[]): Promise<void> {
  const child = spawn('smtp-source', words, { stdio: ['ignore', 'ignore', 'inherit'] });
  const [code] = (await once(child, 'exit')) as [number | null];
  if (code !== 0) throw new Error(`smtp-source ended with ${code}`);
}

async function hasSource(): Promise<boolean> {
  const child = spawn('smtp-source', [], { stdio: 'ignore' });
  return Promise.race([once(child, 'exit').then(() => true), once(child, 'error').then(() => false)]);
}

// What was taken in is worked off before another server is measured.
async function quiet(pid: number): Promise<void> {
  for (let before = cpuSeconds(pid); ;) {
    await sleep(300);
    const now = cpuSeconds(pid);
    if (now - before < 0.03) return;
    before = now;
  }
}
