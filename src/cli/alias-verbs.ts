import { symlink } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { lstatSync } from 'node:fs';
import { type Given, callOf } from './call.ts';
import { type Complaint, complaint, type Door, type Ending, exit, isComplaint, type VerbModule } from './door.ts';
import { isRole } from './input.ts';
import { listsDirectory, nameOfDirectory } from './list-argument.ts';
import { verbNamed } from './table.ts';

/** What was read from ezmlm's words: its one-letter options with their values, and the other words. */
interface AliasWords {
  readonly letters: string;
  readonly values: ReadonlyMap<string, string>;
  readonly others: readonly string[];
}

interface AliasRow {
  readonly usage: string;
  /** Letters that take the next word as their value. */
  readonly withValue: string;
  readonly known: RegExp;
  readonly run: (door: Door, words: AliasWords) => Promise<Ending>;
}

/** ezmlm's programs by name. Options that choose its SQL store or the log's detail are taken and change nothing. */
const aliases: Readonly<Record<string, AliasRow>> = {
  'ezmlm-make': {
    usage: 'ezmlm-make [-+] [-letters] DIR DOT LOCAL HOST [CODE]',
    withValue: 'C03456789',
    known: /^[A-Za-z+5]*$/,
    run: make,
  },
  'ezmlm-sub': {
    usage: 'ezmlm-sub DIR [digest|allow|deny|mod] [ADDRESS ...]',
    withValue: 'Sht',
    known: /^[mMnNvVShHt]*$/,
    run: (door, words) => change(door, words, 'sub'),
  },
  'ezmlm-unsub': {
    usage: 'ezmlm-unsub DIR [digest|allow|deny|mod] [ADDRESS ...]',
    withValue: 'Sht',
    known: /^[mMnNvVShHt]*$/,
    run: (door, words) => change(door, words, 'unsub'),
  },
  'ezmlm-list': {
    usage: 'ezmlm-list [-n] DIR [digest|allow|deny|mod]',
    withValue: 'S',
    known: /^[mMnNvVS]*$/,
    run: list,
  },
  'ezmlm-issubn': {
    usage: 'ezmlm-issubn [-nN] DIR [digest|allow|deny|mod ...] (SENDER in the environment)',
    withValue: 'S',
    known: /^[nNvVS]*$/,
    run: issub,
  },
};

/** Runs one of ezmlm's programs by the verb that does its work. */
export async function runAliasVerb(program: string, words: readonly string[], door: Door): Promise<Ending> {
  const row = Object.hasOwn(aliases, program) ? aliases[program] : undefined;
  if (!row)
    return complaint(exit.usage, `there is no program ${program}`, `there are ${Object.keys(aliases).join(', ')}`);
  const read = readWords(words, row.withValue);
  if (!row.known.test(read.letters)) {
    return complaint(
      exit.usage,
      `an option of ${words.filter((word) => word.startsWith('-')).join(' ')} is not known`,
      `usage: ${row.usage}`,
    );
  }
  if (read.others.length === 0)
    return complaint(exit.usage, 'DIR, the list directory, is missing', `usage: ${row.usage}`);
  return row.run(door, read);
}

function readWords(words: readonly string[], withValue: string): AliasWords {
  const values = new Map<string, string>();
  let letters = '';
  let at = 0;
  for (; at < words.length && /^-[^-]/.test(words[at]!); at++) {
    for (const letter of words[at]!.slice(1)) {
      letters += letter;
      if (withValue.includes(letter)) values.set(letter, words[++at] ?? '');
    }
  }
  if (words[at] === '--') at++;
  return { letters, values, others: words.slice(at) };
}

async function make(door: Door, { letters, values, others }: AliasWords): Promise<Ending> {
  const [directory = '', , local, host] = others;
  const known = nameOfDirectory(door.home, resolve(door.currentDirectory, directory));
  const address = local !== undefined && host !== undefined ? `${local}@${host}` : known?.address;
  if (address === undefined)
    return complaint(
      exit.usage,
      'LOCAL and HOST are missing',
      'usage: ezmlm-make [-+] [-letters] DIR DOT LOCAL HOST [CODE]',
    );
  const place = placeOf(door, directory, address, /[e+]/.test(letters));
  if (isComplaint(place)) return place;
  const owner = values.get('5');
  const text = letters.replaceAll('5', '');
  const given: [string, string][] = [
    ['list', address],
    ...(text === '' ? [] : [['letters', text] as [string, string]]),
  ];
  const ending = await runVerb('make', door, new Map(owner === undefined ? given : [...given, ['owner', owner]]));
  if (ending !== exit.done) return ending;
  if (others.length > 1)
    door.say('ezmlm-make: DOT is ignored: there are no dot-qmail files, mail for the domain comes in by SMTP');
  if (place.link !== undefined) await symlink(place.target, place.link);
  return ending;
}

