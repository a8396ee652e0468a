import { cpSync } from 'node:fs';
import { join } from 'node:path';
import { createTransport } from 'nodemailer';
import { BenchHome, domain, lines, owner } from '../bench/home.ts';
import { patienceMs, postText, recipient } from '../bench/peer.ts';
import { openFiles, memoryMiB } from '../bench/processes.ts';
import { startSink } from '../bench/sink-process.ts';
import type { SoakPart } from './part.ts';

const startMostMs = 2_000;
const residentMostMiB = 300;
/** 64 list databases with three files each, the connections of both sides, and what a process has anyway. */
const openFilesMost = 1_000;
const connections = 20;

/** Ten thousand lists on one server: start, one post to each, memory and open files. */
export const tenThousandLists: SoakPart = {
  name: 'ten-thousand-lists',
  run: async ({ directory, isSmall, say, claim }) => {
    const n = isSmall ? 300 : 10_000;
    const home = new BenchHome(join(directory, 'home'));
    await home.init();
    await makeLists(home, n);
    const sink = await startSink({ directory, expect: n, chunking: false });
    const daemon = await home.serve(sink.port);
    try {
      claim(daemon.startMs <= startMostMs, `${n} lists: the daemon greets after ${daemon.startMs} ms`);
      const began = Date.now();
      let mostFiles = 0;
      await postToEach(daemon.port, n, () => (mostFiles = Math.max(mostFiles, openFiles(daemon.pid))));
      const report = await sink.ended(patienceMs(n) * 2);
      say(`a post to each: ${(n / (report.t_last - began / 1_000)).toFixed(0)}/s from submission to delivery`);
      claim(report.messages === n, `every list's post was delivered (${report.messages} of ${n})`);
      claim(mostFiles <= openFilesMost, `open files at the most ${mostFiles}`);
      const { most: peak } = memoryMiB(daemon.pid);
      claim(peak <= residentMostMiB, `resident memory at the most ${peak.toFixed(0)} MiB`);
      await daemon.stop();
    } finally {
      await daemon.kill();
      await sink.stop();
    }
  },
};

// One is made and gets a member; the others are copies of its directory, which is a list (promise P4).
async function makeLists(home: BenchHome, n: number): Promise<void> {
  const first = await home.make(nameOf(0));
  await home.ezlm(['sub', first], lines(1, recipient));
  const directory = join(home.directory, 'lists', domain);
  for (let index = 1; index < n; index++) {
    cpSync(join(directory, nameOf(0)), join(directory, nameOf(index)), { recursive: true });
  }
}

function nameOf(index: number): string {
  return `l${index}`;
}

async function postToEach(port: number, n: number, now: () => void): Promise<void> {
  const pool = createTransport({
    pool: true,
    host: '127.0.0.1',
    port,
    maxConnections: connections,
    maxMessages: Infinity,
    ignoreTLS: true,
  });
  let next = 0;
  const postOn = async (): Promise<void> => {
    while (next < n) {
      const index = next++;
      const list = `${nameOf(index)}@${domain}`;
      await pool.sendMail({ envelope: { from: owner, to: [list] }, raw: postText(owner, list) });
      if (index % 100 === 0) now();
    }
  };
  await Promise.all(Array.from({ length: connections }, postOn));
  pool.close();
}
