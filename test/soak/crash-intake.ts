import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { createTransport } from 'nodemailer';
import { BenchHome, lines, owner } from '../bench/home.ts';
import { recipient } from '../bench/peer.ts';
import { startSink } from '../bench/sink-process.ts';
import type { SoakContext, SoakPart } from './part.ts';
import { until } from './poll.ts';
import { SinkLog } from './sink-log.ts';

const sessions = 20;
const patience = 180_000;

/** `kill -9` while many sessions post: every message that was answered 250 reaches the list's subscriber, under one number. */
export const crashIntake: SoakPart = {
  name: 'crash-intake',
  run: async (context) => {
    const kills = context.isSmall ? 2 : 10;
    const home = new BenchHome(join(context.directory, 'home'));
    await home.init();
    const list = await home.make('news');
    await home.ezlm(['sub', list], lines(1, recipient));
    const path = join(context.directory, 'sink.log');
    const sink = await startSink({ directory: context.directory, expect: 0, chunking: false, log: path });
    try {
      const answered: string[] = [];
      for (let kill = 0; kill < kills; kill++) {
        const daemon = await home.serve(sink.port);
        const load = postUntilDead(daemon.port, list, `kill${kill}`);
        await sleep(200 + context.random() * (context.isSmall ? 800 : 2_000));
        await daemon.kill();
        answered.push(...(await load));
      }
      await judge(context, { home, sinkPort: sink.port, log: new SinkLog(path), answered });
    } finally {
      await sink.stop();
    }
  },
};

// Gives the subjects of the posts that were answered 250.
async function postUntilDead(port: number, list: string, name: string): Promise<string[]> {
  const answered: string[] = [];
  const post = async (session: number): Promise<void> => {
    const transport = createTransport({
      pool: true,
      host: '127.0.0.1',
      port,
      maxConnections: 1,
      maxMessages: Infinity,
      ignoreTLS: true,
    });
    try {
      for (let count = 0; ; count++) {
        const subject = `${name}.${session}.${count}`;
        const raw = `From: ${owner}\r\nTo: ${list}\r\nSubject: ${subject}\r\nMessage-ID: <${subject}@example.org>\r\n\r\n${'x'.repeat(1_000)}\r\n`;
        await transport.sendMail({ envelope: { from: owner, to: [list] }, raw });
        answered.push(subject);
      }
    } catch {
      // The connection died with the daemon: what was not answered may be there or not.
    } finally {
      transport.close();
    }
  };
  await Promise.all(Array.from({ length: sessions }, (_, session) => post(session)));
  return answered;
}

interface Story {
  readonly home: BenchHome;
  readonly sinkPort: number;
  readonly log: SinkLog;
  readonly answered: readonly string[];
}

async function judge({ claim, say }: SoakContext, { home, sinkPort, log, answered }: Story): Promise<void> {
  const daemon = await home.serve(sinkPort);
  let missing = new Set(answered);
  try {
    await until('every answered post at the subscriber', patience, () => {
      log.look();
      const arrived = new Set(log.copies.map((copy) => copy.subject));
      missing = new Set(answered.filter((subject) => !arrived.has(subject)));
      return missing.size === 0;
    }).catch((error: unknown) => say(String(error)));
    await daemon.stop();
  } finally {
    await daemon.kill();
  }
  claim(answered.length > 0, `posts were answered 250 before the kills (${answered.length})`);
  claim(missing.size === 0, `every post that was answered 250 is there (${missing.size} missing)`);
  const numbers = numbersBySubject(log);
  const torn = [...numbers].filter(([, ofPost]) => ofPost.size !== 1);
  claim(torn.length === 0, `each post has one number (${torn.length} have several)`);
  const distinct = new Set([...numbers.values()].flatMap((ofPost) => [...ofPost]));
  claim(
    distinct.size === numbers.size,
    `each number belongs to one post (${numbers.size} posts, ${distinct.size} numbers)`,
  );
}

// `news-return-<number>.<mac>-user=domain@…`
function numbersBySubject(log: SinkLog): Map<string, Set<string>> {
  const numbers = new Map<string, Set<string>>();
  for (const { subject, sender } of log.copies) {
    const number = /-return-(\d+)\./.exec(sender)?.[1] ?? sender;
    numbers.set(subject, (numbers.get(subject) ?? new Set()).add(number));
  }
  return numbers;
}
