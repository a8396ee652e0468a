import { type Database, read, write } from '../lib/database.ts';
import { lastMember } from './member-operations.ts';
import type { Role } from './name.ts';
import type { Cause } from './cause.ts';
import type { LogLine, NewPost, PostRecord, Request, RequestAction } from './store.ts';

const requestColumns = 'id, action, role, address, expires, nonce, used';

interface RequestRow extends Omit<Request, 'used'> {
  used: number | null;
}

/** Opens a request or finds the open one; it is new for the cause that opened it. */
export const openRequest = write(
  (
    db: Database,
    ask: { request: Omit<Request, 'id' | 'used'>; canonical: string; cause: Cause },
  ): { request: Request; isNew: boolean } => {
    const { action, role, address, expires, nonce } = ask.request;
    db.run('DELETE FROM requests WHERE expires < ?', ask.cause.at - keptAfterExpiryMs);
    const open = db.get<RequestRow & { cause: string }>(
      `SELECT ${requestColumns}, cause FROM requests
        WHERE action = ? AND role = ? AND canonical = ? AND ((used IS NULL AND expires > ?) OR cause = ?) ORDER BY id DESC LIMIT 1`,
      action,
      role,
      ask.canonical,
      ask.cause.at,
      ask.cause.id,
    );
    if (open) return { request: requestOf(open), isNew: open.cause === ask.cause.id };
    const { lastId } = db.run(
      'INSERT INTO requests (action, role, address, canonical, expires, nonce, cause) VALUES (?, ?, ?, ?, ?, ?, ?)',
      action,
      role,
      address,
      ask.canonical,
      expires,
      nonce,
      ask.cause.id,
    );
    return { request: { id: lastId, action, role, address, expires, nonce }, isNew: true };
  },
);

/** Expired requests are kept this long, so that a late answer is told that it is late. */
const keptAfterExpiryMs = 30 * 86_400_000;

export const requestById = read((db: Database, ask: { id: number }): Request | undefined => {
  const row = db.get<RequestRow>(`SELECT ${requestColumns} FROM requests WHERE id = ?`, ask.id);
  return row && requestOf(row);
});

export const requestByNonce = read(
  (db: Database, ask: { action: RequestAction; role: Role; canonical: string; nonce: number }): Request | undefined => {
    const row = db.get<RequestRow>(
      `SELECT ${requestColumns} FROM requests WHERE action = ? AND role = ? AND canonical = ? AND nonce = ?`,
      ask.action,
      ask.role,
      ask.canonical,
      ask.nonce,
    );
    return row && requestOf(row);
  },
);

export const useRequest = write((db: Database, ask: { id: number; cause: Cause }): boolean => {
  const { changes } = db.run(
    'UPDATE requests SET used = ?1, used_by = ?2 WHERE id = ?3 AND (used IS NULL OR used_by = ?2)',
    ask.cause.at,
    ask.cause.id,
    ask.id,
  );
  return changes > 0;
});

export const closeRequests = write((db: Database, ask: { canonical: string; cause: Cause }): number => {
  const { changes } = db.run(
    'UPDATE requests SET used = ?1, used_by = ?2 WHERE canonical = ?3 AND used IS NULL',
    ask.cause.at,
    ask.cause.id,
    ask.canonical,
  );
  return changes;
});

export const nextPost = read((db: Database, ask: { cause: string }): { number: number; record?: PostRecord } => {
  const record = db.get<PostRecord>(`${postSelect} WHERE cause = ?`, ask.cause);
  return record ? { number: record.number, record } : { number: lastNumber(db) + 1 };
});

export const recordPost = write((db: Database, ask: NewPost): PostRecord => {
  const known = db.get<PostRecord>(`${postSelect} WHERE cause = ?`, ask.cause);
  if (known) return known;
  db.run(
    `INSERT INTO posts (number, cause, at, subject, author, message_id, size, last_member)
      VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
    ask.number,
    ask.cause,
    ask.at,
    ask.subject,
    ask.from,
    ask.messageId,
    ask.size,
    lastMember(db),
  );
  return db.get<PostRecord>(`${postSelect} WHERE number = ?`, ask.number)!;
});

export const postByNumber = read((db: Database, ask: { number: number }): PostRecord | undefined =>
  db.get<PostRecord>(`${postSelect} WHERE number = ?`, ask.number),
);

export const lastPost = read((db: Database, _ask: undefined): number => lastNumber(db));

export const note = write((db: Database, ask: { line: LogLine; cause: string }) => {
  const { at, event, role, address, note: text } = ask.line;
  db.run(
    'INSERT INTO log (at, event, role, address, note, cause, is_note) VALUES (?, ?, ?, ?, ?, ?, 1) ON CONFLICT DO NOTHING',
    at,
    event,
    role,
    address,
    text,
    ask.cause,
  );
});

export const logPage = read((db: Database, ask: { after: number; limit: number }): (LogLine & { id: number })[] =>
  db.all<LogLine & { id: number }>(
    'SELECT id, at, event, role, address, note FROM log WHERE id > ? ORDER BY id LIMIT ? + 0',
    ask.after,
    ask.limit,
  ),
);

export const lastGoodSettings = read(
  (db: Database, _ask: undefined): string | undefined =>
    db.get<{ text: string }>(`SELECT text FROM kept WHERE name = 'settings'`)?.text,
);

export const keepSettings = write((db: Database, ask: { text: string }) => {
  db.run(
    `INSERT INTO kept (name, text) VALUES ('settings', ?) ON CONFLICT (name) DO UPDATE SET text = excluded.text`,
    ask.text,
  );
});

const postSelect = `SELECT number, cause, at, subject, author AS "from", message_id AS messageId, size, last_member AS lastMember FROM posts`;

function lastNumber(db: Database): number {
  return db.get<{ number: number }>('SELECT coalesce(max(number), 0) AS number FROM posts')!.number;
}

function requestOf(row: RequestRow): Request {
  const { id, action, role, address, expires, nonce, used } = row;
  return { id, action, role, address, expires, nonce, ...(used === null ? {} : { used }) };
}
