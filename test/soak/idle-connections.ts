import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { BenchHome, owner } from '../bench/home.ts';
import { postText } from '../bench/peer.ts';
import { memoryMiB, openFiles } from '../bench/processes.ts';
import { startSink } from '../bench/sink-process.ts';
import type { SoakContext, SoakPart } from './part.ts';

/** A new connection is served within this, greeting and all. */
const servedMostMs = 1_000;
/** Whoever has said nothing for this long may be sent away for somebody new. */
const silentMs = 5_000;
const residentMostMiB = 300;
/** Files that a process has besides. */
const filesBesides = 500;
/** Places that are left for those who want something. */
const room = 20;
/** Connections that are opened at a time. */
const batch = 200;
/** What the idle ones say before they fall silent. */
const halves = ['', 'EHLO idle\r\n', 'EHLO idle\r\nMAIL FR', 'EHLO idle\r\nMAIL FROM:<a@x.example>\r\nRCPT TO:<n'];

/** Thousands of connections that say nothing, or half of a command, and somebody who has mail. */
export const idleConnections: SoakPart = {
  name: 'idle-connections',
  run: async (context) => {
    const { directory, isSmall, say, claim } = context;
    const idle = Math.min(isSmall ? 500 : 5_000, openFilesMost() - filesBesides);
    const home = new BenchHome(join(directory, 'home'));
    await home.init(`connectionsMost=${idle + room}`);
    const list = await home.make('news');
    const sink = await startSink({ directory, expect: 0, chunking: false });
    const daemon = await home.serve(sink.port);
    const sockets: Socket[] = [];
    try {
      const began = Date.now();
      for (let count = 0; count < idle; count += batch) await open(sockets, daemon.port, Math.min(batch, idle - count));
      say(`${idle} idle connections, all greeted after ${((Date.now() - began) / 1_000).toFixed(1)} s`);
      const post = (): Promise<unknown> => daemon.post(owner, list, postText(owner, list));
      await serve(context, `beside ${idle} idle ones`, isSmall ? 20 : 100, post);
      claim(
        sockets.every((socket) => !socket.destroyed),
        'while there is room nobody is sent away',
      );
      await open(sockets, daemon.port, room);
      await sleep(silentMs);
      await serve(context, 'where no room is left', room, post);
      const files = openFiles(daemon.pid);
      claim(files <= idle + room + filesBesides, `open files at the most ${files}`);
      const { most: peak } = memoryMiB(daemon.pid);
      claim(peak <= residentMostMiB, `resident memory at the most ${peak.toFixed(0)} MiB`);
      await daemon.stop();
    } finally {
      for (const socket of sockets) socket.destroy();
      await daemon.kill();
      await sink.stop();
    }
  },
};

// One after the other: each takes the place of somebody silent, or one that is free.
async function serve(
  { claim, say, isSmall }: SoakContext,
  where: string,
  count: number,
  post: () => Promise<unknown>,
): Promise<void> {
  let longest = 0;
  let refused = 0;
  for (let at = 0; at < count; at++) {
    const began = Date.now();
    await post().catch(() => refused++);
    longest = Math.max(longest, Date.now() - began);
  }
  claim(refused === 0, `${count} messages ${where}: all taken (${refused} were not)`);
  const what = `${count} messages ${where}: served within ${longest} ms at the most`;
  // A machine that checks a commit does other things beside.
  if (isSmall) say(`${what} (judged in full size only)`);
  else claim(longest <= servedMostMs, what);
}

async function open(sockets: Socket[], port: number, count: number): Promise<void> {
  const opened = Array.from({ length: count }, async () => {
    const socket = connect(port, '127.0.0.1');
    socket.on('error', () => {});
    sockets.push(socket);
    const half = halves[sockets.length % halves.length]!;
    await once(socket, 'data');
    socket.write(half);
    socket.resume();
  });
  await Promise.all(opened);
}

// Node has raised its own limit to the highest allowed, and a daemon does the same.
function openFilesMost(): number {
  const line = /^Max open files +(\d+)/m.exec(readFileSync('/proc/self/limits', 'utf8'));
  return Number(line?.[1] ?? 1_024);
}
