import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as sleep } from 'node:timers/promises';
import { type BenchDaemon, BenchHome, domain, owner } from '../bench/home.ts';
import { recipient } from '../bench/peer.ts';
import { type Sink, startSink } from '../bench/sink-process.ts';
import { transact } from '../helpers/smtp-client.ts';
import { until } from '../soak/poll.ts';
import { type Copy, SinkLog } from '../soak/sink-log.ts';
import { isComplete, judge, type Sent, type Verdict } from './ledger.ts';

/** How long a client waits for an answer before it takes it for silence. */
const answerMs = 6_000;
/** How long a healthy daemon may take until everything accepted has left. */
const patienceMs = 20_000;
/** After so long what was deferred is hurried: the retry clock is not what is tried here. */
const hurryMs = 700;

export const list = `news@${domain}`;

/** A home, a sink that writes down what it takes, and the messages sent so far. */
export class FaultStation {
  readonly home: BenchHome;
  readonly sink: Sink;
  readonly log: SinkLog;
  readonly readers: readonly string[];

  private constructor(home: BenchHome, sink: Sink, log: SinkLog, readers: readonly string[]) {
    this.home = home;
    this.sink = sink;
    this.log = log;
    this.readers = readers;
  }

  /** Makes them below `directory`; the list has so many readers. `homeDirectory`: where the home lies instead. */
  static async open(
    directory: string,
    readers: number,
    homeDirectory = join(directory, 'home'),
  ): Promise<FaultStation> {
    mkdirSync(directory, { recursive: true });
    const home = new BenchHome(homeDirectory);
    // A daemon that a fault keeps from ending is cut off soon.
    await home.init('stopSeconds=3');
    await home.make('news');
    const members = Array.from({ length: readers }, (_, at) => recipient(at));
    await home.ezlm(
      ['sub', list],
      members.map((member) => `${member}\n`),
    );
    const path = join(directory, 'sink.log');
    const sink = await startSink({ directory, expect: 0, chunking: false, log: path });
    return new FaultStation(home, sink, new SinkLog(path), members);
  }

  /** The same sink and readers with a home that was copied. */
  with(homeDirectory: string): FaultStation {
    return new FaultStation(new BenchHome(homeDirectory), this.sink, this.log, this.readers);
  }

  serve(under: readonly string[] = []): Promise<BenchDaemon> {
    return this.home.serve(this.sink.port, under);
  }

  /** Posts to the list; `octets` of text. */
  post(port: number, subject: string, octets = 600): Promise<Sent> {
    return send(port, list, subject, octets, this.readers);
  }

  /** Writes to the list's owner: one mail that is forwarded. */
  write(port: number, subject: string): Promise<Sent> {
    return send(port, `news-owner@${domain}`, subject, 600, [owner]);
  }

  /** Copies of messages whose subjects begin so, that have come so far. */
  copies(prefix: string, since = 0): Copy[] {
    this.log.look();
    return this.log.copies.slice(since).filter(({ subject }) => subject.startsWith(prefix));
  }

  /**
   * Waits on a healthy daemon until everything that was accepted has left and the queue is empty, and judges. `prefix` is that of the
   * subjects; copies count from `since` on, and those of `before`.
   */
  async settle(sent: readonly Sent[], prefix: string, since = 0, before: readonly Copy[] = []): Promise<Verdict> {
    const copies = (): Copy[] => [...before, ...this.copies(prefix, since)];
    let next = Date.now() + hurryMs;
    await until('everything accepted to have left', patienceMs, async () => {
      if (isComplete(sent, copies()) && this.#queueIsEmpty()) return true;
      if (Date.now() < next) return false;
      next = Date.now() + 4 * hurryMs;
      await this.home.exitCode(['queue', 'retry', '--state', 'ready']);
      return false;
    }).catch(() => {});
    return judge(sent, copies());
  }

  // Asked of the file: a command of our own takes a quarter of a second.
  #queueIsEmpty(): boolean {
    const database = new DatabaseSync(join(this.home.directory, 'queue', 'queue.db'), {
      readOnly: true,
      timeout: 1_000,
    });
    try {
      return database.prepare('SELECT count(*) AS n FROM entries').get()?.['n'] === 0;
    } finally {
      database.close();
    }
  }
}

async function send(
  port: number,
  to: string,
  subject: string,
  octets: number,
  readers: readonly string[],
): Promise<Sent> {
  const header = `From: ${owner}\r\nTo: ${to}\r\nSubject: ${subject}\r\nMessage-ID: <${subject}@example.org>\r\n\r\n`;
  const message = header + `${'x'.repeat(70)}\r\n`.repeat(Math.ceil(octets / 72));
  const answered = transact(port, { from: owner, to, message }).then(
    ({ recipients, end }) => end[0] ?? recipients[0] ?? 'no reply',
    (error: unknown) => `silence: ${String(error)}`,
  );
  const reply = await Promise.race([answered, sleep(answerMs, 'silence: nothing came in time', { ref: false })]);
  return { subject, readers, answer: answerOf(reply), reply };
}

function answerOf(reply: string): Sent['answer'] {
  if (reply.startsWith('2')) return 'accepted';
  return /^[45]\d\d/.test(reply) ? 'refused' : 'silence';
}
