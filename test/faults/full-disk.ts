import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { BenchDaemon } from '../bench/home.ts';
import { mountIsAbsent, mountSmallDisk, unmount } from '../helpers/mounts.ts';
import { duplicatesOf, type FaultContext, type FaultPart } from './part.ts';
import { FaultStation } from './station.ts';
import { sendUnder } from './trial.ts';

const readers = 8;
/** Runs on one disk of 4 MiB: each leaves some 30 KiB of archived posts and outcomes, and a daemon needs room to work off what came in. */
const runsOfDisk = 40;
/** KiB that are left on the disk, in turn. */
const rooms = [0, 8, 300, 24, 64, 4, 128, 400, 16, 1_000];

/** Disks and tables that are really full: a small file system, a limit on the length of files, no descriptor left. */
export const fullDisk: FaultPart = {
  name: 'full-disk',
  run: async (context) => {
    const each = context.runs ?? (context.isSmall ? 3 : 20);
    const absent = mountIsAbsent();
    if (absent !== false) context.skip('a disk that is full', absent);
    else
      for (let first = 0; first < each; first += runsOfDisk)
        await onSmallDisk(context, { first, end: Math.min(each, first + runsOfDisk), all: each });
    const station = await FaultStation.open(join(context.directory, 'limits'), readers);
    try {
      await limited(context, station, each, 'a limit on the length of files', shortFiles);
      await limited(context, station, each, 'no descriptor left', fewDescriptors);
    } finally {
      await station.sink.stop();
    }
  },
};

interface Runs {
  readonly first: number;
  readonly end: number;
  readonly all: number;
}

async function onSmallDisk(context: FaultContext, { first, end, all }: Runs): Promise<void> {
  const directory = join(context.directory, `disk-${first}`);
  // The home itself: its log lies beside it.
  const disk = join(directory, 'home');
  mkdirSync(disk, { recursive: true });
  mountSmallDisk(disk);
  try {
    const station = await FaultStation.open(directory, readers, disk);
    try {
      for (let run = first; run < end; run++) await onFullDisk(context, station, disk, run, all);
    } finally {
      await station.sink.stop();
    }
  } finally {
    unmount(disk);
  }
}

async function onFullDisk(
  context: FaultContext,
  station: FaultStation,
  disk: string,
  run: number,
  runs: number,
): Promise<void> {
  const room = rooms[run % rooms.length]!;
  // It is full already when the daemon starts, or fills up while it runs.
  const startsFull = run % 3 === 2;
  const text = `${room} KiB left${startsFull ? ' at the start' : ''}`;
  context.progress(run, runs, text);
  const ballast = join(disk, 'ballast');
  await trial(context, station, `full${run}.`, text, {
    before: () => (startsFull ? fill(disk, ballast, room) : undefined),
    onDaemon: () => (startsFull ? undefined : fill(disk, ballast, room)),
    after: () => rmSync(ballast, { force: true }),
  });
}

function fill(disk: string, ballast: string, roomKiB: number): void {
  const { bavail, bsize } = statfsSync(disk);
  writeFileSync(ballast, Buffer.alloc(Math.max(0, bavail * bsize - roomKiB * 1_024)));
}

async function limited(
  context: FaultContext,
  station: FaultStation,
  runs: number,
  what: string,
  limit: (daemon: BenchDaemon, random: () => number) => string,
): Promise<void> {
  for (let run = 0; run < runs; run++) {
    context.progress(run, runs, what);
    let value = '';
    await trial(context, station, `${what.replaceAll(' ', '-')}${run}.`, what, {
      onDaemon: (daemon) => {
        value = limit(daemon, context.random);
        execFileSync('prlimit', ['--pid', String(daemon.pid), value]);
      },
    });
  }
}

// Beyond it a write is short, and the next one fails: RLIMIT_FSIZE of setrlimit(2).
function shortFiles(_daemon: BenchDaemon, random: () => number): string {
  return `--fsize=${4_096 + Math.floor(random() * 300_000)}`;
}

function fewDescriptors({ pid }: BenchDaemon, random: () => number): string {
  const highest = Math.max(...readdirSync(`/proc/${pid}/fd`).map(Number));
  return `--nofile=${highest + 1 + Math.floor(random() * 6)}`;
}

interface Scene {
  readonly before?: () => void;
  readonly onDaemon: (daemon: BenchDaemon) => void;
  readonly after?: () => void;
}

async function trial(
  context: FaultContext,
  station: FaultStation,
  prefix: string,
  text: string,
  scene: Scene,
): Promise<void> {
  const since = station.log.look();
  scene.before?.();
  const daemon = await station.serve().catch(() => undefined);
  let sent: Awaited<ReturnType<typeof sendUnder>> = [];
  try {
    if (daemon) {
      scene.onDaemon(daemon);
      sent = await sendUnder(station, daemon, prefix);
    }
  } finally {
    await daemon?.kill();
    scene.after?.();
  }
  const healthy = await station.serve();
  try {
    context.count(await station.settle(sent, prefix, { since }), text, duplicatesOf(sent));
    await healthy.stop();
  } finally {
    await healthy.kill();
  }
}
