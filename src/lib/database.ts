import { DatabaseSync, type SQLInputValue, type StatementSync } from 'node:sqlite';

/** A value that SQLite takes; undefined is not one. */
export type Value = SQLInputValue;

/**
 * One open database, as an operation sees it. Statements are prepared once per text. A limit is written `LIMIT ? + 0`: SQLite looks at the
 * value of a bare parameter while it plans, and then plans the statement anew whenever one is bound (3.53: a tenth of a storage thread's time).
 */
export interface Database {
  /** The first row, or undefined. */
  get<Row>(sql: string, ...values: Value[]): Row | undefined;
  all<Row>(sql: string, ...values: Value[]): Row[];
  /** Runs a change; gives the number of changed rows and the last inserted row's id. */
  run(sql: string, ...values: Value[]): { changes: number; lastId: number };
}

/**
 * An operation is a function of an open database and one plain argument; `write` ones run in a transaction. `unsynced` ones too, and a power cut
 * may undo them: what they wrote is on disk with the next write.
 */
export interface Operation<Argument, Result> {
  readonly mode: 'read' | 'write' | 'unsynced';
  readonly run: (db: Database, argument: Argument) => Result;
}

export const read = <A, R>(run: (db: Database, argument: A) => R): Operation<A, R> => ({ mode: 'read', run });
export const write = <A, R>(run: (db: Database, argument: A) => R): Operation<A, R> => ({ mode: 'write', run });
export const unsynced = <A, R>(run: (db: Database, argument: A) => R): Operation<A, R> => ({ mode: 'unsynced', run });

/** A kind of database: the steps that lead from an empty file to today's schema, and what can be done with it. */
export interface Engine {
  /** SQL scripts; `PRAGMA user_version` counts how many have run. Only ever append. */
  readonly migrations: readonly string[];
  // oxlint-disable-next-line typescript/no-explicit-any -- each operation knows its own argument; `Calls` types the way in
  readonly operations: Readonly<Record<string, Operation<any, unknown>>>;
}

/** Milliseconds that a writer waits for another process before SQLITE_BUSY (the default of SQLite is 0). */
const busyTimeoutMs = 5_000;

/**
 * Pages of the WAL after which they are copied into the file, 16 MiB: four times what SQLite has. Writers wait meanwhile, and the queue writes
 * the same pages over and over, of which only the last is copied: 4 % more messages taken in (measured).
 */
const checkpointPages = 4_000;

/** A database file that is open in this thread. */
export class OpenDatabase implements Database {
  readonly #db: DatabaseSync;
  readonly #statements = new Map<string, StatementSync>();
  #isSynced = true;

  constructor(path: string, migrations: readonly string[], busyMs = busyTimeoutMs) {
    this.#db = new DatabaseSync(path, { timeout: busyMs });
    try {
      // FULL: a commit that returned has reached the disk (promise P1); WAL: readers never wait for the writer.
      // Savepoints keep old pages: in memory an import of random addresses is 40 % faster than in a temporary file (measured).
      this.#db.exec(
        'PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON; PRAGMA temp_store = MEMORY',
      );
      this.#db.exec(`PRAGMA wal_autocheckpoint = ${checkpointPages}`);
      this.#migrate(migrations);
    } catch (error) {
      this.#db.close();
      throw error;
    }
  }

  get<Row>(sql: string, ...values: Value[]): Row | undefined {
    return this.#statement(sql).get(...values) as Row | undefined;
  }

  all<Row>(sql: string, ...values: Value[]): Row[] {
    return this.#statement(sql).all(...values) as Row[];
  }

  run(sql: string, ...values: Value[]): { changes: number; lastId: number } {
    const result = this.#statement(sql).run(...values);
    return { changes: Number(result.changes), lastId: Number(result.lastInsertRowid) };
  }

  /** Changes whenever another connection has committed to the file. */
  version(): number {
    return this.get<{ data_version: number }>('PRAGMA data_version')?.data_version ?? 0;
  }

  // A read that turns into a write would fail at once with BUSY_SNAPSHOT, hence IMMEDIATE. In WAL mode NORMAL does not wait for the disk.
  begin(isSynced = true): void {
    if (isSynced !== this.#isSynced) this.#db.exec(`PRAGMA synchronous = ${isSynced ? 'FULL' : 'NORMAL'}`);
    this.#isSynced = isSynced;
    this.#statement('BEGIN IMMEDIATE').run();
  }

  commit(): void {
    this.#statement('COMMIT').run();
  }

  rollback(): void {
    if (this.#db.isTransaction) this.#db.exec('ROLLBACK');
  }

  /**
   * After a failed commit. When only its sync failed, its frames stand whole in the WAL, and the recovery after a crash would bring back
   * what was reported as failed. A small commit in their place ends them, since each frame's checksum continues the one before; its own
   * sync may fail as well.
   */
  bury(): void {
    try {
      this.begin();
      this.#db.exec(`PRAGMA user_version = ${this.#schema()}`);
      this.commit();
    } catch {
      this.rollback();
    }
  }

  /** Runs a part of the open transaction that may fail alone. */
  part<R>(run: () => R): R {
    this.#db.exec('SAVEPOINT part');
    try {
      const result = run();
      this.#db.exec('RELEASE part');
      return result;
    } catch (error) {
      // A full disk ends the whole transaction by itself; then there is no savepoint left to return to.
      if (this.#db.isTransaction) this.#db.exec('ROLLBACK TO part; RELEASE part');
      throw error;
    }
  }

  get isInTransaction(): boolean {
    return this.#db.isTransaction;
  }

  close(): void {
    this.#statements.clear();
    this.#db.close();
  }

  #statement(sql: string): StatementSync {
    const known = this.#statements.get(sql);
    if (known) return known;
    const made = this.#db.prepare(sql);
    this.#statements.set(sql, made);
    return made;
  }

  #migrate(migrations: readonly string[]): void {
    if (this.#schema() === migrations.length) return;
    this.begin();
    try {
      const from = this.#schema();
      if (from > migrations.length) throw new Error(`schema ${from} is newer than this program (${migrations.length})`);
      for (const script of migrations.slice(from)) this.#db.exec(script);
      this.#db.exec(`PRAGMA user_version = ${migrations.length}`);
      this.commit();
    } catch (error) {
      this.rollback();
      throw error;
    }
  }

  #schema(): number {
    return this.get<{ user_version: number }>('PRAGMA user_version')?.user_version ?? 0;
  }
}
