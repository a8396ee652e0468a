import { open } from 'node:fs/promises';

/**
 * Makes commits durable that did not wait for the disk (`unsynced` in `database.ts`): the thread of the database writes the next rows
 * meanwhile, and several syncs may be under way. After a sync that failed the kernel holds the pages for written, so that the next would
 * succeed and say nothing: then the rows are copied into the database file, whose own sync counts.
 */
export class WalSyncs {
  readonly #checkpoint: (file: string) => Promise<unknown>;
  /** Failed syncs of files that no checkpoint has mended since. */
  readonly #failures = new Map<string, number>();

  /** `checkpoint` copies a database's log into its file and begins the log anew; rejects when it did not. */
  constructor(checkpoint: (file: string) => Promise<unknown>) {
    this.#checkpoint = checkpoint;
  }

  /** Resolves when what was committed to the database `file` before the call is on disk; rejects when that is in doubt. */
  async sync(file: string): Promise<void> {
    if (!this.#failures.has(file)) await this.#sync(file);
    const failures = this.#failures.get(file);
    if (failures === undefined) return;
    await this.#checkpoint(file);
    if (this.#failures.get(file) === failures) this.#failures.delete(file);
  }

  async #sync(file: string): Promise<void> {
    try {
      const log = await open(`${file}-wal`, 'r');
      // Whoever is told of success after this one's failure must know of it: hence no `finally`.
      await log.datasync().catch((): void => this.#fail(file));
      await log.close();
    } catch (error) {
      // Who closes a database as the last copies its log into it, syncs that, and removes the log.
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') this.#fail(file);
    }
  }

  #fail(file: string): void {
    this.#failures.set(file, (this.#failures.get(file) ?? 0) + 1);
  }
}
