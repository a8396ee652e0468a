import { type Database, read, unsynced, write } from '../lib/database.ts';
import type { Id } from '../lib/ids.ts';
import type { Role } from '../list/name.ts';
import type { DsnRequest } from '../mail/dsn-request.ts';
import { causeOfPost } from './cause.ts';
import { type Inserted, insertAll } from './insert.ts';
import type { Claimant, Entry, EntryFilter, EntryKind, EntryState, QueueCounts } from './store.ts';

/** How an entry ended; `goneBody` names a body file that nothing uses any more. */
export interface Ended {
  readonly isDone: boolean;
  readonly goneBody?: Id;
}

interface EntryRow {
  id: string;
  kind: EntryKind;
  state: EntryState;
  message: string;
  sender: string;
  recipient: string;
  list: string;
  cause: string;
  created: number;
  due: number;
  attempts: number;
  reply: string;
  number: number | null;
  role: Role | null;
  last_member: number | null;
  dsn: string | null;
  is_delay_told: 0 | 1;
  size: number | null;
}

/** What a claim is taken with. */
export interface Claim {
  readonly owner: string;
  readonly now: number;
  readonly leaseMs: number;
}

const columns = `e.id, e.kind, e.state, e.message, e.sender, e.recipient, e.list, e.cause, e.created, e.due, e.attempts,
  e.reply, e.number, e.role, e.last_member, e.dsn, e.is_delay_told, (SELECT size FROM messages m WHERE m.id = e.message) AS size`;

// What can be claimed of one kind: what is due, and what a lease let go. A post that is cut waits for its outcomes and is nobody's. SQLite
// plans a statement anew each time when its LIMIT is a parameter alone.
const claimable = [`state = 'ready' AND due <= ?1`, `state = 'claimed' AND lease < ?1`].map(
  (condition) =>
    `SELECT id, due FROM entries WHERE kind = ?2 AND ${condition} AND is_cut = 0
      AND (kind <> 'mail' OR domain NOT IN (SELECT value FROM json_each(?3))) ORDER BY due, id LIMIT ?4 + 0`,
);

/** Gives how many entries are new. */
export const accept = write(
  (db: Database, ask: Inserted & { now: number }): number => insertAll(db, ask, ask.now).length,
);

/** Those that have arrived are claimed with it; gives the ids of the new entries. */
export const acceptClaimed = write((db: Database, ask: Inserted & { claim: Claim }): readonly Id[] =>
  insertAll(db, ask, ask.claim.now, ask.claim),
);

// A claim that a power cut undoes is one that nobody holds: what was done under it has commits of its own.
export const claim = unsynced(
  (
    db: Database,
    ask: Claim & { kinds: readonly EntryKind[]; limit: number; exceptDomains: readonly string[] },
  ): Entry[] => {
    const domains = JSON.stringify(ask.exceptDomains);
    const found = ask.kinds.flatMap((kind) =>
      claimable.flatMap((sql) => db.all<{ id: string; due: number }>(sql, ask.now, kind, domains, ask.limit)),
    );
    return oldestFirst(found, ask.limit).map(({ id }) => {
      db.run(
        `UPDATE entries SET state = 'claimed', owner = ?, lease = ?, attempts = attempts + (kind <> 'post') WHERE id = ?`,
        ask.owner,
        ask.now + ask.leaseMs,
        id,
      );
      return entryById(db, id)!;
    });
  },
);

/** What the database takes over from a journal. */
export interface Taken extends Inserted {
  readonly claimant: Claimant;
  readonly created: number;
}

export const takeOver = write((db: Database, { works }: { works: readonly Taken[] }): void => {
  for (const work of works) take(db, work);
});

export const forgetTaken = unsynced((db: Database, { ids }: { ids: readonly Id[] | undefined }): void => {
  if (ids) for (const id of ids) db.run('DELETE FROM taken WHERE id = ?', id);
  else db.run('DELETE FROM taken');
});

export interface Finish extends Inserted {
  readonly owner: string;
  readonly id: Id;
  readonly now: number;
  readonly taken: Taken | undefined;
}

