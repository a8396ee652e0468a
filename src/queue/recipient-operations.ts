import { type Database, read, write } from '../lib/database.ts';
import type { Id } from '../lib/ids.ts';
import type { RecipientMove, WaitingRecipient, WaitingState } from './waiting-recipients.ts';

/** A recipient of a post as one key: the post's key stands above the position. */
export const positions = 2 ** 32;

/** What a page of waiting recipients is asked for with; null: not narrowed. */
export interface RecipientAsk {
  /** The last key of the page before; 0 at first. */
  readonly after: number;
  readonly limit: number;
  readonly post: Id | null;
  readonly position: number | null;
  readonly list: string | null;
  readonly domain: string | null;
  readonly state: WaitingState | null;
  readonly reply: string | null;
  /** Only posts whose ids sort before this text. */
  readonly before: string | null;
  /** Only posts whose ids sort after this text. */
  readonly from: string | null;
}

/** A row of such a page: its key holds the position. */
export interface RecipientRow extends Omit<WaitingRecipient, 'position'> {
  readonly key: number;
}

/** A page of those who were tried and wait, in the order of their keys: the index of those who wait has no others. */
export const waitingRecipients = read((db: Database, ask: RecipientAsk): RecipientRow[] => {
  const keys = keysOf(db, ask);
  if (!keys) return [];
  return db.all<RecipientRow>(
    `SELECT o.key, p.post, p.list, p.number, o.member, o.address, o.state, o.attempts, o.at, o.next, o.host, o.reply
      FROM outcomes o INDEXED BY outcomes_waiting JOIN posts p ON p.key = o.key / ${positions}
      WHERE o.next IS NOT NULL AND o.key > ?1 AND o.key < ?2 AND (?4 IS NULL OR p.list = ?4) AND (?5 IS NULL OR o.domain = ?5)
      AND (?6 IS NULL OR o.state = ?6) AND (?7 IS NULL OR instr(lower(o.reply), lower(?7)) > 0)
      AND (?8 IS NULL OR p.post < ?8) AND (?9 IS NULL OR p.post > ?9) ORDER BY o.key LIMIT ?3 + 0`,
    Math.max(ask.after, keys.above),
    keys.below,
    ask.limit,
    ask.list,
    ask.domain,
    ask.state,
    ask.reply,
    ask.before,
    ask.from,
  );
});

// Where the keys of the post or the one recipient lie that are asked for; undefined when the file does not know the post.
function keysOf(db: Database, { post, position }: RecipientAsk): { above: number; below: number } | undefined {
  if (post === null) return { above: 0, below: Number.MAX_SAFE_INTEGER };
  const row = db.get<{ key: number }>('SELECT key FROM posts WHERE post = ?', post);
  if (!row) return undefined;
  const base = row.key * positions;
  if (position === null) return { above: base - 1, below: base + positions };
  return { above: base + position - 1, below: base + position + 1 };
}

/** What is done to some recipients of one file in one commit. */
export interface RecipientsMove {
  readonly move: RecipientMove;
  readonly keys: readonly { readonly post: Id; readonly position: number }[];
  readonly now: number;
  /** What their traces say of a drop. */
  readonly reply: string;
  /** Nobody tries anybody: claims hold nothing back. */
  readonly isNobodyTrying: boolean;
}

// A result that is on its way would make a recipient who was dropped wait again.
const isFree = '(owner IS NULL OR lease < ?1 OR ?2)';
const updates: Readonly<Record<RecipientMove, string>> = {
  retry: 'UPDATE outcomes SET next = min(next, ?1) WHERE next IS NOT NULL AND key = ?4',
  drop: `UPDATE outcomes SET history = history || json_array(state, at, host, reply) || char(10), state = 'failed', at = ?1, host = '',
    reply = ?3, domain = NULL, next = NULL, owner = NULL, lease = NULL WHERE next IS NOT NULL AND ${isFree} AND key = ?4`,
};

/** Gives the places of those that it was done to among the keys. */
export const moveRecipients = write((db: Database, ask: RecipientsMove): number[] => {
  const { move, keys, now, reply, isNobodyTrying } = ask;
  return keys.flatMap(({ post, position }, at) => {
    const row = db.get<{ key: number }>('SELECT key FROM posts WHERE post = ?', post);
    if (!row) return [];
    const { changes } = db.run(updates[move], now, isNobodyTrying ? 1 : 0, reply, row.key * positions + position);
    return changes > 0 ? [at] : [];
  });
});

/** Members of a post's chunk whom an operator gives up before they were tried. */
export interface UntriedDrop {
  readonly post: Id;
  readonly list: string;
  readonly number: number;
  readonly at: number;
  /** What their traces say. */
  readonly reply: string;
  readonly members: readonly { readonly position: number; readonly member: number; readonly address: string }[];
}

/** Writes the outcomes of those who have none so far; gives their positions. */
export const dropUntried = write((db: Database, ask: UntriedDrop): number[] => {
  const base = knownBase(db, ask);
  return ask.members.flatMap(({ position, member, address }) => {
    const { changes } = db.run(
      `INSERT INTO outcomes (key, address, member, state, at, host, reply) VALUES (?, ?, ?, 'failed', ?, '', ?) ON CONFLICT DO NOTHING`,
      base + position,
      address,
      member,
      ask.at,
      ask.reply,
    );
    return changes > 0 ? [position] : [];
  });
});

/** The key that position 0 of a post has, which becomes known with this. */
export function knownBase(db: Database, { post, list, number }: Pick<UntriedDrop, 'post' | 'list' | 'number'>): number {
  db.run('INSERT INTO posts (post, list, number) VALUES (?, ?, ?) ON CONFLICT DO NOTHING', post, list, number);
  return db.get<{ key: number }>('SELECT key FROM posts WHERE post = ?', post)!.key * positions;
}
