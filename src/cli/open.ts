import { type Home, homePaths, openHome, readHomeSettings } from '../home.ts';
import { inlineStorage, type Storage } from '../lib/storage.ts';
import { Lists } from '../list/lists.ts';
import { sqliteSuppressions, type Suppressions } from '../list/suppressions.ts';
import type { Log } from '../log.ts';
import { engines } from '../engines.ts';
import type { ServerSettings } from '../config.ts';
import { askDaemon } from './ask.ts';
import { type Complaint, complaint, type Door, type Ending, exit, isComplaint } from './door.ts';
import { listsDirectory } from './list-argument.ts';
import { wakeDaemon } from './wake.ts';

/** The settings of the home, or why it cannot be worked with. */
export async function readHome(door: Door): Promise<ServerSettings | Complaint> {
  const read = await readHomeSettings(door.home);
  if (!read) {
    return complaint(
      exit.settings,
      `there is no ezlm.json in ${door.home}`,
      'give the home with --home or EZLM_HOME, make one with "ezlm init --domain lists.example.org", or try "ezlm serve --sandbox"',
    );
  }
  if (read.problems.length === 0) return read.settings;
  return complaint(exit.settings, read.problems.join('\n'), 'correct ezlm.json, then "ezlm check" looks at everything');
}

/** The lists of a home whose ezlm.json nobody has looked at. */
export function openParts(door: Door): { lists: Lists; suppressions: Suppressions; close: () => Promise<void> } {
  const storage = storageFor(door);
  const lists = new Lists({ directory: listsDirectory(door.home), storage, clock: door.clock, log: logFor(door) });
  const suppressions = sqliteSuppressions(storage, homePaths(door.home).server, 'server');
  return { lists, suppressions, close: () => storage.close() };
}

/** Runs something with the lists of the home; the queue is not opened. */
export async function withLists(
  door: Door,
  run: (lists: Lists, settings: ServerSettings, suppressions: Suppressions) => Promise<Ending>,
): Promise<Ending> {
  const settings = await readHome(door);
  if (isComplaint(settings)) return settings;
  const { lists, suppressions, close } = openParts(door);
  try {
    return await run(lists, settings, suppressions);
  } finally {
    await close();
  }
}

/** Runs something with all materials of the home. */
export async function withHome(door: Door, run: (home: Home) => Promise<Ending>): Promise<Ending> {
  const settings = await readHome(door);
  if (isComplaint(settings)) return settings;
  const storage = storageFor(door);
  try {
    return await run(await openHome({ directory: door.home, settings, storage, clock: door.clock, log: logFor(door) }));
  } finally {
    await storage.close();
  }
}

/** Tells the daemon, if there is one, that posts of these lists were held or dropped: what it has taken of them and not begun goes back. */
export async function putBack(door: Door, lists: Iterable<string>): Promise<void> {
  for (const list of new Set(lists)) if (list !== '') await askDaemon(door, { ask: 'putBack', list });
}

/** Tells the daemon, if one runs, that posts of these lists go on where providers had refused them. */
export async function goOn(door: Door, lists: Iterable<string>): Promise<void> {
  for (const list of new Set(lists)) if (list !== '') await askDaemon(door, { ask: 'goOn', list });
}

/** Tells the daemon, if there is one, that the home was changed. */
export async function tellDaemon(door: Door): Promise<void> {
  await wakeDaemon(homePaths(door.home).socket);
}

function storageFor(door: Door): Storage {
  return inlineStorage(engines, door.busyMs);
}

function logFor(door: Door): Log {
  return (event, fields) => {
    if (event === 'settings.problem') door.say(`warning: ${String(fields['cause'] ?? fields['problem'] ?? event)}`);
  };
}
