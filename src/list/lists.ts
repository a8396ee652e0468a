import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { Clock } from '../lib/clock.ts';
import { safeName } from '../lib/files.ts';
import { problemText, type ReadSettings, readSettings, withInitial } from '../lib/settings.ts';
import { readSettingsFile } from '../lib/settings-file.ts';
import type { Storage } from '../lib/storage.ts';
import { StorageError } from '../lib/storage-trouble.ts';
import type { Log } from '../log.ts';
import { fileArchive } from './archive.ts';
import { readKeys } from './keys.ts';
import { freshMs, KnownNames, settledMs } from './known-names.ts';
import type { Keys, List } from './list.ts';
import { isReservedLocal, type ListName, parseListName } from './name.ts';
import { type ListSettings, listSettingRows } from './settings.ts';
import { sqliteList } from './sqlite-list.ts';
import type { ListStore } from './store.ts';
import { sqliteSuppressions } from './suppressions.ts';

export interface ListsOptions {
  /** `lists/` of the home. */
  readonly directory: string;
  readonly storage: Storage;
  readonly clock: Clock;
  readonly log: Log;
}

/** How many lists' light objects (settings, keys) are kept; their databases have a limit of their own. */
const keptMost = 1_000;

/** All lists of a home. A list is there when `<domain>/<name>/list.json` is: no index, so none can be out of date. */
export class Lists {
  readonly #options: ListsOptions;
  readonly #kept = new Map<string, List>();
  readonly #names: KnownNames;
  readonly #found = new Map<string, { readonly name: ListName; readonly at: number }>();
  readonly #ids = new Map<string, { seen: number; isSettled: boolean; byId: Map<string, ListName> }>();

  constructor(options: ListsOptions) {
    this.#options = options;
    this.#names = new KnownNames(options.directory, options.clock);
  }

  /** Where the lists are: `lists/` of the home. */
  get directory(): string {
    return this.#options.directory;
  }

  /** A store that is being made in another directory; `close` before the directory gets its name. */
  newStore(directory: string): { store: ListStore; close: () => Promise<void> } {
    const file = join(directory, 'list.db');
    const { storage } = this.#options;
    return { store: sqliteList(storage, file), close: () => storage.close(file) };
  }

