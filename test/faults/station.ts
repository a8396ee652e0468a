import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as sleep } from 'node:timers/promises';
import { type BenchDaemon, BenchHome, domain, owner } from '../bench/home.ts';
import { recipient } from '../bench/peer.ts';
import { type Sink, startSink } from '../bench/sink-process.ts';
import { until } from '../soak/poll.ts';
import { type Copy, SinkLog } from '../soak/sink-log.ts';
import { isComplete, judge, type Sent, type Verdict } from './ledger.ts';
import { type Letter, letter, send } from './letter.ts';

/** How long a healthy daemon may take until everything accepted has left. */
const usualPatienceMs = 20_000;
/** When nothing has come for so long what was deferred is hurried: the retry clock is not what is tried here. */
const hurryMs = 700;

const list = `news@${domain}`;

/** Which copies count: those that came from `since` on, and `before`; and how long it may take. */
interface Settling {
  readonly since?: number;
  readonly before?: readonly Copy[];
  readonly patienceMs?: number;
}

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
    return send(port, this.letterToList(subject, octets));
  }

  /** Writes to the list's owner: one mail that is forwarded. */
  write(port: number, subject: string): Promise<Sent> {
    return send(port, this.letterToOwner(subject));
  }

  letterToList(subject: string, octets: number): Letter {
    return letter(list, subject, octets, this.readers);
  }

  letterToOwner(subject: string): Letter {
    return letter(`news-owner@${domain}`, subject, 600, [owner]);
  }

  /** Copies of messages whose subjects begin so, that have come so far. */
  copies(prefix: string, since = 0): Copy[] {
    this.log.look();
    return this.log.copies.slice(since).filter(({ subject }) => subject.startsWith(prefix));
  }

  /**
   * Waits on a healthy daemon until everything that was accepted has left and the queue is empty, and judges. `prefix` is that of the
   * subjects.
   */
  async settle(sent: readonly Sent[], prefix: string, settling: Settling = {}): Promise<Verdict> {
    const { since = 0, before = [], patienceMs = usualPatienceMs } = settling;
    const copies = (): Copy[] => [...before, ...this.copies(prefix, since)];
    let seen = -1;
    let next = 0;
    await until('everything accepted to have left', patienceMs, async () => {
      const all = copies();
      if (isComplete(sent, all) && this.#queueIsEmpty()) return true;
      await sleep(20);
      if (all.length > seen) {
        seen = all.length;
        next = Date.now() + hurryMs;
      } else if (Date.now() > next) {
        next = Date.now() + 4 * hurryMs;
        await this.home.exitCode(['queue', 'retry', '--state', 'ready']);
      }
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
