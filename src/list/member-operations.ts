import { type Database, read, write } from '../lib/database.ts';
import type { Role } from './name.ts';
import { packMembers } from './packed.ts';
import type { Cause, Cursor, Member, MemberPage } from './store.ts';

/** An address on its way into the database: as typed, and by what it is compared. */
export type AddressPair = readonly [text: string, canonical: string];

interface MemberRow {
  id: number;
  role: Role;
  address: string;
  since: number;
}

export const add = write(
  (db: Database, ask: { role: Role; addresses: readonly AddressPair[]; cause: Cause }): number => {
    let added = 0;
    for (const [text, canonical] of ask.addresses) {
      const domain = canonical.slice(canonical.lastIndexOf('@') + 1);
      const { changes } = db.run(
        `INSERT INTO members (role, domain, address, canonical, since) VALUES (?, ?, ?, ?, ?) ON CONFLICT (role, canonical) DO NOTHING`,
        ask.role,
        domain,
        text,
        canonical,
        ask.cause.at,
      );
      if (changes > 0 && isFirst(db, ask.cause, 'add', ask.role, canonical)) {
        added++;
        log(db, ask.cause, '+', 'add', ask.role, text, canonical);
      } else if (changes > 0) {
        // This cause has added the address before and somebody has removed it since: the stage runs again, the removal stays.
        db.run('DELETE FROM members WHERE role = ? AND canonical = ?', ask.role, canonical);
      }
    }
    return added;
  },
);

export const remove = write(
  (db: Database, ask: { role: Role; canonicals: readonly string[]; cause: Cause }): number => {
    let removed = 0;
    for (const canonical of ask.canonicals) {
      if (!isFirst(db, ask.cause, 'remove', ask.role, canonical)) continue;
      const row = db.get<MemberRow>(
        'DELETE FROM members WHERE role = ? AND canonical = ? RETURNING id, role, address, since',
        ask.role,
        canonical,
      );
      if (!row) continue;
      removed++;
      db.run(
        'INSERT INTO former (id, role, address, since, gone) VALUES (?, ?, ?, ?, ?)',
        row.id,
        row.role,
        row.address,
        row.since,
        ask.cause.at,
      );
      log(db, ask.cause, '-', 'remove', ask.role, row.address, canonical);
    }
    return removed;
  },
);

/** The roles of an address; a record `@domain` (ezmlm's wildcard) counts for all of its domain. */
export const rolesOf = read((db: Database, ask: { canonical: string }): Role[] =>
  db
    .all<{ role: Role }>(
      'SELECT DISTINCT role FROM members WHERE canonical IN (?, ?)',
      ask.canonical,
      ask.canonical.slice(ask.canonical.lastIndexOf('@')),
    )
    .map((row) => row.role),
);

export const memberOf = read((db: Database, ask: { role: Role; canonical: string }): Member | undefined =>
  db.get<MemberRow>(
    'SELECT id, role, address, since FROM members WHERE role = ? AND canonical = ?',
    ask.role,
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

/** Addresses behind a cursor in (domain, canonical) order. */
export const addresses = read(
  (db: Database, ask: { role: Role; after: Cursor; limit: number }): (Cursor & { text: string })[] =>
    db.all<Cursor & { text: string }>(
      `SELECT domain, canonical AS address, address AS text FROM members
      WHERE role = ? AND (domain, canonical) > (?, ?) ORDER BY domain, canonical LIMIT ?`,
      ask.role,
      ask.after.domain,
      ask.after.address,
      ask.limit,
    ),
);

export const page = read(
  (db: Database, ask: { role: Role; after: Cursor; lastMember: number; limit: number }): MemberPage => {
    // Those who joined later are read and left out: they are few, and an index on the id would serve no other use.
    const rows = db.all<{ member: number; domain: string; canonical: string; address: string }>(
      `SELECT id AS member, domain, canonical, address FROM members
        WHERE role = ? AND (domain, canonical) > (?, ?) ORDER BY domain, canonical LIMIT ?`,
      ask.role,
      ask.after.domain,
      ask.after.address,
      ask.limit,
    );
    const taken = aloneOrAll(rows, ask.limit);
    const last = taken.at(-1);
    const isEnd = rows.length < ask.limit && taken.length === rows.length;
    // `@domain` records are rules, not people.
    const members = taken.filter((row) => row.member <= ask.lastMember && !row.address.startsWith('@'));
    const isOne = taken.every((row) => row.domain === taken[0]!.domain);
    return {
      packed: packMembers(members),
      count: members.length,
      domain: isOne ? (taken[0]?.domain ?? '') : '',
      cursor: isEnd || !last ? undefined : { domain: last.domain, address: last.canonical },
    };
  },
);

/** One line of the list's log; nothing when this cause has written it already. */
export function log(
  db: Database,
  cause: Cause,
  sign: string,
  event: string,
  role: Role,
  address: string,
  canonical: string,
): void {
  db.run(
    'INSERT INTO log (at, event, role, address, note, cause) VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING',
    cause.at,
    sign + cause.tag,
    role,
    address,
    cause.note ?? '',
    causeKey(cause.id, event, role, canonical),
  );
}

export function causeKey(id: string, event: string, role: string, canonical: string): string {
  return `${id} ${event} ${role} ${canonical}`;
}

function isFirst(db: Database, cause: Cause, event: string, role: Role, canonical: string): boolean {
  return !db.get('SELECT 1 FROM log WHERE cause = ?', causeKey(cause.id, event, role, canonical));
}

// A domain that fills half a page travels alone: then its lane can be passed over while it is backed off.
function aloneOrAll<Row extends { domain: string }>(rows: readonly Row[], limit: number): readonly Row[] {
  const first = rows.findIndex((row) => row.domain !== rows[0]!.domain);
  return first >= limit / 2 ? rows.slice(0, first) : rows;
}