  /** The directory of a list, there or not. */
  directoryOf(name: ListName): string {
    return join(this.#options.directory, safeName(name.domain), safeName(name.name));
  }

  /** The list of this name; what the file system says is asked again after 5 ms. */
  find(name: string, domain: string): ListName | undefined {
    const lower = name.toLowerCase();
    if (!this.#names.has(lower, domain) || isReservedLocal(lower)) return undefined;
    const address = `${lower}@${domain}`;
    const known = this.#found.get(address);
    const now = this.#options.clock.now();
    if (known && Math.abs(now - known.at) < freshMs) return known.name;
    const parsed = known?.name ?? parseListName(address);
    if (!parsed || !isThere(this.#settingsPath(parsed))) return undefined;
    if (this.#found.size >= keptMost) this.#found.clear();
    this.#found.set(address, { name: parsed, at: now });
    return parsed;
  }

  /** The list whose address has this id; the ids of a domain are made anew when its directory has changed. */
  byId(id: string, domain: string): ListName | undefined {
    const found = this.#idsOf(domain)?.get(id);
    return found && this.find(found.name, found.domain);
  }

  /** Every list, by domain and name; opens no database. */
  *all(): Generator<ListName> {
    for (const domain of namesIn(this.#options.directory)) yield* this.#inDomain(domain);
  }

  /** The lists of a domain whose names begin so. */
  startingWith(beginning: string, domain: string): ListName[] {
    return namesIn(join(this.#options.directory, safeName(domain)))
      .filter((name) => name.startsWith(beginning))
      .flatMap((name) => this.find(name, domain) ?? []);
  }

  open(name: ListName): List {
    const known = this.#kept.get(name.address);
    if (known) return known;
    this.#names.forget(name.domain);
    const opened = new DirectoryList(name, this.directoryOf(name), this.#options);
    this.#kept.set(name.address, opened);
    if (this.#kept.size > keptMost) this.#kept.delete(this.#kept.keys().next().value!);
    return opened;
  }

  *#inDomain(domain: string): Generator<ListName> {
    for (const name of namesIn(join(this.#options.directory, domain))) {
      const list = this.find(name, domain);
      if (list) yield list;
    }
  }

  #idsOf(domain: string): Map<string, ListName> | undefined {
    const changed = statSync(join(this.#options.directory, safeName(domain)), { throwIfNoEntry: false })?.mtimeMs;
    if (changed === undefined) return undefined;
    const known = this.#ids.get(domain);
    if (known?.seen === changed && known.isSettled) return known.byId;
    const isSettled = this.#options.clock.now() - changed > settledMs;
    const byId = new Map([...this.#inDomain(safeName(domain))].map((list) => [list.id, list]));
    this.#ids.set(domain, { seen: changed, isSettled, byId });
    return byId;
  }

  #settingsPath(name: ListName): string {
    return join(this.directoryOf(name), 'list.json');
  }
}

class DirectoryList implements List {
  readonly name: ListName;
  readonly directory: string;
  readonly store;
  readonly archive;
  readonly suppressions;
  readonly #log: Log;
  #settings: { mark: string; values: ListSettings } | undefined;
  readonly #clock: Clock;
  readonly #keyPath: string;
  #keys: { mark: string; keys: Keys } | undefined;
  #keyMark: { readonly mark: string; readonly at: number } | undefined;

  constructor(name: ListName, directory: string, { storage, clock, log }: ListsOptions) {
    this.name = name;
    this.directory = directory;
    this.#clock = clock;
    this.#log = log;
    this.#keyPath = join(directory, 'key');
    this.store = sqliteList(storage, join(directory, 'list.db'));
    this.suppressions = sqliteSuppressions(storage, join(directory, 'list.db'), 'list');
    this.archive = fileArchive(join(directory, 'archive'));
  }

  async settings(): Promise<ListSettings> {
    const path = join(this.directory, 'list.json');
    const mark = markOf(path);
    if (this.#settings?.mark === mark) return this.#settings.values;
    const values = await this.#readSettings(path);
    this.#settings = { mark, values };
    return values;
  }

  async keys(): Promise<Keys> {
    const mark = this.#markOfKey();
    if (this.#keys?.mark === mark) return this.#keys.keys;
    const read = await readKeys(this.#keyPath, this.name.address);
    // Nothing can be proved or signed without it; whoever asked tries again later, the operator sees why.
    if (!read.ok) throw new StorageError({ kind: 'missing', message: read.failure.cause ?? read.failure.text });
    this.#keys = { mark, keys: read.value };
    return read.value;
  }

  // A flood of bounces asks with each of them, and a look at the file costs 5 µs.
  #markOfKey(): string {
    const now = this.#clock.now();
    if (!this.#keyMark || Math.abs(now - this.#keyMark.at) >= freshMs)
      this.#keyMark = { mark: markOf(this.#keyPath), at: now };
    return this.#keyMark.mark;
  }

  // In a directory that cannot be written the list still works by its file.
  async #keep(read: ReadSettings<typeof listSettingRows>): Promise<void> {
    const text = JSON.stringify(read.given);
    try {
      if ((await this.store.lastGoodSettings()) !== text) await this.store.keepSettings(text);
    } catch (error) {
      this.#log('storage.trouble', { list: this.name.address, doing: 'keeping the settings', cause: String(error) });
    }
  }

  // A file with a mistake changes nothing: the settings that were last read without one go on.
  async #readSettings(path: string): Promise<ListSettings> {
    const read = await readSettingsFile(listSettingRows, path);
    if (read && read.problems.length === 0) {
      await this.#keep(read);
      return read.values;
    }
    for (const problem of read?.problems ?? []) {
      this.#log('settings.problem', { list: this.name.address, problem: problemText(path, problem) });
    }
    if (!read) this.#log('settings.problem', { list: this.name.address, problem: `${path} is missing or empty` });
    const lastGood = await this.store.lastGoodSettings();
    return lastGood === undefined
      ? (read?.values ?? withInitial(listSettingRows, {}))
      : readSettings(listSettingRows, lastGood).values;
  }
}

// Here, not on a thread of libuv: the way there and back takes ten times as long as the look (measured).
function markOf(path: string): string {
  try {
    const { mtimeMs, size, ino } = statSync(path);
    return `${mtimeMs} ${size} ${ino}`;
  } catch {
    return 'missing';
  }
}

function isThere(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isFile() ?? false;
}

function namesIn(directory: string): string[] {
  try {
    return readdirSync(directory, { withFileTypes: true })
      .filter((one) => (one.isDirectory() || one.isSymbolicLink()) && !one.name.startsWith('.'))
      .map((one) => one.name)
      .toSorted();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}
