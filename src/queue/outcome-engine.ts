import { type Database, type Engine, read, write } from '../lib/database.ts';
import type { Id } from '../lib/ids.ts';
import type { Claim } from './entry-operations.ts';
import type { DueRecipient, OutcomeState, Trace } from './store.ts';

const first = `
  CREATE TABLE posts (
    key INTEGER PRIMARY KEY,
    post TEXT NOT NULL UNIQUE,                 -- the queue entry's id
    list TEXT NOT NULL,
    number INTEGER NOT NULL
  );
  CREATE INDEX posts_number ON posts (list, number);
  CREATE TABLE outcomes (
    post INTEGER NOT NULL,
    domain TEXT NOT NULL,
    address TEXT NOT NULL,
    member INTEGER NOT NULL,
    state TEXT NOT NULL,
    at INTEGER NOT NULL,
    host TEXT NOT NULL,
    reply TEXT NOT NULL,
    attempts INTEGER NOT NULL DEFAULT 1,
    next INTEGER,                              -- NULL: final
    owner TEXT,
    lease INTEGER,
    history TEXT NOT NULL DEFAULT '',          -- earlier attempts, one JSON array a line: state, at, host, reply
    -- The order of the fan-out: a batch of results touches neighbouring pages. By member number it touched a page per row.
    PRIMARY KEY (post, domain, address)
  ) WITHOUT ROWID;
  CREATE INDEX outcomes_due ON outcomes (next) WHERE next IS NOT NULL;
  CREATE INDEX outcomes_waiting ON outcomes (post) WHERE next IS NOT NULL;
`;

/** One recipient's result as it crosses to the storage thread: domain, address, member, state, at, host, reply, next or null. */
export type OutcomeTuple = readonly [string, string, number, OutcomeState, number, string, string, number | null];

/** Where a page of a trace ends. */
export interface TraceCursor {
  readonly domain: string;
  readonly address: string;
}

interface TraceRow {
  member: number;
  domain: string;
  address: string;
  state: OutcomeState;
  at: number;
  host: string;
  reply: string;
  next: number | null;
  history: string;
}

/** Results of one post; `rows` is the JSON text of `OutcomeTuple`s. */
export interface PostRows {
  readonly post: Id;
  readonly list: string;
  readonly number: number;
  readonly rows: string;
}

const record = write((db: Database, posts: readonly PostRows[]) => {
  for (const post of posts) recordPost(db, post);
});

function recordPost(db: Database, ask: PostRows): void {
  db.run(
    'INSERT INTO posts (post, list, number) VALUES (?, ?, ?) ON CONFLICT DO NOTHING',
    ask.post,
    ask.list,
    ask.number,
  );
  const { key } = db.get<{ key: number }>('SELECT key FROM posts WHERE post = ?', ask.post)!;
  // One statement for the whole batch, so that it crosses from thread to thread as one text. ARCHITECTURE.md has the figures.
  db.run(
    `INSERT INTO outcomes (post, domain, address, member, state, at, host, reply, next)
      SELECT ?1, value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 4, value ->> 5, value ->> 6, value ->> 7
      FROM json_each(?2) WHERE true
      ON CONFLICT (post, domain, address) DO UPDATE SET
        history = history || json_array(state, at, host, reply) || char(10),
        state = excluded.state, at = excluded.at, host = excluded.host, reply = excluded.reply, next = excluded.next,
        attempts = attempts + 1, owner = NULL, lease = NULL`,
    key,
    ask.rows,
  );
}

// Only a chunk of a run that did not end well is looked up: walking its post's rows costs less than an index would always.
const recorded = read((db: Database, ask: { post: Id; members: string }): number[] =>
  db
    .all<{ member: number }>(
      `SELECT member FROM outcomes WHERE post = (SELECT key FROM posts WHERE post = ?)
        AND member IN (SELECT value FROM json_each(?))`,
      ask.post,
      ask.members,
    )
    .map((row) => row.member),
);

