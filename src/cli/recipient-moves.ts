import type { Home } from '../home.ts';
import type { RecipientFilter, RecipientKey, RecipientMove } from '../queue/waiting-recipients.ts';
import type { Entry, Move } from '../queue/store.ts';
import { type Call, type Complaint, complaint, exit, shown } from './door.ts';
import { isRunning } from './is-running.ts';
import { goOn, putBack } from './open.ts';
import { recipientId } from './queue-ids.ts';
import { batchMost, type Moved, postsById, tellMove } from './queue-moves.ts';

/** How long a drop waits for what delivery has taken and not begun to come back. */
const patienceMs = 5_000;
const lookEveryMs = 200;

/** Moves recipients, page by page, and says how many could not be. Call it with `--dry-run` too. */
export async function moveRecipients(
  call: Call,
  home: Home,
  pages: AsyncIterable<readonly RecipientKey[]>,
  move: RecipientMove,
): Promise<Moved> {
  const isDry = call.flag('dry-run');
  const lists = await postsById(home);
  const touched = new Set<string>();
  const left = new Map<string, RecipientKey>();
  let asked = 0;
  for await (const page of pages) {
    const done = new Set(isDry ? page.map(recipientId) : await moveSome(call, home, move, page));
    for (const key of page) {
      const id = recipientId(key);
      // Who is tried for the first time meanwhile is found once more.
      if (!left.delete(id)) asked++;
      if (!done.has(id)) left.set(id, key);
      else await tellMove(call, move, id, true);
      touched.add(lists.get(key.post) ?? '');
    }
  }
  if (!isDry && move === 'retry') await goOn(call.door, touched);
  if (move === 'drop' && left.size > 0) await dropTaken(call, home, left, lists);
  for (const id of left.keys()) await tellMove(call, move, id, false);
  await sayLeft(call, home, left);
  return { asked, moved: asked - left.size };
}

/** Recipients by name, those that wait no more among them, in pages. */
export async function* pagesOf(keys: readonly RecipientKey[]): AsyncIterable<readonly RecipientKey[]> {
  for (let from = 0; from < keys.length; from += batchMost) yield keys.slice(from, from + batchMost);
}

/** Who asks for what nobody can do. */
export function recipientsAreNotHeld(move: Move): Complaint {
  return complaint(
    exit.usage,
    `${move} is for entries: a recipient cannot be held alone`,
    '"ezlm lane pause DOMAIN" keeps a domain from being tried, "ezlm queue hold ID" a whole post',
  );
}

/** Says of which posts a drop by this filter cannot have found everybody: members still come into the queue from their lists. */
export async function sayUncut(
  call: Call,
  { queue }: Home,
  posts: AsyncIterable<Entry>,
  filter: RecipientFilter,
): Promise<void> {
  if (filter.state === 'deferred' || filter.state === 'uncertain' || filter.reply !== undefined) return;
  const { domain = 'DOMAIN' } = filter;
  for await (const { id, recipient, post } of posts) {
    if ((await queue.progress(id))?.isCut !== false) continue;
    call.door.say(
      `members of ${shown(recipient)} still come into the queue for post ${post?.number}; those to come are not dropped by this`,
    );
    call.door.say(
      `  "ezlm lane pause ${domain}" keeps them back; repeat this when "ezlm queue show ${id}" says cut: true`,
    );
  }
}

async function moveSome(call: Call, home: Home, move: RecipientMove, keys: readonly RecipientKey[]): Promise<string[]> {
  // Looked at each time: a daemon may have been started meanwhile.
  const isNobodyTrying = move === 'drop' && !(await isRunning(call.door));
  return (await home.queue.recipients.move(move, keys, isNobodyTrying)).map(recipientId);
}

// What is on the wire ends; the others of it come back as soon as that has.
async function dropTaken(
  call: Call,
  home: Home,
  left: Map<string, RecipientKey>,
  lists: ReadonlyMap<string, string>,
): Promise<void> {
  const { clock } = call.door;
  await putBack(
    call.door,
    [...left.values()].map(({ post }) => lists.get(post) ?? ''),
  );
  for (const end = clock.now() + patienceMs; left.size > 0 && clock.now() < end; await clock.sleep(lookEveryMs)) {
    const waiting = await stillWaiting(home, left);
    if (waiting.length === 0) return;
    for await (const page of pagesOf(waiting))
      for (const id of await moveSome(call, home, 'drop', page)) {
        left.delete(id);
        await tellMove(call, 'drop', id, true);
      }
  }
}

async function sayLeft(call: Call, home: Home, left: ReadonlyMap<string, RecipientKey>): Promise<void> {
  if (left.size === 0) return;
  const trying = (await stillWaiting(home, left)).length;
  const gone = left.size - trying;
  if (trying > 0)
    call.door.say(
      `${trying} ${trying === 1 ? 'is' : 'are'} being tried just now, or share a chunk with who is: repeat this to drop who was not delivered then`,
    );
  if (gone > 0) call.door.say(`${gone} ${gone === 1 ? 'waits' : 'wait'} no more`);
}

async function stillWaiting({ queue }: Home, left: ReadonlyMap<string, RecipientKey>): Promise<RecipientKey[]> {
  const waiting = new Map<string, RecipientKey>();
  for (const post of new Set([...left.values()].map((key) => key.post)))
    for await (const page of queue.recipients.find({ post }))
      for (const { position } of page) {
        const id = recipientId({ post, position });
        if (left.has(id)) waiting.set(id, { post, position });
      }
  return [...waiting.values()];
}
