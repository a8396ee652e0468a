import type { Home } from '../home.ts';
import type { Id } from '../lib/ids.ts';
import type { List } from '../list/list.ts';
import type { Entry } from '../queue/store.ts';
import { askDaemon } from './ask.ts';
import { complaint, type Door, type Ending, exit } from './door.ts';
import { pacedText } from './post-text.ts';
import { Watch } from './snapshot.ts';
import { countsText, summaryOf } from './post-summary.ts';

/** What was queued for a list, and where it is followed. */
export interface Followed {
  readonly door: Door;
  readonly home: Home;
  readonly list: List;
  /** Of the entry that `ezlm send` made. */
  readonly id: Id;
}

const lookMs = 500;
/** Looking at a very large post takes its time; that is at most this part of all. */
const pausesPerLook = 10;

/**
 * Shows how far a post is until each member was tried once, and says then what came of it. Ctrl-C ends the watching, not the post.
 */
export async function follow(followed: Followed): Promise<Ending> {
  const { door, home, id } = followed;
  const stop = new AbortController();
  const end = door.onInterrupt(() => stop.abort());
  const watch = new Watch(door, home);
  let isTold = false;
  try {
    for (;;) {
      const began = door.clock.now();
      const entry = await home.queue.entry(id);
      if (!entry) return await tellEnd(followed);
      if (entry.post && !isTold) {
        isTold = true;
        door.say(
          `post ${entry.post.number}: "ezlm queue hold ${entry.id}" pauses it, "ezlm queue release ${entry.id}" lets it go on`,
        );
      }
      if (await isTriedWhole(home, entry)) return await tellEnd(followed);
      if ((await askDaemon(door, { ask: 'status' })) === 'silent')
        return leave(door, 'no daemon runs: the post goes on when one does ("ezlm serve")', entry);
      door.progress?.(
        entry.post ? `post ${entry.post.number}: ${pacedText(await watch.post(entry))}` : `waits as ${id}`,
      );
      if (!stop.signal.aborted)
        await door.clock.sleep(Math.max(lookMs, pausesPerLook * (door.clock.now() - began)), stop.signal);
      if (stop.signal.aborted) return leave(door, 'no longer watched; the post goes on', entry);
    }
  } finally {
    end();
  }
}

// Nobody is left who was not tried; some may be tried again, for days.
async function isTriedWhole({ queue }: Home, { id, post }: Entry): Promise<boolean> {
  const progress = post && (await queue.progress(id));
  return progress?.isCut === true && progress.chunks === 0;
}

function leave(door: Door, why: string, { id, list, post }: Entry): Ending {
  door.progress?.('');
  door.say(why);
  door.say(
    post
      ? `"ezlm top" shows how far it is, "ezlm trace ${list} ${post.number} --summary" what came of it`
      : `"ezlm queue show ${id}" finds it`,
  );
  return exit.done;
}

async function tellEnd({ door, home, list, id }: Followed): Promise<Ending> {
  door.progress?.('');
  const { record } = await list.store.nextPost(id);
  if (!record) {
    return complaint(
      exit.badInput,
      `${list.name.address} did not take the message`,
      'the event post.rejected in the log names the rule',
    );
  }
  const counts = (await summaryOf(home, list.name.address, record.number)).all;
  door.say(`post ${record.number}: ${countsText(counts)}`);
  const { deferred, uncertain, failed } = counts;
  if (deferred + uncertain + failed > 0)
    door.say(
      `"ezlm trace ${list.name.address} ${record.number} --not-delivered --latest" says to whom not, why, and when it is tried again`,
    );
  return exit.done;
}
