import type { Home } from '../home.ts';
import type { Id } from '../lib/ids.ts';
import type { Move } from '../queue/store.ts';
import { type Call, printJson } from './door.ts';
import { goOn, putBack } from './open.ts';

/** How many of those that were asked for were moved. */
export interface Moved {
  readonly asked: number;
  readonly moved: number;
}

/** Entries, or recipients, that one commit moves at most, so that the daemon never waits long for its turn. */
export const batchMost = 1_000;

/** Moves entries, and tells of each. Call it with `--dry-run` too. */
export async function moveEntries(call: Call, home: Home, ids: readonly Id[], move: Move): Promise<Moved> {
  const isDry = call.flag('dry-run');
  const posts = await postsById(home);
  const touched: string[] = [];
  let moved = 0;
  for (let from = 0; from < ids.length; from += batchMost) {
    const batch = ids.slice(from, from + batchMost);
    const could = await movable(home, batch, isDry ? undefined : move);
    moved += could.size;
    for (const id of batch) {
      if (!could.has(id)) call.door.say(`${id} is not there, or not in a state that allows ${move}`);
      await tellMove(call, move, id, could.has(id));
    }
    touched.push(...[...could].flatMap((id) => posts.get(id) ?? []));
  }
  if (!isDry) await (move === 'hold' || move === 'drop' ? putBack : goOn)(call.door, touched);
  return { asked: ids.length, moved };
}

/** The lists of the posts in the queue, by the ids that stand for them. */
export async function postsById({ queue }: Home): Promise<ReadonlyMap<string, string>> {
  const lists = new Map<string, string>();
  for await (const page of queue.entries({ kind: 'post' }))
    for (const { id, cause, list } of page) lists.set(id, list).set(cause.replace(/:post$/, ''), list);
  return lists;
}

// Those of the ids that were moved; without an action those that are there. The id that "ezlm send" printed stands for its post, too.
async function movable(home: Home, ids: readonly Id[], move: Move | undefined): Promise<Set<Id>> {
  const moved = new Set(move ? await home.queue.move(move, ids) : []);
  for (const id of ids) {
    if (moved.has(id)) continue;
    const entry = await home.queue.entry(id);
    if (!entry) continue;
    const isMoved = !move || (entry.id !== id && (await home.queue.move(move, [entry.id])).length > 0);
    if (isMoved) moved.add(id);
  }
  return moved;
}

/** One line of JSON for a move, when it is asked for. */
export async function tellMove(call: Call, action: Move, id: string, could: boolean): Promise<void> {
  const isDry = call.flag('dry-run');
  if (call.flag('json')) await printJson(call.door, { id, action, done: could && !isDry, dryRun: isDry });
}
