import { type Database, read, unsynced, write } from '../lib/database.ts';
import type { Id } from '../lib/ids.ts';
import type { Role } from '../list/name.ts';
import type { Cursor } from '../list/store.ts';
import { type Claim, type Ended, removeEntry } from './entry-operations.ts';
import type { Chunk, FullLane, NewChunk, Progress } from './store.ts';

interface ChunkRow {
  id: number;
  post: string;
  domain: string;
  packed: Uint8Array;
  count: number;
  first: number;
  claims: number;
  created: number;
  message: string;
  list: string;
  number: number;
  role: Role;
  last_member: number;
}

interface ProgressRow {
  domain: string | null;
  address: string | null;
  is_cut: number;
  chunks: number;
  postponed: number;
}

/**
 * Chunk and cursor in one commit; the claim's lease starts anew, since the cutting of a large post takes long. It is on disk with the claim
 * of the chunk, which is synced: a power cut before has the same members cut again, and nobody was sent anything.
 */
export const cutChunk = unsynced(
  (db: Database, ask: Claim & { post: Id; chunk: NewChunk | undefined; cursor: Cursor | undefined }) => {
    const own = db.get(`SELECT 1 FROM entries WHERE id = ? AND state = 'claimed' AND owner = ?`, ask.post, ask.owner);
    if (!own) return;
    if (ask.chunk) {
      db.run(
        `INSERT INTO chunks (post, domain, first, packed, count, state, due, created)
          VALUES (?1, ?2, (SELECT cut FROM entries WHERE id = ?1), ?3, ?4, 'ready', ?5, ?5)`,
        ask.post,
        ask.chunk.domain,
        ask.chunk.packed,
        ask.chunk.count,
        ask.now,
      );
      db.run('UPDATE entries SET cut = cut + ? WHERE id = ?', ask.chunk.count, ask.post);
    }
    if (ask.cursor) {
      db.run(
        'UPDATE entries SET cursor_domain = ?, cursor_address = ?, lease = ? WHERE id = ?',
        ask.cursor.domain,
        ask.cursor.address,
        ask.now + ask.leaseMs,
        ask.post,
      );
    } else {
      db.run(`UPDATE entries SET is_cut = 1, state = 'ready', owner = NULL, lease = NULL WHERE id = ?`, ask.post);
    }
  },
);

export const progress = read((db: Database, ask: { post: Id; now: number }): Progress | undefined => {
  const row = db.get<ProgressRow>(
    `SELECT cursor_domain AS domain, cursor_address AS address, is_cut, count(c.id) AS chunks,
        count(c.id) FILTER (WHERE c.state = 'ready' AND c.due > ?2) AS postponed
        FROM entries e LEFT JOIN chunks c ON c.post = e.id WHERE e.id = ?1 AND e.kind = 'post' GROUP BY e.id`,
    ask.post,
    ask.now,
  );
  if (!row) return undefined;
  const cursor = row.domain === null ? undefined : { domain: row.domain, address: row.address! };
  return { cursor, isCut: row.is_cut === 1, chunks: row.chunks, postponed: row.postponed };
});

interface Candidate {
  id: number;
  post: string;
  domain: string;
}

// The turn of a chunk: so many of its post come before it, counting those that are claimed. Columns behind `packed` cost six pages each.
const claimable = `
  WITH busy AS MATERIALIZED (SELECT post, count(*) AS chunks FROM chunks WHERE state = 'claimed' GROUP BY post)
  SELECT id, post, domain FROM (
    SELECT c.id, c.post, c.domain, c.due,
        row_number() OVER (PARTITION BY c.post ORDER BY c.due, c.id) + ifnull(b.chunks, 0) AS turn
      FROM chunks c JOIN entries e ON e.id = c.post LEFT JOIN busy b ON b.post = c.post
      WHERE ((c.state = 'ready' AND c.due <= ?1) OR (c.state = 'claimed' AND c.lease < ?1)) AND e.state <> 'held'
      AND e.recipient NOT IN (SELECT value FROM json_each(?2))
      AND NOT EXISTS (
        SELECT 1 FROM json_each(?3) f
          WHERE c.domain IN (SELECT value FROM json_each(f.value, '$.domains'))
          AND (f.value ->> '$.posts' IS NULL OR c.post IN (SELECT value FROM json_each(f.value, '$.posts'))))
  ) ORDER BY turn, due, id LIMIT ?4 + 0`;

