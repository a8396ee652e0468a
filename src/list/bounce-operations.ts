import { type Database, read, write } from '../lib/database.ts';
import type { Bounce, BounceSummary, KeptBounce, PolicyAlarm } from './bounce-store.ts';
import { removeMember } from './member-operations.ts';
import type { Role } from './name.ts';
import type { Cause } from './cause.ts';

/** Rows that one commit forgets at most. */
const forgottenMost = 10_000;
/** Domains that a summary names. */
const domainsMost = 10;

// Addresses are stored so that SQLite, which folds the letter case of ASCII only, finds their canonical form.
export const bounces = read((db: Database, ask: { limit: number; canonical: string | null }): KeptBounce[] =>
  db
    .all<Omit<KeptBounce, 'permanent' | 'counted'> & { permanent: number; counted: number }>(
      `SELECT id, member, address, number, at, how, reason, grounds, permanent, status, host, text, cause, counted FROM bounces
        WHERE ?1 IS NULL OR lower(address) = ?1 ORDER BY id DESC LIMIT ?2 + 0`,
      ask.canonical,
      ask.limit,
    )
    .map((row) => ({ ...row, permanent: row.permanent === 1, counted: row.counted === 1 })),
);

export const evidence = read(
  (db: Database, ask: { bounce: number }): Uint8Array | undefined =>
    db.get<{ message: Uint8Array }>('SELECT message FROM evidence WHERE bounce = ?', ask.bounce)?.message,
);

/** Records a complaint, and ends what gets mail: the address as subscriber and as digest reader. */
export const complain = write((db: Database, ask: { bounce: Bounce; canonical: string; cause: Cause }): number => {
  insertBounce(db, ask.bounce, false);
  const memberships = db.all<{ id: number; role: Role }>(
    `SELECT id, role FROM members WHERE role IN ('subscriber', 'digest') AND domain = ? AND address = ?`,
    ask.canonical.slice(ask.canonical.lastIndexOf('@') + 1),
    ask.canonical,
  );
  for (const { id, role } of memberships) removeMember(db, id, role, ask.cause);
  return memberships.length;
});

export const openAlarm = read((db: Database, _ask: undefined): PolicyAlarm | undefined => {
  const row = db.get<{ text: string }>(`SELECT text FROM kept WHERE name = 'alarm'`);
  return row && (JSON.parse(row.text) as PolicyAlarm);
});

export const alarmTold = write((db: Database, _ask: undefined) => {
  db.run(`DELETE FROM kept WHERE name = 'alarm'`);
});

export const bounceSummary = read((db: Database, { from, to }: { from: number; to: number }): BounceSummary => ({
  byReason: db.all(
    `SELECT reason, count(*) AS count, count(DISTINCT member) AS members FROM bounces WHERE at >= ? AND at < ?
      GROUP BY reason ORDER BY count DESC, reason`,
    from,
    to,
  ),
  byEvent: db.all(
    `SELECT event, count(*) AS count FROM log WHERE at >= ? AND at < ?
      AND event IN ('warned', 'probed', 'recovered', 'suspended', '-probe', '-complaint') GROUP BY event ORDER BY event`,
    from,
    to,
  ),
  byDomain: db.all(
    `SELECT lower(substr(address, instr(address, '@') + 1)) AS domain, count(*) AS count FROM bounces WHERE at >= ? AND at < ?
      GROUP BY domain ORDER BY count DESC, domain LIMIT ? + 0`,
    from,
    to,
    domainsMost,
  ),
}));

export const lastSummary = read((db: Database, _ask: undefined): number | undefined => {
  const row = db.get<{ text: string }>(`SELECT text FROM kept WHERE name = 'summary'`);
  return row && Number(row.text);
});

export const summaryTold = write((db: Database, { at }: { at: number }) => {
  db.run(`INSERT INTO kept (name, text) VALUES ('summary', ?1) ON CONFLICT (name) DO UPDATE SET text = ?1`, String(at));
});

/** What an erasure takes out of a list: bounces and what came back. */
export const eraseBounces = write((db: Database, { canonical }: { canonical: string }) => {
  db.run('DELETE FROM evidence WHERE bounce IN (SELECT id FROM bounces WHERE lower(address) = ?)', canonical);
  db.run('DELETE FROM bounces WHERE lower(address) = ?', canonical);
});

export const forgetBounces = write((db: Database, { before }: { before: number }): number => {
  const old = 'SELECT id FROM bounces WHERE at < ? ORDER BY at LIMIT ? + 0';
  db.run(`DELETE FROM evidence WHERE bounce IN (${old})`, before, forgottenMost);
  return db.run(`DELETE FROM bounces WHERE id IN (${old})`, before, forgottenMost).changes;
});

/** Writes a bounce, unless its cause has one. */
export function insertBounce(
  db: Database,
  bounce: Bounce & { readonly evidence?: Uint8Array },
  isCounted: boolean,
): void {
  const { member, address, number, at, how, reason, grounds, permanent, status, host, text, cause } = bounce;
  const { changes, lastId } = db.run(
    `INSERT INTO bounces (member, address, number, at, how, reason, grounds, permanent, status, host, text, cause, counted)
      VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING`,
    member,
    address,
    number,
    at,
    how,
    reason,
    grounds,
    Number(permanent),
    status,
    host,
    text,
    cause,
    Number(isCounted),
  );
  if (changes > 0 && bounce.evidence)
    db.run('INSERT INTO evidence (bounce, message) VALUES (?, ?)', lastId, bounce.evidence);
}
