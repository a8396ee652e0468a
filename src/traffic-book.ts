import { type Provider, readProviders, shippedProviders } from './deliver/providers.ts';
import { readMemory, type TrafficMemory } from './deliver/traffic-memory.ts';
import { Traffic } from './deliver/traffic.ts';
import type { Home } from './home.ts';
import { readIfExists } from './lib/files.ts';
import { parseId } from './lib/ids.ts';
import type { Log } from './log.ts';

/** The note in server.db. */
const noteName = 'traffic';
/** What was learned is on disk after this: a storm of refusals is one commit. */
const saveAfterMs = 1_000;

export interface TrafficBook {
  readonly traffic: Traffic;
  /** Takes over the limits of settings that were read again, and the profiles of `providers.json` anew. */
  readonly renew: () => Promise<void>;
  /** Stops it. */
  readonly close: () => Promise<void>;
}

/** Opens the book of connections with what the last run has left, and leaves what this one learns. */
export async function openTraffic(home: Home, log: Log): Promise<TrafficBook> {
  const { clock, settings, notes } = home;
  const providers = await providersOf(home, log);
  let saving: NodeJS.Timeout | undefined;
  const save = async (): Promise<void> => {
    saving = undefined;
    // Losing it costs a few connections that are refused again.
    const memory = await withoutGone(traffic.memory(), home);
    await notes.leave(noteName, JSON.stringify(memory)).catch((error: unknown) => {
      log('storage.trouble', { doing: 'writing down which hosts are left alone', cause: String(error) });
    });
  };
  const traffic = new Traffic({
    ...settings,
    providers,
    clock,
    log,
    random: Math.random,
    memory: await withoutGone(readMemory(await notes.read(noteName).catch(() => undefined)), home),
    onLearned: () => {
      saving ??= setTimeout(() => void save(), saveAfterMs);
    },
  });
  const close = async (): Promise<void> => {
    traffic.stop();
    clearTimeout(saving);
    await save();
  };
  const renew = async (): Promise<void> => traffic.renew({ ...settings, providers: await providersOf(home, log) });
  return { traffic, renew, close };
}

// What providers said of a post is forgotten with it.
async function withoutGone(memory: TrafficMemory, { queue }: Home): Promise<TrafficMemory> {
  const isThere = async (post: string): Promise<boolean> => {
    const id = parseId(post);
    // A queue that cannot be read now is no reason to forget.
    return id !== undefined && (await queue.entry(id).catch(() => true)) !== undefined;
  };
  const known = await Promise.all(memory.posts.map(async (one) => ((await isThere(one.post)) ? [one] : [])));
  return { ...memory, posts: known.flat() };
}

// A mistake in it is no reason not to deliver: the other profiles hold.
async function providersOf({ paths }: Home, log: Log): Promise<readonly Provider[]> {
  const own = await readIfExists(paths.providers);
  if (!own) return shippedProviders;
  const { providers, problems } = readProviders(own.toString('utf8'));
  for (const problem of problems) log('settings.problem', { file: paths.providers, problem });
  return providers;
}
