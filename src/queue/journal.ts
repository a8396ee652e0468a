import { close, constants, fdatasync, fstat, ftruncate, open, read, writev } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Clock } from '../lib/clock.ts';
import { syncDirectory } from '../lib/files.ts';
import { WakeUp } from '../lib/signal.ts';
import {
  type JournalRecord,
  readSegment,
  recordHead,
  recordOctets,
  recordParts,
  segmentHead,
  type Segment,
  segmentHeadOctets,
} from './journal-record.ts';

/** Which of the two files of a journal. */
export type Side = 0 | 1;

/** Called before a file is written over: what only stands there must be elsewhere when it resolves. When it rejects nothing is written. */
export type OnReuse = (side: Side) => Promise<void>;

/** A file is written over from its beginning after so many octets: what is in it has ended long before. */
const segmentOctetsMost = 4_194_304;
const recordOctetsMost = segmentOctetsMost - segmentHeadOctets;

/** How long records wait for company: so many milliseconds now. */
export interface Patience {
  readonly clock: Clock;
  readonly ms: () => number;
}

/** So many records are company enough. */
const companyEnough = 16;

/** A record that waits for the disk. */
interface Waiting {
  readonly parts: readonly Uint8Array[];
  readonly resolve: (side: Side) => void;
  readonly reject: (error: unknown) => void;
}

// Of the calls that Node has these cost least: a group is one write and one sync.
const openFile = promisify(open);
const closeFile = promisify(close);
const sizeOf = promisify(fstat);
const readOctets = promisify(read);
const sync = promisify(fdatasync);
const truncate = promisify(ftruncate);
const write = promisify(writev);

/**
 * Two files that are written in turn, each from its beginning, so that no file grows without end and none is made or removed. Records that
 * come while the disk is busy, or within the `patience`, are written together, with one sync.
 */
export class Journal {
  readonly #files: readonly number[];
  readonly #onReuse: OnReuse;
  readonly #patience: Patience | undefined;
  readonly #company = new WakeUp();
  #generation: number;
  #side: Side = 0;
  /** Where the next record begins, and the head that stands before it; 0: the file has not been begun. */
  #at = 0;
  #before: Buffer = Buffer.alloc(0);
  /** A write failed here and its octets could not be made void. */
  #doubtful: number | undefined;
  #waiting: Waiting[] = [];
  #writing: Promise<void> | undefined;
  #isClosed = false;

  private constructor(files: readonly number[], generation: number, onReuse: OnReuse, patience?: Patience) {
    this.#files = files;
    this.#generation = generation;
    this.#onReuse = onReuse;
    this.#patience = patience;
  }

  /**
   * Opens a journal in a directory, which must be there. `found`: what it said, in the order in which it was written, until `clear`, which is to
   * be called before the first record. Rejects with the system's error.
   */
  static async open(
    directory: string,
    onReuse: OnReuse,
    patience?: Patience,
  ): Promise<{ journal: Journal; found: readonly JournalRecord[]; clear: () => Promise<void> }> {
    const files = await Promise.all(['journal-0', 'journal-1'].map((name) => openOrMake(join(directory, name))));
    await syncDirectory(directory);
    const read = await Promise.all(files.map((file) => readFrom(file)));
    const inOrder = read.toSorted((a, b) => (a.segment?.generation ?? 0) - (b.segment?.generation ?? 0));
    const clear = async (): Promise<void> => {
      // An end stands in the file of its work or in the later one: what is left of a clearing that was cut short are ends without work.
      for (const { file } of inOrder.filter(({ isEmpty }) => !isEmpty)) {
        await truncate(file, 0);
        await sync(file);
      }
    };
    const generation = (inOrder.at(-1)?.segment?.generation ?? 0) + 1;
    const found = inOrder.flatMap(({ segment }) => segment?.records ?? []);
    return { journal: new Journal(files, generation, onReuse, patience), found, clear };
  }