/** Where DIR is: the list directory itself, or another name, which becomes a link so that old scripts go on working. */
function placeOf(
  door: Door,
  directory: string,
  address: string,
  isEdit: boolean,
): { target: string; link?: string } | Complaint {
  const path = resolve(door.currentDirectory, directory);
  const [local = '', host = ''] = address.split('@');
  const target = join(listsDirectory(door.home), host.toLowerCase(), local.toLowerCase());
  const known = nameOfDirectory(door.home, path);
  if (known?.address === address.toLowerCase()) return { target };
  if (known)
    return complaint(
      exit.usage,
      `${directory} is the directory of ${known.address}, not of ${address}`,
      `give ${target}, or the LOCAL and HOST that belong to it`,
    );
  if (isEdit) return complaint(exit.usage, `${directory} is no list directory of this home`, `give ${target}`);
  if (lstatSync(path, { throwIfNoEntry: false }))
    return complaint(
      exit.cannotCreate,
      `${directory} is there already`,
      'edit a list with -e or -+, or give another DIR',
    );
  return { target, link: path };
}

function change(door: Door, { letters, others }: AliasWords, verb: 'sub' | 'unsub'): Promise<Ending> {
  const [directory = '', ...rest] = others;
  const [first] = rest;
  const hasRole = first !== undefined && !first.includes('@');
  if (hasRole && first !== '.' && !isRole(first)) return noSuchRole(first);
  const role = hasRole && first !== '.' ? [first] : ['subscriber'];
  const words = hasRole ? rest.slice(1) : rest;
  // -n: addresses and names in turn.
  const addresses = letters.includes('n') ? words.filter((_, at) => at % 2 === 0) : words;
  return runVerb(
    verb,
    door,
    new Map<string, string | string[]>([
      ['list', directory],
      ['addresses', [...role, ...addresses]],
    ]),
  );
}

function list(door: Door, { letters, others }: AliasWords): Promise<Ending> {
  const [directory = '', subdirectory = '.'] = others;
  if (subdirectory !== '.' && !isRole(subdirectory)) return noSuchRole(subdirectory);
  const role = subdirectory === '.' ? 'subscriber' : subdirectory;
  return runVerb(
    'list',
    door,
    new Map<string, string | boolean>([
      ['list', directory],
      ['role', role],
      ['number', letters.includes('n')],
    ]),
  );
}

// 0 when SENDER is in one of the databases, 99 when in none; -n swaps them.
async function issub(door: Door, { letters, others }: AliasWords): Promise<Ending> {
  const [directory = '', ...subdirectories] = others;
  if (!door.sender)
    return complaint(
      exit.usage,
      'SENDER is not set',
      'ezmlm-issubn asks about the address in the environment variable SENDER',
    );
  let isMember = false;
  for (const subdirectory of subdirectories.length === 0 ? ['.'] : subdirectories) {
    if (subdirectory !== '.' && !isRole(subdirectory)) return noSuchRole(subdirectory);
    const role = subdirectory === '.' ? 'subscriber' : subdirectory;
    const ending = await runVerb(
      'issub',
      door,
      new Map([
        ['list', directory],
        ['address', door.sender],
        ['role', role],
      ]),
    );
    if (ending !== exit.done && ending !== exit.notMember) return ending;
    isMember ||= ending === exit.done;
  }
  return isMember !== letters.includes('n') ? exit.done : exit.notMember;
}

function noSuchRole(text: string): Promise<Complaint> {
  return Promise.resolve(
    complaint(
      exit.usage,
      `"${text}" is neither an address nor digest, allow, deny or mod`,
      'give "." or nothing for the subscribers',
    ),
  );
}

async function runVerb(name: string, door: Door, given: Given): Promise<Ending> {
  const { run }: VerbModule = await verbNamed(name)!.load();
  return run(callOf(given, door));
}
