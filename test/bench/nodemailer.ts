/**
 * nodemailer's pool with a raw message: the usual way to send from Node. It keeps no queue and no outcome. Started as a program it is the
 * sender itself, so that its CPU and memory can be told from ours.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { createTransport } from 'nodemailer';
import { patienceMs, type Peer, postText, recipient } from './peer.ts';

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
  run: async ({ n, sink }) => {
    const words = [fileURLToPath(import.meta.url), String(sink.port), String(n)];
    const child = spawn(process.execPath, words, { stdio: ['ignore', 'pipe', 'inherit'] });
    const [output] = await Promise.all([text(child.stdout), once(child, 'exit')]);
    const sent = JSON.parse(output) as Sent;
    const { t_last: last } = await sink.ended(patienceMs(n));
    return { perSecond: n / (last - sent.began), cpuUs: sent.cpuUs / n, peakMiB: sent.peakKiB / 1_024 };
  },
};

async function send(port: number, n: number): Promise<Sent> {
  const pool = createTransport({
    pool: true,
    host: '127.0.0.1',
    port,
    maxConnections: connections,
    maxMessages: Infinity,
    ignoreTLS: true,
  });
  const raw = postText('a@example.org', list);
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
  const [port, n] = process.argv.slice(2).map(Number);
  process.stdout.write(JSON.stringify(await send(port!, n!)));
}
