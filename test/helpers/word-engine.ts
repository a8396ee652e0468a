import { randomUUID } from 'node:crypto';
import { type Database, type Engine, read, write } from '../../src/lib/database.ts';

/** A small kind of database for tests of what is below the stores. */
const wordEngine = {
  migrations: ['CREATE TABLE words (word TEXT NOT NULL UNIQUE)'],
  operations: {
    add: write((db: Database, word: string) => void db.run('INSERT INTO words (word) VALUES (?)', word)),
    addAll: write((db: Database, words: readonly string[]) => {
      for (const word of words) db.run('INSERT INTO words (word) VALUES (?)', word);
    }),
    words: read((db: Database, _ask: undefined): string[] =>
      db.all<{ word: string }>('SELECT word FROM words ORDER BY rowid').map(({ word }) => word),
    ),
    /** A disk that is full after some pages. */
    limitPages: read((db: Database, most: number) => void db.get(`PRAGMA max_page_count = ${most}`)),
    /** The same for as long as the file is open. */
    connection: read((db: Database, _ask: undefined): string => {
      db.run('CREATE TEMP TABLE IF NOT EXISTS own (name TEXT)');
      db.run('INSERT INTO own SELECT ? WHERE NOT EXISTS (SELECT 1 FROM own)', randomUUID());
      return db.get<{ name: string }>('SELECT name FROM own')!.name;
    }),
    /** Ends the thread that it runs on. */
    die: read((_db: Database, _ask: undefined) => {
      setImmediate(() => {
        throw new Error('the end');
      });
    }),
  },
} satisfies Engine;

export const engines = { words: wordEngine };
