import { type Database, type Engine, read, unsynced, write } from '../lib/database.ts';
import { StorageError } from '../lib/storage-trouble.ts';
import type { Id } from '../lib/ids.ts';
import type { Claim } from './entry-operations.ts';
import { type PackedOutcomes, unpackOutcomes } from './outcome-batch.ts';
import { writeOutcomes } from './outcome-rows.ts';
import { dropUntried, knownBase, moveRecipients, positions, waitingRecipients } from './recipient-operations.ts';
import type { OutcomeState } from './outcome.ts';
import type { DueRecipient, Trace } from './store.ts';

const first = `
  CREATE TABLE posts (
    key INTEGER PRIMARY KEY,
    post TEXT NOT NULL UNIQUE,                 -- the queue entry's id
    list TEXT NOT NULL,
    number INTEGER NOT NULL
  );
  CREATE INDEX posts_number ON posts (list, number);
  -- A row's key is its post's key and the recipient's position in the fan-out, so that a batch of results goes to the end of one tree:
  -- keyed by (post, domain, address) a row took three times the CPU (measured).
  CREATE TABLE outcomes (
    key INTEGER PRIMARY KEY,
    address TEXT NOT NULL,
    member INTEGER NOT NULL,
    state TEXT NOT NULL,
    at INTEGER NOT NULL,
    host TEXT NOT NULL,
    reply TEXT NOT NULL,
    attempts INTEGER NOT NULL DEFAULT 1,
    domain TEXT,                               -- of those who are tried again
    next INTEGER,                              -- NULL: final
    owner TEXT,
    lease INTEGER,
    history TEXT NOT NULL DEFAULT ''           -- earlier attempts, one JSON array a line: state, at, host, reply
  );
  CREATE INDEX outcomes_due ON outcomes (next) WHERE next IS NOT NULL;
  CREATE INDEX outcomes_waiting ON outcomes (key) WHERE next IS NOT NULL;
`;

interface TraceRow {
  key: number;
  member: number;
  address: string;
  state: OutcomeState;
  at: number;
  host: string;
  reply: string;
  next: number | null;
  history: string;
}

/** Results of one post. */
export interface PostRows extends PackedOutcomes {
  readonly list: string;
  readonly number: number;
}

// Whoever records waits for the disk with `WalSyncs`, so that the next batch is written meanwhile.
const record = unsynced((db: Database, posts: readonly PostRows[]) => {
  for (const post of posts) recordPost(db, post);
});

function recordPost(db: Database, ask: PostRows): void {
  writeOutcomes(db, knownBase(db, ask), unpackOutcomes(ask));
}

/** Copies the log into the file and begins it anew. */
const checkpoint = read((db: Database, _ask: undefined): void => {
  const done = db.get<{ busy: number }>('PRAGMA wal_checkpoint(TRUNCATE)');
  if (done?.busy !== 0) throw new StorageError({ kind: 'busy', message: 'the log cannot be copied into the file now' });
});

const recorded = read((db: Database, ask: { post: Id; first: number; count: number }): number[] => {
  const base = baseOf(db, ask.post);
  return db
    .all<{ key: number }>(
      'SELECT key FROM outcomes WHERE key >= ? AND key < ?',
      base + ask.first,
      base + ask.first + ask.count,
    )
    .map(({ key }) => key - base);
});

const claimDue = write(
  (
    db: Database,
    ask: Claim & { limit: number; exceptDomains: readonly string[]; exceptPosts: readonly string[] },
  ): DueRecipient[] => {
    const found = db.all<DueRecipient & { key: number }>(
      `SELECT o.key, p.post, o.member, o.address, o.attempts FROM outcomes o JOIN posts p ON p.key = o.key / ${positions}
        WHERE o.next <= ?1 AND (o.owner IS NULL OR o.lease < ?1) AND o.domain NOT IN (SELECT value FROM json_each(?2))
        AND p.post NOT IN (SELECT value FROM json_each(?3)) ORDER BY o.next LIMIT ?4 + 0`,
      ask.now,
      JSON.stringify(ask.exceptDomains),
      JSON.stringify(ask.exceptPosts),
      ask.limit,
    );
    for (const { key } of found) {
      db.run('UPDATE outcomes SET owner = ?, lease = ? WHERE key = ?', ask.owner, ask.now + ask.leaseMs, key);
    }
    return found.map(({ key, post, member, address, attempts }) => {
      return { post, position: key % positions, member, address, attempts };
    });
  },
);

/** Whether a recipient of a post is still to be tried. */
const isWaiting = read((db: Database, ask: { post: Id }): boolean => {
  const base = baseOf(db, ask.post);
  return db.get(`SELECT 1 FROM outcomes ${waiting} LIMIT 1`, base, base + positions) !== undefined;
});

