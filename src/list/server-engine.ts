import { type Database, type Engine, read, write } from '../lib/database.ts';
import type { Allowance } from './allowances.ts';
import { stsOperations, stsTable } from './sts-operations.ts';
import { suppressionOperations, suppressionTables } from './suppression-operations.ts';

const dayMs = 86_400_000;

const first = `
  CREATE TABLE mails (
    id INTEGER PRIMARY KEY,
    list TEXT NOT NULL,
    action TEXT NOT NULL,
    address TEXT NOT NULL,
    at INTEGER NOT NULL,
    cause TEXT NOT NULL,
    granted INTEGER NOT NULL,                  -- a refusal is kept too: the same cause gets the same answer
    answered INTEGER NOT NULL DEFAULT 0        -- the person has reacted: it counts no more
  );
  CREATE UNIQUE INDEX mails_cause ON mails (cause, list, action, address);
  CREATE INDEX mails_address ON mails (address, at);
  CREATE INDEX mails_at ON mails (at);
  CREATE TABLE notes (name TEXT PRIMARY KEY, text TEXT NOT NULL);
`;

/** How many unproved mails may go in 24 hours. */
export interface AllowanceLimits {
  /** Per list, action and address. */
  readonly perAction: number;
  /** Per address on the whole server. */
  readonly perAddress: number;
}

const take = write((db: Database, ask: { allowance: Allowance; limits: AllowanceLimits; now: number }): boolean => {
  const { list, action, address, cause } = ask.allowance;
  const before = db.get<{ granted: number }>(
    'SELECT granted FROM mails WHERE cause = ? AND list = ? AND action = ? AND address = ?',
    cause,
    list,
    action,
    address,
  );
  if (before) return before.granted === 1;
  db.run('DELETE FROM mails WHERE at <= ?', ask.now - dayMs);
  const sent = db.get<{ same: number; every: number }>(
    'SELECT coalesce(sum(list = ? AND action = ?), 0) AS same, count(*) AS every FROM mails WHERE address = ? AND at > ? AND granted = 1 AND answered = 0',
    list,
    action,
    address,
    ask.now - dayMs,
  )!;
  const granted = sent.same < ask.limits.perAction && sent.every < ask.limits.perAddress;
  db.run(
    'INSERT INTO mails (list, action, address, at, cause, granted) VALUES (?, ?, ?, ?, ?, ?)',
    list,
    action,
    address,
    ask.now,
    cause,
    Number(granted),
  );
  return granted;
});

const answered = write((db: Database, ask: { list: string; action: string; address: string }) => {
  db.run(
    'UPDATE mails SET answered = 1 WHERE list = ? AND action = ? AND address = ?',
    ask.list,
    ask.action,
    ask.address,
  );
});

/** A text that the daemon leaves for its next run. */
const leaveNote = write((db: Database, ask: { name: string; text: string }) => {
  db.run(
    'INSERT INTO notes (name, text) VALUES (?1, ?2) ON CONFLICT (name) DO UPDATE SET text = ?2',
    ask.name,
    ask.text,
  );
});

const note = read(
  (db: Database, ask: { name: string }): string | undefined =>
    db.get<{ text: string }>('SELECT text FROM notes WHERE name = ?', ask.name)?.text,
);

/** server.db: what belongs to no list. */
export const serverEngine = {
  migrations: [first + suppressionTables, stsTable],
  operations: { take, answered, leaveNote, note, ...stsOperations, ...suppressionOperations },
} satisfies Engine;
