import { join } from 'node:path';
import type { ServerSettings } from '../../config.ts';
import { problemText } from '../../lib/settings.ts';
import { changeSettingsFile, readSettingsFile } from '../../lib/settings-file.ts';
import type { Lists } from '../../list/lists.ts';
import { checkNewList, makeList } from '../../list/make.ts';
import type { LetterRow } from '../../list/letters.ts';
import { isReservedLocal, type ListName } from '../../list/name.ts';
import { listSettingRows } from '../../list/settings.ts';
import { type Call, type Complaint, complaint, type Ending, exit, isComplaint, printJson } from '../door.ts';
import { changesByLetters, type LettersGiven, readLetterWord } from '../letter-word.ts';
import { readListName } from '../list-argument.ts';
import { tellDaemon, withLists } from '../open.ts';
import { readSettingWords } from '../setting-words.ts';

/** What the command line asks for. */
interface Wanted {
  readonly letters: LettersGiven;
  readonly settings: Readonly<Record<string, unknown>>;
}

/** Makes a list, or edits the settings of one that is there (-e, -+). */
export function run(call: Call): Promise<Ending> {
  const wanted = readWanted(call);
  if (isComplaint(wanted)) return Promise.resolve(wanted);
  return withLists(call.door, async (lists, server) => {
    const name = readListName(call.door, call.text('list') ?? '');
    if (isComplaint(name)) return name;
    return wanted.letters.edit === 'none' ? make(call, lists, name, wanted, server) : edit(call, lists, name, wanted);
  });
}

function readWanted(call: Call): Wanted | Complaint {
  const letters = readLetterWord(call.text('letters') ?? '');
  if (isComplaint(letters)) return letters;
  const owner = call.text('owner');
  const settings = readSettingWords(listSettingRows, [
    ...(owner === undefined ? [] : [`owner=${owner}`]),
    ...call.texts('settings'),
  ]);
  return isComplaint(settings) ? settings : { letters, settings };
}

async function make(call: Call, lists: Lists, name: ListName, wanted: Wanted, server: ServerSettings): Promise<Ending> {
  if (!server.domains.includes(name.domain)) {
    return complaint(
      exit.settings,
      `${name.domain} is none of the domains of ezlm.json: no mail for it is taken in`,
      `add it to "domains" there (now: ${server.domains.join(', ') || 'none'})`,
    );
  }
  const byLetters = changesByLetters(wanted.letters, name.name, {});
  const settings = onlyGiven({ ...byLetters.settings, ...wanted.settings });
  const checked = checkNewList({ lists, address: name.address, settings });
  if (!checked.ok) {
    const code = isReservedLocal(name.name) ? exit.usage : exit.cannotCreate;
    return complaint(code, checked.failure.text, 'choose another name, or look at "ezlm make --help"');
  }
  if (!call.flag('dry-run')) {
    const made = await makeList({ lists, address: name.address, settings, clock: call.door.clock });
    if (!made.ok) return complaint(exit.cannotCreate, made.failure.text, 'look at "ezlm make --help"');
    // The database is made now, by whose user the list is, and not by whoever looks first.
    await lists.open(name).store.count('subscriber');
    await tellDaemon(call.door);
  }
  return report(call, lists, name, byLetters.notActive, 'made');
}

async function edit(call: Call, lists: Lists, name: ListName, wanted: Wanted): Promise<Ending> {
  if (!lists.find(name.name, name.domain)) {
    return complaint(
      exit.noInput,
      `there is no list ${name.address} to edit`,
      'make it by the same words without -e and -+',
    );
  }
  const path = join(lists.directoryOf(name), 'list.json');
  const before = await readSettingsFile(listSettingRows, path);
  if (before && before.problems.length > 0) {
    const what = before.problems.map((problem) => problemText(path, problem)).join('\n');
    return complaint(exit.settings, what, 'correct the file first; nothing was changed');
  }
  const byLetters = changesByLetters(wanted.letters, name.name, before?.given ?? {});
  const changes = { ...byLetters.settings, ...wanted.settings };
  if (!call.flag('dry-run')) {
    const problems = await changeSettingsFile(listSettingRows, path, changes);
    if (problems.length > 0) {
      return complaint(
        exit.settings,
        problems.map((problem) => problemText(path, problem)).join('\n'),
        'nothing was changed',
      );
    }
    await tellDaemon(call.door);
  }
  return report(call, lists, name, byLetters.notActive, 'edited');
}

async function report(
  call: Call,
  lists: Lists,
  name: ListName,
  notActive: readonly LetterRow[],
  done: 'made' | 'edited',
): Promise<Ending> {
  const isDry = call.flag('dry-run');
  const directory = lists.directoryOf(name);
  for (const { letter, meaning } of notActive) call.door.say(`letter ${letter} (${meaning}): kept, but not active yet`);
  if (call.flag('json')) {
    await printJson(call.door, {
      list: name.address,
      directory,
      done,
      dryRun: isDry,
      notActive: notActive.map((row) => row.letter).join(''),
    });
  } else if (isDry) call.door.say(`${name.address} would be ${done}; nothing was changed`);
  else call.door.say(`${done} ${name.address} in ${directory}`);
  return exit.done;
}

function onlyGiven(settings: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(settings).filter(([, value]) => value !== undefined));
}
