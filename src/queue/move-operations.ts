import { type Database, write } from '../lib/database.ts';
import type { Id } from '../lib/ids.ts';
import { type Ended, removeEntry } from './entry-operations.ts';
import type { EntryKind, Move } from './store.ts';

/** An entry that an operator has moved; `goneBody` as in `Ended`. */
export interface Moved {
  readonly id: Id;
  readonly kind: EntryKind;
  readonly goneBody?: Id;
}

interface MovedRow {
  readonly id: Id;
  readonly kind: EntryKind;
  readonly message: string;
}

// The operator may stop a post while it is being cut: cutting one of a million members takes as long as its delivery.
const movable = `(state = 'ready' OR (state = 'claimed' AND kind = 'post'))`;

const updates: Readonly<Record<Exclude<Move, 'drop'>, { to: string; from: string }>> = {
  hold: { to: `state = 'held', owner = NULL, lease = NULL`, from: movable },
  release: { to: `state = 'ready'`, from: `state = 'held'` },
  retry: { to: 'due = ?', from: movable },
};

/** Moves entries in one commit; says which were there in a state that allows it. */
export const moveEntries = write((db: Database, ask: { move: Move; ids: readonly Id[]; now: number }): Moved[] =>
  ask.ids.flatMap((id) => {
    const moved = ask.move === 'drop' ? drop(db, id) : update(db, ask.move, id, ask.now);
    return moved ? [moved] : [];
  }),
);

function update(db: Database, move: Exclude<Move, 'drop'>, id: Id, now: number): Moved | undefined {
  const { to, from } = updates[move];
  const values = move === 'retry' ? [now, id] : [id];
  const row = db.get<MovedRow>(
    `UPDATE entries SET ${to} WHERE id = ? AND ${from} RETURNING id, kind, message`,
    ...values,
  );
  // What a hold had put back waits for a while like what a slow host had.
  if (row?.kind === 'post' && move !== 'hold')
    db.run(`UPDATE chunks SET due = ? WHERE post = ? AND state = 'ready'`, now, id);
  return row && { id, kind: row.kind };
}

function drop(db: Database, id: Id): Moved | undefined {
  const row = db.get<MovedRow>('SELECT id, kind, message FROM entries WHERE id = ?', id);
  if (!row) return undefined;
  if (row.kind === 'post') db.run('DELETE FROM chunks WHERE post = ?', id);
  const { goneBody }: Ended = removeEntry(db, id, row.message);
  return { id, kind: row.kind, ...(goneBody ? { goneBody } : {}) };
}
