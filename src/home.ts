import { join } from 'node:path';
import { type ServerSettings, serverSettingRows } from './config.ts';
import type { Clock } from './lib/clock.ts';
import { type Id, idMaker } from './lib/ids.ts';
import { problemText, withInitial } from './lib/settings.ts';
import { readSettingsFile } from './lib/settings-file.ts';
import type { Storage } from './lib/storage.ts';
import type { Allowances } from './list/allowances.ts';
import { Lists } from './list/lists.ts';
import { sqliteAllowances } from './list/sqlite-allowances.ts';
import { type ServerNotes, serverNotes } from './list/server-notes.ts';
import { type StsCache, stsCache } from './list/sts-cache.ts';
import { sqliteSuppressions, type Suppressions } from './list/suppressions.ts';
import type { Log } from './log.ts';
import { openJournaledQueue } from './queue/journaled-queue.ts';
import { openSqliteQueue } from './queue/sqlite-queue.ts';
import type { QueueStore } from './queue/store.ts';

/** Where everything is below a home directory (DESIGN: state). */
export interface HomePaths {
  readonly settings: string;
  readonly lock: string;
  readonly socket: string;
  readonly lists: string;
  readonly queue: string;
  readonly domains: string;
  readonly server: string;
  /** DKIM keys, a directory for each domain (`domain/signing-keys.ts`). */
  readonly keys: string;
  /** Who may hand in mail (`domain/users.ts`). */
  readonly users: string;
  /** Passwords for smarthosts, a file each. */
  readonly secrets: string;
  /** The owner's own profiles of big receivers (`deliver/providers.ts`). */
  readonly providers: string;
}

/** The paths of a home; nothing is looked at or made. */
export function homePaths(directory: string): HomePaths {
  return Object.freeze({
    settings: join(directory, 'ezlm.json'),
    lock: join(directory, 'daemon.lock'),
    socket: join(directory, 'ezlm.sock'),
    lists: join(directory, 'lists'),
    queue: join(directory, 'queue'),
    domains: join(directory, 'domains'),
    server: join(directory, 'server.db'),
    keys: join(directory, 'keys'),
    users: join(directory, 'users.json'),
    secrets: join(directory, 'secrets'),
    providers: join(directory, 'providers.json'),
  });
}

/** The materials of one home, joined: what the daemon's stages and the commands work with. */
export interface Home {
  readonly directory: string;
  readonly paths: HomePaths;
  readonly settings: ServerSettings;
  readonly lists: Lists;
  readonly queue: QueueStore;
  readonly allowances: Allowances;
  /** What the last run has left for this one. */
  readonly notes: ServerNotes;
  /** Policies of recipients' domains. */
  readonly sts: StsCache;
  /** Who gets no mail of any list here. */
  readonly suppressions: Suppressions;
  readonly clock: Clock;
  readonly newId: () => Id;
  close(): Promise<void>;
}

/** Reads a home's settings: undefined when there is no `ezlm.json`; every problem as a line that names file and line. */
export async function readHomeSettings(
  directory: string,
): Promise<{ settings: ServerSettings; problems: readonly string[] } | undefined> {
  const path = homePaths(directory).settings;
  const read = await readSettingsFile(serverSettingRows, path);
  return read && { settings: read.values, problems: read.problems.map((problem) => problemText(path, problem)) };
}

/** What a home is opened with; `storage` decides whether the disk is waited for here or on threads. */
export interface HomeOptions {
  readonly directory: string;
  readonly settings: ServerSettings;
  readonly storage: Storage;
  readonly clock: Clock;
  readonly log: Log;
  /** It holds the home's lock, and takes mail in. */
  readonly isDaemon?: boolean;
  /** Whether its machine is wanted for something else than taking mail in now. */
  readonly isBusy?: () => boolean;
}

/** Joins the materials of a home. Opens no database but the queue's. */
export async function openHome(options: HomeOptions): Promise<Home> {
  const { directory, settings, storage, clock, log } = options;
  const paths = homePaths(directory);
  const newId = idMaker(clock);
  const lists = new Lists({ directory: paths.lists, storage, clock, log });
  const open = options.isDaemon ? openJournaledQueue : openSqliteQueue;
  const queue = await open({ storage, directory: paths.queue, clock, isBusy: options.isBusy });
  // Read at each use: the daemon may take new limits over.
  const limits = {
    get perAction(): number {
      return settings.mailsPerActionAndDay;
    },
    get perAddress(): number {
      return settings.mailsPerAddressAndDay;
    },
  };
  const allowances = sqliteAllowances(storage, paths.server, limits);
  const suppressions = sqliteSuppressions(storage, paths.server, 'server');
  const notes = serverNotes(storage, paths.server);
  const sts = stsCache(storage, paths.server);
  const close = (): Promise<void> => storage.close();
  return { directory, paths, settings, lists, queue, allowances, notes, sts, suppressions, clock, newId, close };
}

/** The settings of a home that says nothing. */
export function initialSettings(given: Readonly<Record<string, unknown>> = {}): ServerSettings {
  return withInitial(serverSettingRows, given);
}
