import type { Database } from '../lib/database.ts';
import type { Id } from '../lib/ids.ts';
import type { NewEntry } from './store.ts';

/** A message on its way into the database; a `body` of null lies in a file. */
export interface StoredMessage {
  readonly id: Id;
  readonly size: number;
  readonly body: Uint8Array | null;
}

/** What goes in with a commit. */
export interface Inserted {
  readonly messages: readonly StoredMessage[];
  readonly entries: readonly NewEntry[];
}

/** What entries that have arrived are claimed with. */
interface Claimed {
  readonly owner: string;
  readonly now: number;
  readonly leaseMs: number;
}

const insertMessage = 'INSERT INTO messages (id, size, body) VALUES (?, ?, ?) ON CONFLICT (id) DO NOTHING';
const insertEntry = `INSERT INTO entries (id, kind, state, message, sender, recipient, domain, list, cause, created, due, number, role,
    last_member, dsn, owner, lease, attempts) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING`;

/** Gives the ids of the entries that are new. With `claimed` those that have arrived are claimed. */
export function insertAll(
  db: Database,
  { messages, entries }: Inserted,
  now: number,
  claimed?: Claimed,
): readonly Id[] {
  for (const { id, size, body } of messages) db.run(insertMessage, id, size, body);
  const inserted = entries.filter((one) => insertOne(db, one, now, one.kind === 'arrived' ? claimed : undefined));
  // A cause that was there already leaves its message without an entry.
  for (const { id } of messages) {
    if (inserted.some(({ message }) => message === id)) continue;
    db.run('DELETE FROM messages WHERE id = ?1 AND NOT EXISTS (SELECT 1 FROM entries WHERE message = ?1)', id);
  }
  return inserted.map(({ id }) => id);
}

function insertOne(db: Database, one: NewEntry, now: number, claimed: Claimed | undefined): boolean {
  const { changes } = db.run(
    insertEntry,
    one.id,
    one.kind,
    claimed ? 'claimed' : 'ready',
    one.message,
    one.sender,
    one.recipient,
    domainOf(one.recipient),
    one.list,
    one.cause,
    now,
    one.due,
    one.post?.number ?? null,
    one.post?.role ?? null,
    one.post?.lastMember ?? null,
    one.dsn ? JSON.stringify(one.dsn) : null,
    claimed ? claimed.owner : null,
    claimed ? claimed.now + claimed.leaseMs : null,
    claimed ? 1 : 0,
  );
  return changes > 0;
}

/** The domain of an address, in lower case. */
export function domainOf(address: string): string {
  return address.slice(address.lastIndexOf('@') + 1).toLowerCase();
}
