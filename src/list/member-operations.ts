import { type Database, read, write } from '../lib/database.ts';
import type { Role } from './name.ts';
import type { Cause } from './cause.ts';
import type { Cursor, Member, MemberPage } from './store.ts';

/** Addresses on their way into the database as JSON: `[[address, domain], …]`. */
export type AddressRows = string;

/** From so many addresses on a page counts as part of an import. */
const importPage = 1_000;

interface MemberRow {
  id: number;
  role: Role;
  address: string;
  since: number;
}

/**
 * Adds who is not there. Who was added by this very cause and has been removed since stays removed: the stage runs again, and the
 * removal came later.
 */
export const add = write(
  (db: Database, ask: { role: Role; rows: AddressRows; count: number; cause: Cause }): number => {
    if (ask.count >= importPage) prepareImport(db);
    const { role, rows, cause } = ask;
    const before = lastMember(db);
    const { changes } = db.run(
      `INSERT INTO members (role, domain, address, since, cause)
      SELECT ?1, one.value ->> 1, one.value ->> 0, ?3, ?4 FROM json_each(?2) AS one
      WHERE NOT EXISTS (SELECT 1 FROM former WHERE role = ?1 AND address = one.value ->> 0 AND added_by = ?4)
      ON CONFLICT (role, domain, address) DO NOTHING`,
      role,
      rows,
      cause.at,
      cause.id,
    );
    if (changes > 0) {
      db.run(
        `INSERT INTO log (at, event, role, address, note, cause) SELECT ?, ?, role, address, ?, cause FROM members WHERE id > ?`,
        cause.at,
        `+${cause.tag}`,
        cause.note ?? '',
        before,
      );
    }
    return changes === ask.count ? changes : addedBy(db, role, rows, cause.id);
  },
);

/** Removes who is there; who was removed by this very cause and has joined again since stays. */
export const remove = write((db: Database, ask: { role: Role; rows: AddressRows; cause: Cause }): number => {
  const { role, rows, cause } = ask;
  const { changes } = db.run(
    `INSERT INTO former (id, role, address, since, gone, added_by, removed_by)
      SELECT m.id, m.role, m.address, m.since, ?3, m.cause, ?4
      FROM json_each(?2) AS one CROSS JOIN members AS m
        ON m.role = ?1 AND m.domain = one.value ->> 1 AND m.address = one.value ->> 0
      WHERE NOT EXISTS (SELECT 1 FROM former WHERE role = ?1 AND address = one.value ->> 0 AND removed_by = ?4)
      ON CONFLICT DO NOTHING`,
    role,
    rows,
    cause.at,
    cause.id,
  );
  if (changes > 0) forget(db, role, rows, cause);
  return removedBy(db, role, rows, cause.id);
});

/** Ends one membership, with its line in the log and its tombstone. */
export function removeMember(db: Database, id: number, role: Role, cause: Cause): void {
  db.run(
    `INSERT INTO former (id, role, address, since, gone, added_by, removed_by)
      SELECT id, role, address, since, ?2, cause, ?3 FROM members WHERE id = ?1 ON CONFLICT DO NOTHING`,
    id,
    cause.at,
    cause.id,
  );
  db.run(
    `INSERT INTO log (at, event, role, address, note, cause) SELECT ?2, ?3, ?4, address, ?5, ?6 FROM members WHERE id = ?1`,
    id,
    cause.at,
    `-${cause.tag}`,
    role,
    cause.note ?? '',
    cause.id,
  );
  db.run('DELETE FROM standings WHERE member = ?', id);
  db.run('DELETE FROM members WHERE id = ?', id);
}

/** The roles of an address; a record `@domain` (ezmlm's wildcard) counts for all of its domain. */
export const rolesOf = read((db: Database, ask: { canonical: string }): Role[] =>
  db
    .all<{ role: Role }>(
      `SELECT DISTINCT role FROM members
        WHERE role IN ('subscriber', 'digest', 'allow', 'deny', 'mod') AND domain = ? AND address IN (?, ?)`,
      domainOf(ask.canonical),
      ask.canonical,
      `@${domainOf(ask.canonical)}`,
    )
    .map((row) => row.role),
);

export const memberOf = read((db: Database, ask: { role: Role; canonical: string }): Member | undefined =>
  db.get<MemberRow>(
    'SELECT id, role, address, since FROM members WHERE role = ? AND domain = ? AND address = ?',
    ask.role,
    domainOf(ask.canonical),
    ask.canonical,
  ),
);

export const memberById = read((db: Database, ask: { id: number }): (Member & { isGone: boolean }) | undefined => {
  const member = db.get<MemberRow>('SELECT id, role, address, since FROM members WHERE id = ?', ask.id);
  if (member) return { ...member, isGone: false };
  const former = db.get<MemberRow>('SELECT id, role, address, since FROM former WHERE id = ?', ask.id);
  return former && { ...former, isGone: true };
});

export const count = read(
  (db: Database, ask: { role: Role }): number =>
    db.get<{ n: number }>('SELECT count(*) AS n FROM members WHERE role = ?', ask.role)!.n,
);

/** Addresses behind a cursor in (domain, address) order. */
export const addresses = read((db: Database, ask: { role: Role; after: Cursor; limit: number }): Cursor[] =>
  db.all<Cursor>(
    `SELECT domain, address FROM members
        WHERE role = ? AND (domain, address) > (?, ?) ORDER BY domain, address LIMIT ? + 0`,
    ask.role,
    ask.after.domain,
    ask.after.address,
    ask.limit,
  ),
);

