import { readdir, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Clock } from '../lib/clock.ts';
import { changeTime, ensureDirectory, readIfExists, syncDirectory, writeDurable } from '../lib/files.ts';
import type { Id } from '../lib/ids.ts';
import type { StoredMessage } from './insert.ts';
import type { NewMessage } from './store.ts';

/** Bodies up to this many octets live in queue.db, larger ones in a file each (DESIGN: state). */
const inlineOctetsMost = 262_144;

/** A message as queue.db has it. */
export function storedMessage({ id, body }: NewMessage): StoredMessage {
  return { id, size: body.length, body: body.length > inlineOctetsMost ? null : body };
}

/** A file that no entry names is removed at start when it is older than this: a younger one may belong to a running accept. */
const orphanAgeMs = 3_600_000;

/** The large bodies of the queue: one file each, durable before the commit that names it. */
export class Bodies {
  readonly #directory: string;
  readonly #clock: Clock;
  readonly #isNamed: (id: Id) => Promise<boolean>;
  #made: Promise<void> | undefined;

  /** `isNamed`: the database names this body. */
  constructor(directory: string, clock: Clock, isNamed: (id: Id) => Promise<boolean>) {
    this.#directory = directory;
    this.#clock = clock;
    this.#isNamed = isNamed;
  }

  /** Durable when it resolves. An accept that is repeated writes the same octets under the same name. */
  async write(id: Id, body: Uint8Array): Promise<void> {
    try {
      await this.#make();
      await writeDurable(join(this.#directory, id), body, 0o600);
    } catch (error) {
      this.#made = undefined;
      throw error;
    }
  }

  /**
   * Makes a commit that names bodies, the large ones of which are on disk before it. What it did not name goes again. Only what the
   * database answers counts: a commit whose answer was lost may have been made. The next start removes the rest.
   */
  async with<R>(messages: readonly NewMessage[], commit: (stored: readonly StoredMessage[]) => Promise<R>): Promise<R> {
    const filed = messages.filter(({ body }) => body.length > inlineOctetsMost);
    try {
      for (const { id, body } of filed) await this.write(id, body);
      return await commit(messages.map((message) => storedMessage(message)));
    } finally {
      for (const { id } of filed) if (!(await this.#isNamed(id).catch(() => true))) await this.remove(id);
    }
  }

  read(id: Id): Promise<Buffer | undefined> {
    return readIfExists(join(this.#directory, id));
  }

  async remove(id: Id): Promise<void> {
    await rm(join(this.#directory, id), { force: true });
  }

  // Whoever made the directory may have died before its name was on disk: it is synced here once, whoever it was.
  #make(): Promise<void> {
    this.#made ??= ensureDirectory(this.#directory, 0o700).then(() => syncDirectory(dirname(this.#directory)));
    return this.#made;
  }

  /** Removes files that no message names; `named` are the ids that are in the database. */
  async removeOrphans(named: ReadonlySet<string>): Promise<number> {
    let removed = 0;
    for (const name of await readdir(this.#directory).catch(() => [])) {
      if (named.has(name)) continue;
      const changed = await changeTime(join(this.#directory, name));
      // Gone already: a command may be ending an entry at the same time.
      if (changed === undefined || this.#clock.now() - changed < orphanAgeMs) continue;
      await rm(join(this.#directory, name), { force: true });
      removed++;
    }
    return removed;
  }
}