export const finish = write((db: Database, ask: Finish): Ended => {
  if (ask.taken) take(db, ask.taken);
  const sql = `SELECT message FROM entries WHERE id = ? AND state = 'claimed' AND owner = ?`;
  const own = db.get<{ message: string }>(sql, ask.id, ask.owner);
  if (!own) return { isDone: false };
  insertAll(db, ask, ask.now);
  return removeEntry(db, ask.id, own.message);
});

/** Ends entries that nothing follows, those whose claim was lost excepted; gives body files that nothing uses any more. */
export const finishAll = write((db: Database, ask: { owner: string; ids: readonly Id[] }): readonly Id[] =>
  ask.ids.flatMap((id) => {
    const sql = `DELETE FROM entries WHERE id = ? AND state = 'claimed' AND owner = ? RETURNING message`;
    const own = db.get<{ message: string }>(sql, id, ask.owner);
    return (own && removeMessage(db, own.message).goneBody) || [];
  }),
);

export interface Defer extends Omit<Finish, keyof Inserted> {
  readonly due: number;
  readonly reply: string;
  readonly notice: Inserted | undefined;
}

export const defer = write((db: Database, ask: Defer): boolean => {
  if (ask.taken) take(db, ask.taken);
  const { changes } = db.run(
    `UPDATE entries SET state = 'ready', due = ?, reply = ?, owner = NULL, lease = NULL,
      is_delay_told = max(is_delay_told, ?) WHERE id = ? AND state = 'claimed' AND owner = ?`,
    ask.due,
    ask.reply,
    ask.notice ? 1 : 0,
    ask.id,
    ask.owner,
  );
  if (changes > 0 && ask.notice) insertAll(db, ask.notice, ask.now);
  return changes > 0;
});

export const message = read((db: Database, ask: { id: Id }): { body: Uint8Array | null } | undefined =>
  db.get<{ body: Uint8Array | null }>('SELECT body FROM messages WHERE id = ?', ask.id),
);

/** Messages whose body lies in a file: the files that are no orphans. */
export const filedBodies = read((db: Database, _ask: undefined): string[] =>
  db.all<{ id: string }>('SELECT id FROM messages WHERE body IS NULL').map((row) => row.id),
);

export const entry = read(
  (db: Database, ask: { id: Id }): Entry | undefined => entryById(db, ask.id) ?? entryByCause(db, causeOfPost(ask.id)),
);

export const entries = read(
  (db: Database, ask: { filter: EntryFilter; after: string; limit: number; now: number }): Entry[] => {
    const { list, domain, state, kind, olderThan, newerThan, reply } = ask.filter;
    return db
      .all<EntryRow>(
        `SELECT ${columns} FROM entries e WHERE e.id > ?1 AND (?2 IS NULL OR e.list = ?2) AND (?3 IS NULL OR e.domain = ?3)
        AND (?4 IS NULL OR e.state = ?4 OR (?4 = 'deferred' AND e.state = 'ready' AND e.reply <> '')) AND (?5 IS NULL OR e.kind = ?5) AND (?6 IS NULL OR e.created < ?6)
        AND (?7 IS NULL OR e.created > ?7) AND (?8 IS NULL OR instr(lower(e.reply), lower(?8)) > 0) ORDER BY e.id LIMIT ?9 + 0`,
        ask.after,
        list ?? null,
        domain?.toLowerCase() ?? null,
        state ?? null,
        kind ?? null,
        olderThan === undefined ? null : ask.now - olderThan,
        newerThan === undefined ? null : ask.now - newerThan,
        reply ?? null,
        ask.limit,
      )
      .map((row) => entryOf(row));
  },
);

export const nextDue = read((db: Database, _ask: undefined): number | undefined => {
  const row = db.get<{ due: number | null }>(
    `SELECT min(due) AS due FROM (
       ${(['arrived', 'mail', 'post'] satisfies EntryKind[]).map((kind) => nextOfKind(kind)).join(' UNION ALL ')}
       UNION ALL SELECT min(due) FROM chunks WHERE state = 'ready'
         AND post NOT IN (SELECT id FROM entries WHERE kind = 'post' AND state = 'held'))`,
  );
  return row?.due ?? undefined;
});

