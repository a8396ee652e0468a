/**
 * nodemailer's pool with a raw message: the usual way to send from Node. It keeps no queue and no outcome. Started as a program it is the
 * sender itself, so that its CPU and memory can be told from ours.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { createTransport } from 'nodemailer';
import { type Load, type Measure, patienceMs, type Peer, postText, recipient } from './peer.ts';
import type { Sink } from './sink-process.ts';

/** Its best between 50 and 100 (measured). */
const connections = 50;
const list = 'list@lists.example.org';

interface Sent {
  readonly began: number;
  readonly cpuUs: number;
  readonly peakKiB: number;
}

export const nodemailer: Peer = {
  name: 'nodemailer',
  absent: () => undefined,
  open: async (load) => ({ run: (sink) => run(load, sink), close: async () => {} }),
};

async function run({ n, octets }: Load, sink: Sink): Promise<Measure> {
  const words = [fileURLToPath(import.meta.url), String(sink.port), String(n), String(octets)];
  const child = spawn(process.execPath, words, { stdio: ['ignore', 'pipe', 'inherit'] });
  const [output] = await Promise.all([text(child.stdout), once(child, 'exit')]);
  const { began, cpuUs, peakKiB } = JSON.parse(output) as Sent;
  const { t_first: first, t_last: last } = await sink.ended(patienceMs(n));
  return {
    perSecond: n / (last - began),
    cpuUs: cpuUs / n,
    peakMiB: peakKiB / 1_024,
    grownMiB: 0,
    firstS: first - began,
  };
}

async function send(port: number, n: number, octets: number): Promise<Sent> {
  const pool = createTransport({
    pool: true,
    host: '127.0.0.1',
    port,
    maxConnections: connections,
    maxMessages: Infinity,
    ignoreTLS: true,
  });
  const raw = postText('a@example.org', list, octets);
  const began = Date.now() / 1_000;
  const before = process.cpuUsage();
  let next = 0;
  const sendOn = async (): Promise<void> => {
    while (next < n) {
      const to = recipient(next++);
      await pool.sendMail({
        envelope: { from: `list-return-1-${to.replace('@', '=')}@lists.example.org`, to: [to] },
        raw,
      });
    }
  };
  await Promise.all(Array.from({ length: connections }, sendOn));
  const used = process.cpuUsage(before);
  pool.close();
  return { began, cpuUs: used.user + used.system, peakKiB: process.resourceUsage().maxRSS };
}

if (import.meta.main) {
  const [port, n, octets] = process.argv.slice(2).map(Number);
  process.stdout.write(JSON.stringify(await send(port!, n!, octets!)));
}
