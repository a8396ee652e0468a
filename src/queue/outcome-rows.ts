import type { Database } from '../lib/database.ts';
import { domainOf } from './entry-operations.ts';
import type { Outcome } from './outcome.ts';

/** Rows of one statement: 1.4 us of CPU a row where one by one they take 2.4, and ten at a time 1.5 (measured). */
const blockRows = 20;

const columns = '(key, address, member, state, at, host, reply, domain, next)';
// An outcome that was there becomes history.
const orAgain = `ON CONFLICT (key) DO UPDATE SET
    history = history || json_array(state, at, host, reply) || char(10),
    state = excluded.state, at = excluded.at, host = excluded.host, reply = excluded.reply,
    domain = excluded.domain, next = excluded.next, attempts = attempts + 1, owner = NULL, lease = NULL`;
const oneRow = `INSERT INTO outcomes ${columns} VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ${orAgain}`;
// State and host are the block's; nobody of it waits. Parameters have no numbers: SQLite looks numbered ones up one by one, and with 52 of
// them that took a tenth of the thread's time (measured).
const block = `INSERT INTO outcomes ${columns}
  SELECT column1, column2, column3, common.state, column4, common.host, column5, NULL, NULL
  FROM (SELECT ? AS state, ? AS host) AS common CROSS JOIN (VALUES ${Array.from({ length: blockRows }, () => '(?, ?, ?, ?, ?)').join(', ')})
  WHERE true ${orAgain}`;

/** Writes outcomes of one post, whose first position has the key `base`. */
export function writeOutcomes(db: Database, base: number, outcomes: readonly Outcome[]): void {
  for (let from = 0; from < outcomes.length;) {
    const length = isBlock(outcomes, from) ? blockRows : 1;
    if (length === 1) writeOne(db, base, outcomes[from]!);
    else writeBlock(db, base, outcomes, from);
    from += length;
  }
}

function isBlock(outcomes: readonly Outcome[], from: number): boolean {
  if (outcomes.length - from < blockRows) return false;
  const { state, host } = outcomes[from]!;
  for (let at = from; at < from + blockRows; at++) {
    const one = outcomes[at]!;
    if (one.next !== undefined || one.state !== state || one.host !== host) return false;
  }
  return true;
}

function writeBlock(db: Database, base: number, outcomes: readonly Outcome[], from: number): void {
  const values: (string | number)[] = [outcomes[from]!.state, outcomes[from]!.host];
  for (let at = from; at < from + blockRows; at++) {
    const { position, address, member, at: time, reply } = outcomes[at]!;
    values.push(base + position, address, member, time, reply);
  }
  db.run(block, ...values);
}

function writeOne(db: Database, base: number, outcome: Outcome): void {
  const { position, address, member, state, at, host, reply, next = null } = outcome;
  db.run(
    oneRow,
    base + position,
    address,
    member,
    state,
    at,
    host,
    reply,
    next === null ? null : domainOf(address),
    next,
  );
}