export const counts = read((db: Database, _ask: undefined): QueueCounts => {
  const by = new Map(
    db
      .all<{ state: string; n: number }>('SELECT state, count(*) AS n FROM entries GROUP BY state')
      .map((row) => [row.state, row.n]),
  );
  const chunks = db.get<{ n: number }>('SELECT count(*) AS n FROM chunks')!.n;
  return { ready: by.get('ready') ?? 0, claimed: by.get('claimed') ?? 0, held: by.get('held') ?? 0, chunks };
});

export const recover = write(
  (db: Database, ask: { owner: string; now: number }): { entries: number; chunks: number } => {
    const free = (table: string): number =>
      db.run(
        `UPDATE ${table} SET state = 'ready', owner = NULL, lease = NULL WHERE state = 'claimed' AND (owner = ? OR lease < ?)`,
        ask.owner,
        ask.now,
      ).changes;
    return { entries: free('entries'), chunks: free('chunks') };
  },
);

/** Posts that the operator holds, and all posts of `lists`. */
export const heldPosts = read((db: Database, ask: { lists: readonly string[] }): string[] =>
  db
    .all<{ id: string }>(
      `SELECT id FROM entries WHERE kind = 'post' AND (state = 'held' OR recipient IN (SELECT value FROM json_each(?)))`,
      JSON.stringify(ask.lists),
    )
    .map((row) => row.id),
);

/** Those of these posts that are no longer there. */
export const gonePosts = read((db: Database, ask: { posts: readonly Id[] }): Id[] =>
  ask.posts.filter((id) => !db.get('SELECT 1 FROM entries WHERE id = ?', id)),
);

/** Takes an entry out, and its message when nothing else uses it. */
export function removeEntry(db: Database, id: string, message: string): Ended {
  db.run('DELETE FROM entries WHERE id = ?', id);
  return { isDone: true, ...removeMessage(db, message) };
}

// An entry that was taken over has a mark: it may have ended since, and is not to come back from the journal.
function take(db: Database, { messages, entries, claimant, created }: Taken): void {
  const mark = 'INSERT INTO taken (id) VALUES (?) ON CONFLICT DO NOTHING';
  const fresh = entries.filter(({ id }) => db.run(mark, id).changes > 0);
  const claim = { owner: claimant.owner, leaseMs: claimant.leaseMs, now: created };
  insertAll(db, { messages, entries: fresh }, created, claim);
}

function removeMessage(db: Database, message: string): Pick<Ended, 'goneBody'> {
  const gone = db.get<{ filed: number }>(
    `DELETE FROM messages WHERE id = ?1 AND NOT EXISTS (SELECT 1 FROM entries WHERE message = ?1) RETURNING body IS NULL AS filed`,
    message,
  );
  return gone?.filed === 1 ? { goneBody: message as Id } : {};
}

function nextOfKind(kind: EntryKind): string {
  return `SELECT min(due) AS due FROM entries WHERE kind = '${kind}' AND state = 'ready' AND is_cut = 0
    UNION ALL SELECT min(lease) FROM entries WHERE kind = '${kind}' AND state = 'claimed'`;
}

function oldestFirst<Row extends { id: string; due: number }>(rows: readonly Row[], limit: number): Row[] {
  return rows.toSorted((a, b) => a.due - b.due || (a.id < b.id ? -1 : 1)).slice(0, limit);
}

function entryById(db: Database, id: string): Entry | undefined {
  const row = db.get<EntryRow>(`SELECT ${columns} FROM entries e WHERE e.id = ?`, id);
  return row && entryOf(row);
}

function entryByCause(db: Database, cause: string): Entry | undefined {
  const row = db.get<EntryRow>(`SELECT ${columns} FROM entries e WHERE e.cause = ?`, cause);
  return row && entryOf(row);
}

function entryOf(row: EntryRow): Entry {
  const { number, role, last_member: lastMember, dsn, is_delay_told: isDelayTold, ...rest } = row;
  const post = number === null ? {} : { post: { list: row.recipient, number, role: role!, lastMember: lastMember! } };
  const asked = dsn === null ? {} : { dsn: JSON.parse(dsn) as DsnRequest };
  const told = isDelayTold === 1 ? { isDelayTold: true as const } : {};
  return { ...rest, id: row.id as Id, message: row.message as Id, size: row.size ?? 0, ...post, ...asked, ...told };
}

export { domainOf } from './insert.ts';
