import { randomBytes } from 'node:crypto';
import { rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Clock } from '../lib/clock.ts';
import { ensureDirectory, syncDirectory, writeDurable } from '../lib/files.ts';
import { checkSetting } from '../lib/settings.ts';
import { failed, permanent, type Result, success } from '../mail/failure.ts';
import { parseTail } from './grammar.ts';
import { writeNewKey } from './keys.ts';
import type { Lists } from './lists.ts';
import { isReservedLocal, listNameOctetsMost, type ListName, parseListName } from './name.ts';
import { listSettingRows } from './settings.ts';

export interface NewList {
  readonly lists: Lists;
  /** `news@lists.example.org`. */
  readonly address: string;
  /** Settings that differ from the initial ones. */
  readonly settings: Readonly<Record<string, unknown>>;
  readonly clock: Clock;
}

/**
 * Makes a list directory whole or not at all: built under another name, then renamed. Refused with a permanent failure: a bad,
 * reserved or taken name, one that another list's commands would shadow, and wrong settings.
 */
export async function makeList(wanted: NewList): Promise<Result<ListName>> {
  const checked = checkNewList(wanted);
  if (!checked.ok) return checked;
  const directory = wanted.lists.directoryOf(checked.value);
  const building = join(dirname(directory), `.new-${randomBytes(6).toString('hex')}`);
  try {
    await buildDirectory(building, wanted);
    await rename(building, directory);
    for (const path of [dirname(directory), wanted.lists.directory]) await syncDirectory(path);
  } catch (error) {
    await rm(building, { recursive: true, force: true });
    if (!isTaken(error)) throw error;
    return failed(permanent('5.3.5', `${directory} is there already, and it is no new list`));
  }
  return checked;
}

function isTaken(error: unknown): boolean {
  return ['ENOTEMPTY', 'EEXIST', 'ENOTDIR'].includes((error as NodeJS.ErrnoException).code ?? '');
}

/** Whether a list can be made, without making it. */
export function checkNewList({ lists, address, settings }: Omit<NewList, 'clock'>): Result<ListName> {
  const name = parseListName(address);
  const wrong = name ? (refusal(name, lists) ?? wrongSetting(settings)) : nameRule(address);
  return wrong === undefined ? success(name!) : failed(permanent('5.3.5', wrong));
}

async function buildDirectory(directory: string, { lists, settings, clock }: NewList): Promise<void> {
  await ensureDirectory(directory, 0o750);
  await ensureDirectory(join(directory, 'archive'));
  await ensureDirectory(join(directory, 'text'));
  await writeNewKey(join(directory, 'key'), clock.now());
  await writeDurable(join(directory, 'list.json'), `${JSON.stringify(settings, undefined, 2)}\n`);
  const { store, close } = lists.newStore(directory);
  try {
    await store.keepSettings(JSON.stringify(settings));
  } finally {
    await close();
  }
}

function nameRule(address: string): string {
  return `"${address}" cannot be a list: its name has letters a-z, digits and single . _ - between them, at most ${listNameOctetsMost}, and a domain follows the @`;
}

function refusal(name: ListName, lists: Lists): string | undefined {
  if (isReservedLocal(name.name)) return `${name.name} is reserved in every domain`;
  if (lists.find(name.name, name.domain)) return `${name.address} is there already; edit it with -+ or -e`;
  const twin = lists.byId(name.id, name.domain);
  if (twin) return `${name.address} would have the same short id as ${twin.address}; choose another name`;
  return shadowed(name, lists) ?? shadowing(name, lists);
}

// `news-owner` beside `news`: mail to the owner of news would reach the new list.
function shadowed(name: ListName, lists: Lists): string | undefined {
  for (let dash = name.name.indexOf('-'); dash > 0; dash = name.name.indexOf('-', dash + 1)) {
    const other = lists.find(name.name.slice(0, dash), name.domain);
    if (other && isCommand(name.name.slice(dash + 1)))
      return `${name.address} is a command address of the list ${other.address}`;
  }
  return undefined;
}

// The same the other way round: a new `news` where `news-owner` is a list.
function shadowing(name: ListName, lists: Lists): string | undefined {
  for (const other of lists.startingWith(`${name.name}-`, name.domain)) {
    if (isCommand(other.name.slice(name.name.length + 1))) {
      return `the list ${other.address} has the name of a command address of ${name.address}`;
    }
  }
  return undefined;
}

// Every unknown word is `help` to the grammar, and so is a token without an address; only what it knows can be shadowed.
function isCommand(text: string): boolean {
  const tail = parseTail(text);
  if (tail.kind !== 'command' || tail.word !== 'help') return true;
  return /^(?:(?:digest|allow|deny)-)?(?:help(?:-|$)|[sutrvw]c\.)/.test(text);
}

function wrongSetting(settings: Readonly<Record<string, unknown>>): string | undefined {
  for (const [name, value] of Object.entries(settings)) {
    const row = listSettingRows.find((candidate) => candidate.name === name);
    const wrong = row ? checkSetting(row, value) : 'there is no such setting';
    if (wrong !== undefined) return `${name}: ${wrong}`;
  }
  return undefined;
}