const claimDue = write(
  (
    db: Database,
    ask: Claim & { limit: number; exceptDomains: readonly string[]; exceptPosts: readonly string[] },
  ): DueRecipient[] => {
    const found = db.all<DueRecipient & { key: number; domain: string }>(
      `SELECT o.post AS key, p.post, o.member, o.domain, o.address, o.attempts FROM outcomes o JOIN posts p ON p.key = o.post
        WHERE o.next <= ?1 AND (o.owner IS NULL OR o.lease < ?1) AND o.domain NOT IN (SELECT value FROM json_each(?2))
        AND o.post NOT IN (${keysOf('?3')}) ORDER BY o.next LIMIT ?4`,
      ask.now,
      JSON.stringify(ask.exceptDomains),
      JSON.stringify(ask.exceptPosts),
      ask.limit,
    );
    for (const { key, domain, address } of found) {
      db.run(
        'UPDATE outcomes SET owner = ?, lease = ? WHERE post = ? AND domain = ? AND address = ?',
        ask.owner,
        ask.now + ask.leaseMs,
        key,
        domain,
        address,
      );
    }
    return found.map(({ post, member, address, attempts }) => ({ post, member, address, attempts }));
  },
);

/** Whether a recipient of a post is still to be tried. */
const isWaiting = read(
  (db: Database, ask: { post: Id }): boolean =>
    db.get(
      `SELECT 1 FROM outcomes INDEXED BY outcomes_waiting
        WHERE next IS NOT NULL AND post = (SELECT key FROM posts WHERE post = ?) LIMIT 1`,
      ask.post,
    ) !== undefined,
);

const tally = read((db: Database, ask: { post: Id }): { state: OutcomeState; n: number }[] =>
  db.all(
    `SELECT state, count(*) AS n FROM outcomes WHERE post = (SELECT key FROM posts WHERE post = ?) GROUP BY state`,
    ask.post,
  ),
);

const postOf = read(
  (db: Database, ask: { list: string; number: number }): number | undefined =>
    db.get<{ key: number }>(
      'SELECT key FROM posts WHERE list = ? AND number = ? ORDER BY post DESC LIMIT 1',
      ask.list,
      ask.number,
    )?.key,
);

/** A page of a post's recipients, of one domain only when `domain` is one. */
const trace = read(
  (
    db: Database,
    ask: { post: number; domain: string | null; after: TraceCursor; limit: number },
  ): { traces: Trace[]; next: TraceCursor | undefined } => {
    const rows = db.all<TraceRow>(
      `SELECT member, domain, address, state, at, host, reply, next, history FROM outcomes
        WHERE post = ?1 AND (domain, address) > (?2, ?3) AND (?4 IS NULL OR domain = ?4) ORDER BY domain, address LIMIT ?5`,
      ask.post,
      ask.after.domain,
      ask.after.address,
      ask.domain,
      ask.limit,
    );
    const last = rows.length < ask.limit ? undefined : rows.at(-1);
    return { traces: rows.map(traceOf), next: last && { domain: last.domain, address: last.address } };
  },
);

const nextDue = read(
  (db: Database, ask: { exceptPosts: readonly string[] }): number | undefined =>
    db.get<{ next: number }>(
      `SELECT next FROM outcomes WHERE next IS NOT NULL AND owner IS NULL AND post NOT IN (${keysOf('?')}) ORDER BY next LIMIT 1`,
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
const giveUp = write(
  (db: Database, ask: { post: Id; at: number; reply: string; most: number }): number =>
    db.run(
      `UPDATE outcomes SET history = history || json_array(state, at, host, reply) || char(10), state = 'failed', at = ?, host = '',
        reply = ?, next = NULL, owner = NULL, lease = NULL WHERE (post, domain, address) IN (${waitingOf('next IS NOT NULL')})`,
      ask.at,
      ask.reply,
      ask.post,
      ask.most,
    ).changes,
);

/** The operator wants a post's deferred recipients tried now. Changes up to `most` rows and says how many. */
const hurry = write(
  (db: Database, ask: { post: Id; now: number; most: number }): number =>
    db.run(
      `UPDATE outcomes SET next = ?1 WHERE (post, domain, address) IN (${waitingOf('next > ?1')})`,
      ask.now,
      ask.post,
      ask.most,
    ).changes,
);

/** queue/outcomes-<year>-W<week>.db: what became of every recipient of the posts of one week. */
export const outcomeEngine = {
  migrations: [first],
  operations: { record, recorded, claimDue, isWaiting, tally, postOf, trace, nextDue, recover, giveUp, hurry },
} satisfies Engine;

// Keys of the posts whose ids are in a JSON array.
function keysOf(parameter: string): string {
  return `SELECT key FROM posts WHERE post IN (SELECT value FROM json_each(${parameter}))`;
}

// Some of those who wait for a post.
function waitingOf(condition: string): string {
  return `SELECT post, domain, address FROM outcomes
    WHERE post = (SELECT key FROM posts WHERE post = ?) AND next IS NOT NULL AND ${condition} LIMIT ?`;
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
