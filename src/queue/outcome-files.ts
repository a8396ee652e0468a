import { readdirSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { type Id, timeOf } from '../lib/ids.ts';
import { callsOf, type Calls, type Storage } from '../lib/storage.ts';
import type { outcomeEngine } from './outcome-engine.ts';

const weekMs = 7 * 86_400_000;
const filePattern = /^outcomes-(\d{4})-W(\d{2})\.db$/;

export type OutcomeCalls = Calls<typeof outcomeEngine>;

/** The outcome databases of a queue, one for each week of posts (ISO 8601 week of the post's id), dropped whole. */
export class OutcomeFiles {
  readonly #storage: Storage;
  readonly #directory: string;

  constructor(storage: Storage, directory: string) {
    this.#storage = storage;
    this.#directory = directory;
  }

  /** The name of the file that a post's outcomes go to. */
  name(post: Id): string {
    return fileName(timeOf(post));
  }

  /** The path of the file that a post's outcomes go to. */
  path(post: Id): string {
    return join(this.#directory, this.name(post));
  }

  /** The file at a path. */
  in(path: string): OutcomeCalls {
    return callsOf(this.#storage, path, 'outcomes');
  }

  /** The file that a post's outcomes go to. */
  of(post: Id): OutcomeCalls {
    return this.#calls(this.name(post));
  }

  /** The file that a post's outcomes are in, or nothing: asking about a post that nobody knows makes no file. */
  found(post: Id): OutcomeCalls[] {
    const name = this.name(post);
    return this.#names().includes(name) ? [this.#calls(name)] : [];
  }

  /** All files, the newest first. Looked up each time: a command reads files that the daemon has just made. */
  all(): OutcomeCalls[] {
    return this.#names().map((name) => this.#calls(name));
  }

  /** Removes the files whose week ended more than `days` ago. */
  async forget(days: number, now: number): Promise<number> {
    const old = this.#names().filter((name) => weekEnd(name) < now - days * 86_400_000);
    for (const name of old) {
      const path = join(this.#directory, name);
      await this.#storage.close(path);
      for (const ending of ['', '-wal', '-shm']) await rm(path + ending, { force: true });
    }
    return old.length;
  }

  #names(): string[] {
    return readdirSync(this.#directory)
      .filter((name) => filePattern.test(name))
      .toSorted()
      .toReversed();
  }

  #calls(name: string): OutcomeCalls {
    return this.in(join(this.#directory, name));
  }
}

// ISO 8601: the week belongs to the year of its Thursday.
function fileName(time: number): string {
  const thursday = new Date(time + (4 - (new Date(time).getUTCDay() || 7)) * 86_400_000);
  const year = thursday.getUTCFullYear();
  const week = Math.floor((thursday.getTime() - Date.UTC(year, 0, 1)) / weekMs) + 1;
  return `outcomes-${year}-W${String(week).padStart(2, '0')}.db`;
}

function weekEnd(name: string): number {
  const [, year, week] = filePattern.exec(name)!;
  // 4 January is always in week 1.
  const fourth = Date.UTC(Number(year), 0, 4);
  const monday = fourth - ((new Date(fourth).getUTCDay() || 7) - 1) * 86_400_000;
  return monday + Number(week) * weekMs;
}