  /**
   * Resolves when the record is on disk, with the file that has it. Rejects when it is not; when the disk refuses even to make void what was
   * written of it, it may be there until the next record comes.
   */
  append(record: JournalRecord): Promise<Side> {
    const parts = recordParts(record);
    if (this.#isClosed) return Promise.reject(new Error('the journal is closed'));
    if (recordOctets(parts) > recordOctetsMost) return Promise.reject(new RangeError('too large for a journal'));
    return new Promise((resolve, reject) => {
      this.#waiting.push({ parts, resolve, reject });
      if (this.#waiting.length === companyEnough) this.#company.wake();
      this.#writing ??= this.#writeWaiting();
    });
  }

  /** Ends what is being written; nothing is taken any more. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#company.wake();
    await this.#writing;
    await Promise.all(this.#files.map((file) => closeFile(file)));
  }

  async #writeWaiting(): Promise<void> {
    while (this.#waiting.length > 0) {
      await this.#gather();
      const group = this.#nextGroup();
      try {
        const side = await this.#write(group.map(({ parts }) => parts));
        for (const { resolve } of group) resolve(side);
      } catch (error) {
        for (const { reject } of group) reject(error);
      }
    }
    this.#writing = undefined;
  }

  // What comes within this turn of the event loop goes along: 3 to 6 % less CPU a message, also for those behind a write (measured).
  async #gather(): Promise<void> {
    await new Promise((resolve) => setImmediate(resolve));
    const ms = this.#patience?.ms() ?? 0;
    if (ms > 0) await this.#company.sleep(this.#patience!.clock, ms);
  }

  // As many as a file holds.
  #nextGroup(): Waiting[] {
    let octets = 0;
    const tooMany = this.#waiting.findIndex(({ parts }) => {
      octets += recordOctets(parts);
      return octets > recordOctetsMost;
    });
    return this.#waiting.splice(0, tooMany < 0 ? this.#waiting.length : tooMany);
  }

  async #write(records: readonly (readonly Uint8Array[])[]): Promise<Side> {
    if (this.#doubtful !== undefined) await this.#void(this.#doubtful);
    const octets = records.reduce((sum, parts) => sum + recordOctets(parts), 0);
    if (this.#at > 0 && this.#at + octets > segmentOctetsMost) await this.#turn();
    const begun = this.#at;
    let before = begun === 0 ? segmentHead(this.#generation) : this.#before;
    const all: Uint8Array[] = begun === 0 ? [before] : [];
    for (const parts of records) {
      before = recordHead(parts, before);
      all.push(before, ...parts);
    }
    try {
      this.#at += await this.#put(all, begun);
      this.#before = before;
    } catch (error) {
      await this.#void(begun);
      throw error;
    }
    return this.#side;
  }

  async #turn(): Promise<void> {
    const next = this.#side === 0 ? 1 : 0;
    await this.#onReuse(next);
    this.#side = next;
    this.#generation++;
    this.#at = 0;
    // A first group that a power cut tears must not leave the old head, with works behind it whose ends are gone.
    await this.#void(0);
  }

  // Gives how many octets are on disk now.
  async #put(octets: readonly Uint8Array[], at: number): Promise<number> {
    const file = this.#files[this.#side]!;
    const want = octets.reduce((sum, { length }) => sum + length, 0);
    const { bytesWritten: got } = await write(file, octets, at);
    // A disk or a limit that is reached within the octets says so at the next write only.
    if (got < want) throw Object.assign(new Error(`${got} of ${want} octets were written`), { code: 'ENOSPC' });
    await sync(file);
    return want;
  }

  // After a sync that failed the octets may be on disk whole, and would be found again after a crash.
  async #void(at: number): Promise<void> {
    this.#doubtful = at;
    await this.#put([Buffer.alloc(segmentHeadOctets)], at);
    this.#doubtful = undefined;
  }
}

function openOrMake(path: string): Promise<number> {
  return openFile(path, constants.O_RDWR | constants.O_CREAT, 0o600);
}

async function readFrom(file: number): Promise<{ file: number; isEmpty: boolean; segment: Segment | undefined }> {
  const octets = await octetsOf(file);
  return { file, isEmpty: octets.length === 0, segment: readSegment(octets) };
}

// No more than a journal writes.
async function octetsOf(file: number): Promise<Buffer> {
  const octets = Buffer.alloc(Math.min(segmentOctetsMost, (await sizeOf(file)).size));
  for (let at = 0; at < octets.length;) {
    const { bytesRead } = await readOctets(file, octets, at, octets.length - at, at);
    if (bytesRead === 0) return octets.subarray(0, at);
    at += bytesRead;
  }
  return octets;
}
