import { rmSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import type { BenchDaemon } from '../bench/home.ts';
import { besideStrace, underStrace } from '../helpers/strace.ts';
import { until } from '../soak/poll.ts';
import { isComplete, type Sent } from './ledger.ts';
import type { Site } from './sites.ts';
import type { FaultStation } from './station.ts';
import { attach, isHit, wholeLog } from '../helpers/strace-process.ts';

/** Larger than what lies in the database: a body that is a file. */
const largeOctets = 280_000;
/** How long a daemon with a fault may take to deliver what it can. */
const underFaultMs = 600;

/** What happened while a fault was there. */
export interface Trial {
  readonly sent: readonly Sent[];
  readonly isHit: boolean;
  readonly isStarted: boolean;
  /** It ended without being told to. */
  readonly isDead: boolean;
}

/** Starts a daemon under a fault, sends, and ends it. */
export async function startUnder(station: FaultStation, site: Site, prefix: string, log: string): Promise<Trial> {
  rmSync(log, { force: true });
  const daemon = await station.serve(underStrace(log, site)).catch(() => undefined);
  if (!daemon) return { sent: [], isHit: true, isStarted: false, isDead: false };
  return ended(daemon, site, /[13579]\.$/.test(prefix), () => sendUnder(station, daemon, prefix), log);
}

/** Puts a fault on a daemon that has worked before, sends, and ends it. */
export async function runUnder(
  station: FaultStation,
  site: Site,
  prefix: string,
  log: string,
  daemon: BenchDaemon,
): Promise<Trial> {
  rmSync(log, { force: true });
  // What is opened once is open then.
  const warm = await load(station, daemon.port, `${prefix}warm.`);
  await until('a warm daemon', 10_000, () => isComplete(warm, station.copies(prefix)));
  if (site.when === 'running') await attach(besideStrace(daemon.pid, log, site));
  const send = async (): Promise<Sent[]> => {
    const sent = await sendUnder(station, daemon, prefix);
    if (site.when === 'stopping') await attach(besideStrace(daemon.pid, log, site));
    return [...warm, ...sent];
  };
  return ended(daemon, site, site.when !== 'stopping' && /[13579]\.$/.test(prefix), send, log);
}

/** Sends to a daemon that has a fault, and gives it time to deliver what it can. */
export async function sendUnder(station: FaultStation, daemon: BenchDaemon, prefix: string): Promise<Sent[]> {
  const sent = await load(station, daemon.port, prefix);
  const isDone = (): boolean => isComplete(sent, station.copies(prefix)) || !daemon.isRunning;
  await until('all that can', underFaultMs, isDone).catch(() => {});
  // The results of the last copies are committed 50 ms after them.
  await sleep(200);
  return sent;
}

// By a kill, or as it would be told to, with the fault still there.
async function ended(
  daemon: BenchDaemon,
  site: Site,
  byKill: boolean,
  send: () => Promise<Sent[]>,
  log: string,
): Promise<Trial> {
  let sent: Sent[];
  let isDead: boolean;
  try {
    sent = await send();
    isDead = !daemon.isRunning;
    if (!byKill) await daemon.stop().catch((error: unknown) => whenKilled(site, error));
  } finally {
    await daemon.kill();
  }
  await wholeLog(log, daemon.pid);
  return { sent, isHit: isDead || isHit(log), isStarted: true, isDead };
}

function whenKilled({ effect }: Site, error: unknown): void {
  if (!effect.startsWith('signal')) throw error;
}

/** At once, so that commits are shared; one body is a file. */
export function load(station: FaultStation, port: number, prefix: string): Promise<Sent[]> {
  return Promise.all([
    station.post(port, `${prefix}small`),
    station.post(port, `${prefix}another`),
    station.post(port, `${prefix}large`, largeOctets),
    station.write(port, `${prefix}owner`),
  ]);
}