export const claimChunks = write(
  (
    db: Database,
    ask: Claim & { recipients: number; fullLanes: readonly FullLane[]; exceptLists: readonly string[] },
  ): Chunk[] => {
    const candidates = db.all<Candidate>(
      claimable,
      ask.now,
      JSON.stringify(ask.exceptLists),
      JSON.stringify(ask.fullLanes),
      Math.max(1, ask.recipients),
    );
    const mayTake = oneForEachFullLane(ask.fullLanes);
    const chunks: Chunk[] = [];
    let room = ask.recipients;
    for (const candidate of candidates) {
      if (room <= 0) break;
      if (!mayTake(candidate)) continue;
      db.run(
        `UPDATE chunks SET state = 'claimed', owner = ?, lease = ?, claims = claims + 1 WHERE id = ?`,
        ask.owner,
        ask.now + ask.leaseMs,
        candidate.id,
      );
      const chunk = chunkById(db, candidate.id);
      room -= chunk.count;
      chunks.push(chunk);
    }
    return chunks;
  },
);

// A post that has nothing in a full lane brings one chunk, not all that the room is for.
function oneForEachFullLane(fullLanes: readonly FullLane[]): (candidate: Candidate) => boolean {
  const brought = fullLanes.map(() => new Set<string>());
  return ({ post, domain }) => {
    const at = fullLanes.findIndex(({ domains }) => domains.includes(domain));
    if (at < 0) return true;
    if (brought[at]!.has(post)) return false;
    brought[at]!.add(post);
    return true;
  };
}

/** A power cut that brings the chunk back is noticed: all its members have outcomes. */
export const finishChunk = unsynced((db: Database, ask: { owner: string; id: number }) => {
  db.run(`DELETE FROM chunks WHERE id = ? AND state = 'claimed' AND owner = ?`, ask.id, ask.owner);
});

export const deferChunk = write((db: Database, ask: { owner: string; id: number; due: number }) => {
  db.run(
    `UPDATE chunks SET state = 'ready', due = ?, owner = NULL, lease = NULL WHERE id = ? AND state = 'claimed' AND owner = ?`,
    ask.due,
    ask.id,
    ask.owner,
  );
});

/** Chunks that were put off are due now. */
export const hurryChunks = write((db: Database, ask: { now: number }) => {
  db.run(`UPDATE chunks SET due = ?1 WHERE state = 'ready' AND due > ?1`, ask.now);
});

/** Ends a post that is cut and has no chunk. That no recipient waits must have been seen in the outcomes before. */
export const finishPost = write((db: Database, ask: { id: Id }): Ended => {
  const row = db.get<{ message: string }>(
    `SELECT message FROM entries e WHERE id = ? AND kind = 'post' AND is_cut = 1
      AND NOT EXISTS (SELECT 1 FROM chunks WHERE post = e.id)`,
    ask.id,
  );
  return row ? removeEntry(db, ask.id, row.message) : { isDone: false };
});

function chunkById(db: Database, id: number): Chunk {
  const row = db.get<ChunkRow>(
    `SELECT c.id, c.post, c.domain, c.packed, c.count, c.first, c.claims, c.created, e.message, e.recipient AS list, e.number, e.role, e.last_member
      FROM chunks c JOIN entries e ON e.id = c.post WHERE c.id = ?`,
    id,
  )!;
  return {
    id: row.id,
    post: row.post as Id,
    message: row.message as Id,
    work: { list: row.list, number: row.number, role: row.role, lastMember: row.last_member },
    domain: row.domain,
    packed: row.packed,
    count: row.count,
    first: row.first,
    again: row.claims > 1,
    created: row.created,
  };
}
