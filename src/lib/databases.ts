import { type Engine, OpenDatabase } from './database.ts';
import { type StorageTrouble, storageTrouble } from './storage-trouble.ts';

/** One call of an operation: on which file, of which kind, what. */
export interface StorageRequest {
  readonly file: string;
  readonly engine: string;
  readonly operation: string;
  readonly argument: unknown;
}

export type StorageReply =
  { readonly ok: true; readonly result: unknown } | { readonly ok: false; readonly trouble: StorageTrouble };

/** A transaction is committed after this long, so that another process never waits longer for its turn. */
const transactionMs = 50;

/**
 * The databases that one thread has open: at most `openMost`, the least recently used is closed.
 * 1,000 open ones cost 3,000 descriptors and 185 MiB (measured), hence the limit.
 */
export class Databases {
  readonly #open = new Map<string, OpenDatabase>();
  readonly #engines: Readonly<Record<string, Engine>>;
  readonly #openMost: number;
  readonly #busyMs: number | undefined;

  /** `busyMs`: how long a writer waits for another process; undefined: 5 s. */
  constructor(engines: Readonly<Record<string, Engine>>, openMost = 64, busyMs?: number) {
    this.#engines = engines;
    this.#openMost = openMost;
    this.#busyMs = busyMs;
  }

  /** Runs requests for one file in order; neighbouring writes share a commit, each fails alone. */
  runAll(requests: readonly StorageRequest[]): StorageReply[] {
    const replies: StorageReply[] = [];
    let at = 0;
    while (at < requests.length) {
      const group = this.#isWrite(requests[at]!) ? this.#writeGroup(requests, at) : [this.#readOne(requests[at]!)];
      replies.push(...group);
      at += group.length;
    }
    return replies;
  }

  /** The commit counter of a file as seen from here, for noticing the commits of other processes. */
  version(file: string, engine: string): number {
    return this.#database(file, engine).version();
  }

  /** Closes one file (so that its directory can be moved or copied), or all of them. */
  close(file?: string): void {
    for (const [path, database] of this.#open) {
      if (file !== undefined && path !== file) continue;
      this.#open.delete(path);
      database.close();
    }
  }

  #readOne(request: StorageRequest): StorageReply {
    try {
      return { ok: true, result: this.#operate(this.#database(request.file, request.engine), request) };
    } catch (error) {
      return { ok: false, trouble: storageTrouble(error) };
    }
  }

  #writeGroup(requests: readonly StorageRequest[], from: number): StorageReply[] {
    let database: OpenDatabase;
    try {
      database = this.#database(requests[from]!.file, requests[from]!.engine);
      database.begin(this.#neighbours(requests, from).some((request) => this.#operation(request).mode === 'write'));
    } catch (error) {
      // Its neighbours have waited for the same lock as long: each waiting again would hold the thread for 5 s a call.
      const trouble = storageTrouble(error);
      return this.#neighbours(requests, from).map(() => ({ ok: false, trouble }));
    }
    return this.#writeAll(database, this.#neighbours(requests, from));
  }

  #neighbours(requests: readonly StorageRequest[], from: number): StorageRequest[] {
    const end = requests.findIndex((request, at) => at > from && !this.#isWrite(request));
    return requests.slice(from, end < 0 ? undefined : end);
  }

  #writeAll(database: OpenDatabase, requests: readonly StorageRequest[]): StorageReply[] {
    const replies: StorageReply[] = [];
    try {
      // A savepoint for each costs 10 µs and copies of the pages it touches; nearly always nobody needs one.
      const isWhole = this.#writeTogether(database, requests, replies) || this.#writeApart(database, requests, replies);
      if (isWhole) database.commit();
      return replies;
    } catch (error) {
      const trouble = storageTrouble(error);
      database.rollback();
      database.bury();
      // No reply: the transaction could not be begun anew.
      if (replies.length === 0) return requests.map(() => ({ ok: false, trouble }));
      return replies.map((one) => (one.ok ? { ok: false, trouble } : one));
    }
  }

  // False when one of them has failed: then all are undone, and the transaction is begun anew.
  #writeTogether(database: OpenDatabase, requests: readonly StorageRequest[], replies: StorageReply[]): boolean {
    const started = performance.now();
    try {
      for (const request of requests) {
        replies.push({ ok: true, result: this.#operate(database, request) });
        if (performance.now() - started > transactionMs) break;
      }
      return true;
    } catch {
      replies.length = 0;
      database.rollback();
      database.begin();
      return false;
    }
  }

  // Each fails alone. False when the transaction has ended: nobody's change was made.
  #writeApart(database: OpenDatabase, requests: readonly StorageRequest[], replies: StorageReply[]): boolean {
    const started = performance.now();
    for (const request of requests) {
      const reply = this.#writeOne(database, request);
      replies.push(reply);
      // A full disk ends the whole transaction by itself.
      if (!database.isInTransaction) {
        for (const [at, one] of replies.entries()) if (one.ok) replies[at] = reply;
        return false;
      }
      if (performance.now() - started > transactionMs) break;
    }
    return true;
  }

  #writeOne(database: OpenDatabase, request: StorageRequest): StorageReply {
    try {
      return { ok: true, result: database.part(() => this.#operate(database, request)) };
    } catch (error) {
      return { ok: false, trouble: storageTrouble(error) };
    }
  }

  #operate(database: OpenDatabase, request: StorageRequest): unknown {
    return this.#operation(request).run(database, request.argument);
  }

  #isWrite(request: StorageRequest): boolean {
    const mode = this.#engines[request.engine]?.operations[request.operation]?.mode;
    return mode === 'write' || mode === 'unsynced';
  }

  #operation(request: StorageRequest): Engine['operations'][string] {
    const operation = this.#engines[request.engine]?.operations[request.operation];
    if (!operation) throw new Error(`no operation ${request.engine}.${request.operation}`);
    return operation;
  }

  #database(file: string, engine: string): OpenDatabase {
    const known = this.#open.get(file);
    if (known) {
      this.#open.delete(file);
      this.#open.set(file, known);
      return known;
    }
    const kind = this.#engines[engine];
    if (!kind) throw new Error(`no engine ${engine}`);
    const opened = new OpenDatabase(file, kind.migrations, this.#busyMs);
    this.#open.set(file, opened);
    this.#closeOldest();
    return opened;
  }

  #closeOldest(): void {
    if (this.#open.size <= this.#openMost) return;
    const oldest = this.#open.keys().next().value;
    if (oldest !== undefined) this.close(oldest);
  }
}
