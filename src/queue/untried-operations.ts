import { type Database, read, write } from '../lib/database.ts';
import type { Id } from '../lib/ids.ts';

/** What the next chunk is asked for with; null: not narrowed. */
export interface UntriedAsk {
  /** The chunk before, and its post; at first an empty text and 0. */
  readonly afterPost: string;
  readonly after: number;
  readonly post: Id | null;
  readonly position: number | null;
  readonly list: string | null;
  readonly domain: string | null;
  /** Only posts whose ids sort before this text. */
  readonly before: string | null;
  /** Only posts whose ids sort after this text. */
  readonly from: string | null;
}

/** A chunk as an operator looks at it. */
export interface UntriedChunk {
  readonly id: number;
  readonly post: Id;
  readonly list: string;
  /** Of the post. */
  readonly number: number;
  readonly first: number;
  readonly count: number;
  readonly packed: Uint8Array;
  readonly due: number;
  /** Delivery has it. */
  readonly isTaken: 0 | 1;
  /** How often somebody had it: some of its members may have outcomes. */
  readonly claims: number;
}

const columns = `c.id, c.post, e.recipient AS list, e.number, c.first, c.count, c.packed, c.due, c.state = 'claimed' AS isTaken, c.claims
  FROM chunks c JOIN entries e ON e.id = c.post`;

/** The next chunk that may hold somebody who is asked for, in the order of posts: one at a time is a thousand members in memory. */
export const untriedChunk = read((db: Database, ask: UntriedAsk): UntriedChunk | undefined =>
  db.get<UntriedChunk>(
    `SELECT ${columns} WHERE (c.post, c.id) > (?1, ?2) AND (?3 IS NULL OR c.post = ?3) AND (?4 IS NULL OR e.recipient = ?4)
      AND (?5 IS NULL OR c.domain IN ('', ?5)) AND (?6 IS NULL OR c.post < ?6) AND (?7 IS NULL OR c.post > ?7)
      AND (?8 IS NULL OR (c.first <= ?8 AND c.first + c.count > ?8)) ORDER BY c.post, c.id LIMIT 1`,
    ask.afterPost,
    ask.after,
    ask.post,
    ask.list,
    ask.domain,
    ask.before,
    ask.from,
    ask.position,
  ),
);

/** Whose chunks are meant. */
export interface UntriedPlaces {
  readonly post: Id;
  /** In rising order. */
  readonly positions: readonly number[];
}

/** A claim of an operator on the chunks in which somebody stands. */
export interface UntriedTake extends UntriedPlaces {
  readonly owner: string;
  readonly now: number;
  readonly leaseMs: number;
  /** Nobody delivers: the claims of a daemon that has ended hold nothing back. */
  readonly isNobodyTrying: boolean;
}

/**
 * Takes the chunks of these positions, so that nobody delivers them meanwhile; those that delivery has are passed over. It counts as a claim:
 * whoever claims them next looks for outcomes. On disk before it returns: an outcome in a chunk that nobody had claimed would not be seen.
 */
export const takeUntried = write((db: Database, ask: UntriedTake): UntriedChunk[] =>
  chunksAt(db, ask).filter(
    ({ id }) =>
      db.run(
        `UPDATE chunks SET state = 'claimed', owner = ?, lease = ?, claims = claims + 1 WHERE id = ? AND (state = 'ready' OR ?)`,
        ask.owner,
        ask.now + ask.leaseMs,
        id,
        ask.isNobodyTrying ? 1 : 0,
      ).changes > 0,
  ),
);

/** Gives a chunk back as it was, or ends it when all its members have outcomes. */
export const returnUntried = write((db: Database, ask: { owner: string; id: number; isDone: boolean }) => {
  const change = ask.isDone ? 'DELETE FROM chunks' : `UPDATE chunks SET state = 'ready', owner = NULL, lease = NULL`;
  db.run(`${change} WHERE id = ? AND state = 'claimed' AND owner = ?`, ask.id, ask.owner);
});

/** Makes the chunks of these positions due now. Gives those that are there: what delivery has is as good as due. */
export const hurryUntried = write((db: Database, ask: UntriedPlaces & { now: number }): UntriedChunk[] => {
  const chunks = chunksAt(db, ask);
  for (const { id } of chunks)
    db.run(`UPDATE chunks SET due = ?1 WHERE id = ?2 AND state = 'ready' AND due > ?1`, ask.now, id);
  return chunks;
});

function chunksAt(db: Database, { post, positions }: UntriedPlaces): UntriedChunk[] {
  const chunks: UntriedChunk[] = [];
  let end = 0;
  for (const position of positions) {
    if (position < end) continue;
    const chunk = db.get<UntriedChunk>(
      `SELECT ${columns} WHERE c.post = ?1 AND c.first <= ?2 ORDER BY c.first DESC LIMIT 1`,
      post,
      position,
    );
    if (!chunk || position >= chunk.first + chunk.count) continue;
    end = chunk.first + chunk.count;
    chunks.push(chunk);
  }
  return chunks;
}
