import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { accessSync, constants } from 'node:fs';
import { chmod, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Load, type Measure, patienceMs, type Peer, postText, recipient } from './peer.ts';
import { greeted } from './ports.ts';
import { cpuSeconds, endedChildrenCpu, watchMemory } from './processes.ts';
import type { Sink } from './sink-process.ts';

const list = 'list@lists.example.org';
/** Recipients on one command line: within the kernel's 2 MiB for arguments. */
const batch = 20_000;

/** A private Postfix in the run's directory, with VERP (`sendmail -XV`), set to be as fast as it can fairly be. */
export const postfix: Peer = {
  name: 'postfix',
  absent: postfixIsAbsent,
  open: async (load, directory, port) => {
    const config = await prepare(directory, sendingSettings(load.n, port), services);
    return { run: (sink) => run(load, config, directory, sink), close: async () => {} };
  },
};

/** Why no private Postfix can run here; undefined: it can. */
export function postfixIsAbsent(): string | undefined {
  if (process.getuid?.() !== 0) return 'not root: a private Postfix cannot be started';
  try {
    accessSync('/usr/sbin/postfix', constants.X_OK);
    return undefined;
  } catch {
    return 'not installed (Debian: postfix)';
  }
}

/** A private Postfix that takes mail in at a port and throws it away once it is in its queue. */
export async function startPostfixIntake(
  directory: string,
  port: number,
): Promise<{ readonly pid: number; stop(): void }> {
  const smtpd = `127.0.0.1:${port} inet n - n - 250 smtpd\nanvil unix - - n - 1 anvil\n`;
  const config = await prepare(directory, takingSettings, smtpd + services);
  command('postfix', '-c', config, 'start');
  const pid = Number(await readFile(join(directory, 'queue', 'pid', 'master.pid'), 'utf8'));
  await greeted(port, 30_000);
  return { pid, stop: () => command('postfix', '-c', config, 'stop') };
}

async function run({ n, octets }: Load, config: string, directory: string, sink: Sink): Promise<Measure> {
  command('postfix', '-c', config, 'start');
  const master = Number(await readFile(join(directory, 'queue', 'pid', 'master.pid'), 'utf8'));
  const memory = watchMemory(master);
  try {
    const before = cpuSeconds(master) + endedChildrenCpu();
    const accepted = await submit(config, n, octets);
    const { t_first: first, t_last: last } = await sink.ended(patienceMs(n));
    // The children of Postfix stay (max_use, max_idle), so their time is still there; this process's others are sendmail alone.
    const cpu = cpuSeconds(master) + endedChildrenCpu() - before;
    const peakMiB = await memory();
    return { perSecond: n / (last - accepted), cpuUs: (cpu / n) * 1e6, peakMiB, grownMiB: 0, firstS: first - accepted };
  } finally {
    await memory();
    command('postfix', '-c', config, 'stop');
  }
}

/** What any private instance needs. */
function ownSettings(directory: string): Record<string, string | number> {
  return {
    compatibility_level: '3.6',
    queue_directory: join(directory, 'queue'),
    data_directory: join(directory, 'state'),
    myhostname: 'bench.example.org',
    mydestination: '',
    inet_interfaces: 'loopback-only',
    inet_protocols: 'ipv4',
    alias_maps: '',
    alias_database: '',
    max_use: 100_000,
    in_flow_delay: 0,
    smtp_tls_security_level: 'none',
  };
}

/** No limits on clients, no look-ups of them, and nothing to do with what was taken in. */
const takingSettings: Record<string, string | number> = {
  default_transport: 'discard',
  mynetworks: '127.0.0.0/8',
  smtpd_relay_restrictions: 'permit_mynetworks,reject',
  smtpd_peername_lookup: 'no',
  smtpd_client_connection_count_limit: 0,
  smtpd_client_connection_rate_limit: 0,
  default_process_limit: 300,
};

/** For a single large fan-out: no pauses, no limits on what is active, processes that live on. */
function sendingSettings(n: number, port: number): Record<string, string | number> {
  return {
    relayhost: `[127.0.0.1]:${port}`,
    default_destination_concurrency_limit: 20,
    initial_destination_concurrency: 20,
    smtp_connection_cache_on_demand: 'no',
    qmgr_message_active_limit: Math.max(20_000, n * 2),
    qmgr_message_recipient_limit: Math.max(20_000, n * 2),
    message_size_limit: 1_000_000_000,
    mailbox_size_limit: 0,
    smtp_host_lookup: 'native',
  };
}

const services = `pickup unix n - n 60 1 pickup
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
verify unix - - n - 1 verify
flush unix n - n 1000? 0 flush
proxymap unix - - n - - proxymap
smtp unix - - n - - smtp
relay unix - - n - - smtp
showq unix n - n - - showq
error unix - - n - - error
retry unix - - n - - error
discard unix - - n - - discard
scache unix - - n - 1 scache
`;

async function prepare(directory: string, settings: Record<string, string | number>, master: string): Promise<string> {
  const config = join(directory, 'config');
  // Postfix's processes give up root and must still reach their queue.
  await chmod(directory, 0o755);
  for (const name of ['config', 'queue', 'state']) await mkdir(join(directory, name), { mode: 0o755 });
  command('chown', 'postfix', join(directory, 'state'));
  const lines = Object.entries({ ...ownSettings(directory), ...settings }).map(
    ([name, value]) => `${name} = ${value}\n`,
  );
  await writeFile(join(config, 'main.cf'), lines.join(''));
  await writeFile(join(config, 'master.cf'), master);
  return config;
}

// Gives the time when the (first) batch was accepted, in seconds since 1970.
async function submit(config: string, n: number, octets: number): Promise<number> {
  let accepted = 0;
  for (let from = 0; from < n; from += batch) {
    const to = Array.from({ length: Math.min(batch, n - from) }, (_, index) => recipient(from + index));
    const words = ['-C', config, '-i', '-XV', '-f', list, '--', ...to];
    const child = spawn('/usr/sbin/sendmail', words, { stdio: ['pipe', 'inherit', 'inherit'] });
    child.stdin.end(postText('a@example.org', list, octets).replaceAll('\r\n', '\n'));
    const [code] = (await once(child, 'exit')) as [number | null];
    if (code !== 0) throw new Error(`sendmail ended with ${code}`);
    accepted ||= Date.now() / 1_000;
  }
  return accepted;
}

function command(program: string, ...words: string[]): void {
  const path = program === 'postfix' ? '/usr/sbin/postfix' : program;
  const { status, stderr, error } = spawnSync(path, words, { encoding: 'utf8' });
  if (status !== 0) throw new Error(`${program} ${words.join(' ')}: ${error?.message ?? stderr.trim()}`);
}
