import { createHmac } from 'node:crypto';
import { type Database, read, write } from '../lib/database.ts';

/** An address that gets no mail whoever adds it, and why: `complaint`, or an owner's word. */
export interface Suppression {
  readonly canonical: string;
  readonly address: string;
  readonly why: string;
}

/** A row of a suppression list; the address is empty after its erasure, the hash stays. */
export interface Suppressed {
  readonly id: number;
  readonly address: string;
  readonly hash: string;
  readonly why: string;
  readonly at: number;
}

/** Octets of a keyed hash: no two addresses of this planet share one. */
const hashOctets = 16;

/** The tables of a suppression list, for every database that has one. */
export const suppressionTables = `
  CREATE TABLE suppression_key (key BLOB NOT NULL);
  CREATE TABLE suppressed (
    id INTEGER PRIMARY KEY,
    hash TEXT NOT NULL UNIQUE,                 -- of the canonical address, under the key
    address TEXT,                              -- NULL after erasure
    why TEXT NOT NULL,
    at INTEGER NOT NULL
  );
  CREATE INDEX suppressed_address ON suppressed (address);
`;

/** `freshKey` becomes the key of a list that has none yet. */
const suppress = write(
  (db: Database, ask: { rows: readonly Suppression[]; at: number; freshKey: Uint8Array }): number => {
    const key = keyOf(db) ?? newKey(db, ask.freshKey);
    let added = 0;
    for (const { canonical, address, why } of ask.rows) {
      added += db.run(
        'INSERT INTO suppressed (hash, address, why, at) VALUES (?, ?, ?, ?) ON CONFLICT (hash) DO NOTHING',
        hashOf(key, canonical),
        address,
        why,
        ask.at,
      ).changes;
    }
    return added;
  },
);

const suppressedAmong = read((db: Database, ask: { canonicals: readonly string[] }): string[] => {
  const key = keyOf(db);
  if (!key || !db.get('SELECT 1 FROM suppressed LIMIT 1')) return [];
  return ask.canonicals.filter((one) => db.get('SELECT 1 FROM suppressed WHERE hash = ?', hashOf(key, one)));
});

const liftSuppression = write((db: Database, ask: { canonical: string }): boolean => {
  const key = keyOf(db);
  return key !== undefined && db.run('DELETE FROM suppressed WHERE hash = ?', hashOf(key, ask.canonical)).changes > 0;
});

const eraseSuppressed = write((db: Database, ask: { canonical: string }): boolean => {
  const key = keyOf(db);
  if (!key) return false;
  return db.run('UPDATE suppressed SET address = NULL WHERE hash = ?', hashOf(key, ask.canonical)).changes > 0;
});

const suppressedPage = read((db: Database, ask: { after: number; limit: number }): Suppressed[] =>
  db.all<Suppressed>(
    `SELECT id, coalesce(address, '') AS address, hash, why, at FROM suppressed WHERE id > ? ORDER BY id LIMIT ? + 0`,
    ask.after,
    ask.limit,
  ),
);

export const suppressionOperations = {
  suppress,
  suppressedAmong,
  liftSuppression,
  eraseSuppressed,
  suppressedPage,
};

function keyOf(db: Database): Uint8Array | undefined {
  return db.get<{ key: Uint8Array }>('SELECT key FROM suppression_key')?.key;
}

function newKey(db: Database, key: Uint8Array): Uint8Array {
  db.run('INSERT INTO suppression_key (key) VALUES (?)', key);
  return key;
}

function hashOf(key: Uint8Array, canonical: string): string {
  return createHmac('sha256', key).update(canonical).digest().subarray(0, hashOctets).toString('hex');
}