const tally = read((db: Database, ask: { post: Id }): { state: OutcomeState; n: number }[] => {
  const base = baseOf(db, ask.post);
  return db.all(
    'SELECT state, count(*) AS n FROM outcomes WHERE key >= ? AND key < ? GROUP BY state',
    base,
    base + positions,
  );
});

const postOf = read(
  (db: Database, ask: { list: string; number: number }): number | undefined =>
    db.get<{ key: number }>(
      'SELECT key FROM posts WHERE list = ? AND number = ? ORDER BY post DESC LIMIT 1',
      ask.list,
      ask.number,
    )?.key,
);

/** A page of a post's recipients after a position; when `wanted` is an address, only those that may be it. */
const trace = read(
  (
    db: Database,
    ask: { post: number; wanted: string | null; after: number; limit: number },
  ): { traces: Trace[]; next: number | undefined } => {
    const base = ask.post * positions;
    // SQLite folds the letter case of ASCII only: the caller compares the others.
    const isPlain = ask.wanted !== null && /^[\u0020-\u007e]*$/.test(ask.wanted);
    const rows = db.all<TraceRow>(
      `SELECT key, member, address, state, at, host, reply, next, history FROM outcomes
        WHERE key > ?1 AND key < ?2 AND (?3 IS NULL OR lower(address) = ?3) ORDER BY key LIMIT ?4 + 0`,
      base + ask.after,
      base + positions,
      isPlain ? ask.wanted : null,
      ask.limit,
    );
    const last = rows.length < ask.limit ? undefined : rows.at(-1);
    return { traces: rows.map(traceOf), next: last && last.key - base };
  },
);

const nextDue = read(
  (db: Database, ask: { exceptPosts: readonly string[] }): number | undefined =>
    db.get<{ next: number }>(
      `SELECT o.next FROM outcomes o JOIN posts p ON p.key = o.key / ${positions} WHERE o.next IS NOT NULL AND o.owner IS NULL
        AND p.post NOT IN (SELECT value FROM json_each(?)) ORDER BY o.next LIMIT 1`,
      JSON.stringify(ask.exceptPosts),
    )?.next,
);

const recover = write((db: Database, ask: { owner: string; now: number }): number => {
  const freed = db.run(
    'UPDATE outcomes SET owner = NULL, lease = NULL WHERE next IS NOT NULL AND owner IS NOT NULL AND (owner = ? OR lease < ?)',
    ask.owner,
    ask.now,
  );
  return freed.changes;
});

/** The operator dropped a post: nobody is tried again. Changes up to `most` rows and says how many. */
const giveUp = write((db: Database, ask: { post: Id; at: number; reply: string; most: number }): number => {
  const base = baseOf(db, ask.post);
  return db.run(
    `UPDATE outcomes SET history = history || json_array(state, at, host, reply) || char(10), state = 'failed', at = ?, host = '',
      reply = ?, domain = NULL, next = NULL, owner = NULL, lease = NULL
      WHERE key IN (SELECT key FROM outcomes ${waiting} LIMIT ? + 0)`,
    ask.at,
    ask.reply,
    base,
    base + positions,
    ask.most,
  ).changes;
});

/** The operator wants a post's deferred recipients tried now. Changes up to `most` rows and says how many. */
const hurry = write((db: Database, ask: { post: Id; now: number; most: number }): number => {
  const base = baseOf(db, ask.post);
  return db.run(
    `UPDATE outcomes SET next = ? WHERE key IN (SELECT key FROM outcomes ${waiting} AND next > ? LIMIT ? + 0)`,
    ask.now,
    base,
    base + positions,
    ask.now,
    ask.most,
  ).changes;
});

/** queue/outcomes-<year>-W<week>.db: what became of every recipient of the posts of one week. */
export const outcomeEngine = {
  migrations: [first],
  operations: {
    record,
    checkpoint,
    recorded,
    claimDue,
    isWaiting,
    tally,
    postOf,
    trace,
    nextDue,
    recover,
    giveUp,
    hurry,
    waitingRecipients,
    moveRecipients,
    dropUntried,
  },
} satisfies Engine;

// Those of a post's recipients who are tried again.
const waiting = 'INDEXED BY outcomes_waiting WHERE next IS NOT NULL AND key >= ? AND key < ?';

// The key that position 0 of a post has; of a post nobody knows, one that no row has.
function baseOf(db: Database, post: Id): number {
  return (db.get<{ key: number }>('SELECT key FROM posts WHERE post = ?', post)?.key ?? 0) * positions;
}

function traceOf(row: TraceRow): Trace {
  const earlier = row.history
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => {
      const [state, at, host, reply] = JSON.parse(line) as [OutcomeState, number, string, string];
      return { state, at, host, reply };
    });
  const { state, at, host, reply, next } = row;
  const latest = { state, at, host, reply, ...(next === null ? {} : { next }) };
  return { member: row.member, address: row.address, attempts: [...earlier, latest] };
}
