import { close, constants, fdatasync, fstat, ftruncate, open, read, writev } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { syncDirectory } from '../lib/files.ts';
import {
  type JournalRecord,
  readSegment,
  recordHead,
  recordOctets,
  recordParts,
  segmentHead,
  segmentHeadOctets,
} from './journal-record.ts';

/** Which of the two files of a journal. */
export type Side = 0 | 1;

/** A file is written over from its beginning after so many octets: what is in it has ended long before. */
const segmentOctetsMost = 4_194_304;

/** A record that waits for the disk. */
interface Waiting {
  readonly parts: readonly Uint8Array[];
  readonly resolve: (side: Side) => void;
  readonly reject: (error: unknown) => void;
}

/** The files of a journal, opened, and what they said. */
interface OpenJournal {
  readonly files: readonly [number, number];
  readonly found: readonly JournalRecord[];
  readonly generation: number;
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
 * come while the disk is busy are written together behind it, with one sync: whoever appends waits for one write at most, and a lone record for none.
 */
export class Journal {
  readonly #files: readonly [number, number];
  readonly #onReuse: (side: Side) => Promise<void>;
  /** What the files said when they were opened, in the order in which it was written. */
  readonly found: readonly JournalRecord[];
  #generation: number;
  #side: Side = 0;
  /** Where the next record begins; 0: the file has not been begun. */
  #at = 0;
  /** A write failed here and its octets could not be made void. */
  #doubtful: number | undefined;
  #waiting: Waiting[] = [];
  #isWriting = false;

  private constructor({ files, found, generation }: OpenJournal, onReuse: (side: Side) => Promise<void>) {
    this.#files = files;
    this.found = found;
    this.#generation = generation;
    this.#onReuse = onReuse;
  }

  /**
   * Opens a journal in a directory, which must be there, and reads it. `onReuse` is called before one of the files is written over; what only
   * stands there must be elsewhere when it resolves, and when it rejects nothing is written. Rejects with the system's error.
   */
  static async open(directory: string, onReuse: (side: Side) => Promise<void>): Promise<Journal> {
    const files = await Promise.all([
      openOrMake(join(directory, 'journal-0')),
      openOrMake(join(directory, 'journal-1')),
    ]);
    await syncDirectory(directory);
    const segments = (await Promise.all(files.map(readFrom))).flatMap((octets) => readSegment(octets) ?? []);
    segments.sort((a, b) => a.generation - b.generation);
    const generation = (segments.at(-1)?.generation ?? 0) + 1;
    return new Journal({ files, found: segments.flatMap(({ records }) => records), generation }, onReuse);
  }

  /** Forgets what was found: it is elsewhere now. Before the first record. */
  async clear(): Promise<void> {
    for (const file of this.#files) {
      await truncate(file, 0);
      await sync(file);
    }
  }

  /** Resolves when the record is on disk, with the file that has it. Rejects when it is not, and will not be. */
  append(record: JournalRecord): Promise<Side> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ parts: recordParts(record), resolve, reject });
      if (this.#isWriting) return;
      this.#isWriting = true;
      // What comes within this turn of the event loop goes along.
      setImmediate(() => void this.#writeWaiting());
    });
  }

  async close(): Promise<void> {
    await Promise.all(this.#files.map((file) => closeFile(file)));
  }

  async #writeWaiting(): Promise<void> {
    while (this.#waiting.length > 0) {
      const group = this.#nextGroup();
      try {
        const side = await this.#write(group.map(({ parts }) => parts));
        for (const { resolve } of group) resolve(side);
      } catch (error) {
        for (const { reject } of group) reject(error);
      }
    }
    this.#isWriting = false;
  }

  // As many as a file holds, the first in any case.
  #nextGroup(): Waiting[] {
    let octets = segmentHeadOctets;
    const tooMany = this.#waiting.findIndex(({ parts }, at) => {
      octets += recordOctets(parts);
      return octets > segmentOctetsMost && at > 0;
    });
    return this.#waiting.splice(0, tooMany < 0 ? this.#waiting.length : tooMany);
  }

  async #write(records: readonly (readonly Uint8Array[])[]): Promise<Side> {
    if (this.#doubtful !== undefined) await this.#void(this.#doubtful);
    const octets = records.reduce((sum, parts) => sum + recordOctets(parts), 0);
    if (this.#at > 0 && this.#at + octets > segmentOctetsMost) await this.#turn();
    const side = this.#side;
    const begun = this.#at;
    const all = records.flatMap((parts) => [recordHead(parts, this.#generation), ...parts]);
    if (begun === 0) all.unshift(segmentHead(this.#generation));
    try {
      this.#at += await this.#put(all, begun);
    } catch (error) {
      await this.#void(begun);
      throw error;
    }
    return side;
  }

  async #turn(): Promise<void> {
    const next = this.#side === 0 ? 1 : 0;
    await this.#onReuse(next);
    this.#side = next;
    this.#generation++;
    this.#at = 0;
  }

  // Gives how many octets are on disk now.
  async #put(octets: readonly Uint8Array[], at: number): Promise<number> {
    const file = this.#files[this.#side];
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

// No more than a journal writes.
async function readFrom(file: number): Promise<Buffer> {
  const octets = Buffer.alloc(Math.min(segmentOctetsMost, (await sizeOf(file)).size));
  for (let at = 0; at < octets.length;) {
    const { bytesRead } = await readOctets(file, octets, at, octets.length - at, at);
    if (bytesRead === 0) return octets.subarray(0, at);
    at += bytesRead;
  }
  return octets;
}
