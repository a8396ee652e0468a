import { existsSync, realpathSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import type { List } from '../list/list.ts';
import { type ListName, parseListName } from '../list/name.ts';
import type { Lists } from '../list/lists.ts';
import { type Complaint, complaint, type Door, exit, isComplaint } from './door.ts';

/** Where the list directories of a home are. */
export function listsDirectory(home: string): string {
  return join(home, 'lists');
}

/** Reads a LIST argument, an address or a directory, into the list's name; the list need not exist. */
export function readListName(door: Pick<Door, 'home' | 'currentDirectory'>, text: string): ListName | Complaint {
  if (text.includes('@') && !text.includes('/')) return parseListName(text) ?? notAListAddress(text);
  return nameOfDirectory(door.home, resolve(door.currentDirectory, text)) ?? notAListDirectory(door.home, text);
}

/** The list that a LIST argument means, when it is there. */
export function findList(door: Door, lists: Lists, text: string): List | Complaint {
  const name = readListName(door, text);
  if (isComplaint(name)) return name;
  const known = lists.find(name.name, name.domain);
  return known ? lists.open(known) : noSuchList(name);
}

/** The name of the list that a directory holds: `<home>/lists/<domain>/<name>`, links followed. */
export function nameOfDirectory(home: string, directory: string): ListName | undefined {
  const real = realOrSelf(directory);
  if (dirname(dirname(real)) !== realOrSelf(listsDirectory(home))) return undefined;
  return parseListName(`${basename(real)}@${basename(dirname(real))}`);
}

/** The home that a list directory belongs to, by its place; undefined when there is no `ezlm.json` where it should be. */
export function homeOf(directory: string): string | undefined {
  const lists = dirname(dirname(realOrSelf(directory)));
  const home = dirname(lists);
  return basename(lists) === 'lists' && existsSync(join(home, 'ezlm.json')) ? home : undefined;
}

function realOrSelf(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return path;
  }
}

function notAListAddress(text: string): Complaint {
  return complaint(
    exit.usage,
    `"${text}" cannot be a list's address`,
    'a list name has lower-case letters, digits and single . _ - between them, at most 40, like news@lists.example.org',
  );
}

function notAListDirectory(home: string, text: string): Complaint {
  return complaint(
    exit.usage,
    `"${text}" is neither an address nor a list directory of this home`,
    `write news@lists.example.org or ${join(listsDirectory(home), 'lists.example.org', 'news')}, or choose another --home`,
  );
}

function noSuchList(name: ListName): Complaint {
  return complaint(
    exit.noInput,
    `there is no list ${name.address} in this home`,
    `make it with "ezlm make ${name.address}", or choose another --home`,
  );
}