/** Which members a page is to hold. */
export interface PageAsk {
  readonly role: Role;
  readonly after: Cursor;
  readonly lastMember: number;
  readonly limit: number;
}

/** A page of a fan-out, read from the index alone. The database packs it: a row that becomes an object costs six times as much (measured). */
export const page = read((db: Database, ask: PageAsk): MemberPage => {
  const { role, after, lastMember } = ask;
  const rows = rowsOfPage(db, ask);
  // Those who joined later are read and left out: they are few, and an index on the id would serve no other use. `@domain` records are
  // rules, not people. Who is suspended is in an index of their own: mostly an empty one, and then nobody is looked up in it.
  const isSuspended = db.get(`SELECT 1 FROM standings WHERE ${suspended} LIMIT 1`)
    ? `AND NOT EXISTS (SELECT 1 FROM standings WHERE member = id AND ${suspended})`
    : '';
  const packed = db.get<{ lines: string | null; count: number; first: string | null; last: string | null }>(
    `SELECT group_concat(id || ' ' || address || char(10), '') AS lines, count(*) AS count, min(domain) AS first, max(domain) AS last
      FROM (${membersBehind} LIMIT ? + 0) WHERE id <= ? AND substr(address, 1, 1) <> '@' ${isSuspended}`,
    role,
    after.domain,
    after.address,
    rows,
    lastMember,
  )!;
  const [last, next] = db.all<Cursor>(
    `SELECT domain, address FROM (${membersBehind} LIMIT 2 OFFSET ? + 0)`,
    role,
    after.domain,
    after.address,
    rows - 1,
  );
  return {
    packed: Buffer.from(packed.lines ?? '', 'utf8'),
    count: packed.count,
    domain: packed.first === packed.last ? (packed.first ?? '') : '',
    cursor: next && last,
  };
});

/** The highest member id that was ever given. */
export function lastMember(db: Database): number {
  return db.get<{ seq: number }>(`SELECT seq FROM sqlite_sequence WHERE name = 'members'`)?.seq ?? 0;
}

function forget(db: Database, role: Role, rows: AddressRows, cause: Cause): void {
  db.run(
    `INSERT INTO log (at, event, role, address, note, cause)
      SELECT ?3, ?5, m.role, m.address, ?6, ?4 FROM json_each(?2) AS one CROSS JOIN members AS m
        ON m.role = ?1 AND m.domain = one.value ->> 1 AND m.address = one.value ->> 0
      WHERE EXISTS (SELECT 1 FROM former WHERE id = m.id)`,
    role,
    rows,
    cause.at,
    cause.id,
    `-${cause.tag}`,
    cause.note ?? '',
  );
  for (const [table, column] of [
    ['standings', 'member'],
    ['members', 'id'],
  ]) {
    db.run(
      `DELETE FROM ${table} WHERE ${column} IN (
      SELECT f.id FROM json_each(?2) AS one CROSS JOIN former AS f
        ON f.role = ?1 AND f.address = one.value ->> 0 AND f.removed_by = ?3)`,
      role,
      rows,
      cause.id,
    );
  }
}

// A stage that runs again is told what it was told the first time.
function addedBy(db: Database, role: Role, rows: AddressRows, cause: string): number {
  return db.get<{ n: number }>(
    `SELECT count(DISTINCT lower(one.value ->> 0)) AS n FROM json_each(?2) AS one WHERE
      EXISTS (SELECT 1 FROM members WHERE role = ?1 AND domain = one.value ->> 1 AND address = one.value ->> 0 AND cause = ?3)
      OR EXISTS (SELECT 1 FROM former WHERE role = ?1 AND address = one.value ->> 0 AND added_by = ?3)`,
    role,
    rows,
    cause,
  )!.n;
}

function removedBy(db: Database, role: Role, rows: AddressRows, cause: string): number {
  return db.get<{ n: number }>(
    `SELECT count(DISTINCT lower(one.value ->> 0)) AS n FROM json_each(?2) AS one
      WHERE EXISTS (SELECT 1 FROM former WHERE role = ?1 AND address = one.value ->> 0 AND removed_by = ?3)`,
    role,
    rows,
    cause,
  )!.n;
}

// Rows of an import fall anywhere in the index: with SQLite's 2 MiB of cache and its checkpoint every 4 MiB each row would be
// written several times (measured at 1 M: 7,000 rows/s; now 50,000 to 80,000, sorted by domain and address 166,000).
function prepareImport(db: Database): void {
  db.get('PRAGMA cache_size = -65536');
  db.get('PRAGMA wal_autocheckpoint = 8192');
}

function domainOf(canonical: string): string {
  return canonical.slice(canonical.lastIndexOf('@') + 1);
}

const suspended = `state = 'suspended'`;

const membersBehind = `SELECT id, domain, address FROM members
  WHERE role = ? AND (domain, address) > (?, ?) ORDER BY domain, address`;

// A domain that fills half a page travels alone: then its lane can be passed over while it is backed off.
function rowsOfPage(db: Database, { role, after, limit }: PageAsk): number {
  const first = db.get<Cursor>(`${membersBehind} LIMIT 1`, role, after.domain, after.address);
  if (!first) return limit;
  const { n } = db.get<{ n: number }>(
    'SELECT count(*) AS n FROM (SELECT 1 FROM members WHERE role = ? AND domain = ? AND address >= ? LIMIT ? + 0)',
    role,
    first.domain,
    first.address,
    limit,
  )!;
  return n >= limit / 2 ? n : limit;
}
