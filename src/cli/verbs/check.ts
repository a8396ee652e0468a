import { join } from 'node:path';
import { relatedProblems, serverSettingRows } from '../../config.ts';
import { homePaths } from '../../home.ts';
import type { Lists } from '../../list/lists.ts';
import { type ListName } from '../../list/name.ts';
import { listSettingRows } from '../../list/settings.ts';
import { readSecret } from '../../lib/secrets.ts';
import type { SettingProblem, SettingRow } from '../../lib/settings.ts';
import { readSettingsFile } from '../../lib/settings-file.ts';
import { parseRoutes } from '../../smtp/next-hop.ts';
import { type Call, type Complaint, type Door, type Ending, exit, isComplaint, printJson } from '../door.ts';
import { complaintOf } from '../ending.ts';
import { readListName } from '../list-argument.ts';
import { keyProblems } from '../key-problems.ts';
import { openParts } from '../open.ts';
import { modeProblems, type Problem } from '../problem.ts';
import { resolverProblems } from '../resolver-problems.ts';

/** Reports every problem of the settings and files of a home, or of one list. */
export async function run(call: Call): Promise<Ending> {
  const { door } = call;
  const one = call.text('list');
  const { lists, close } = openParts(door);
  const names = one === undefined ? [...lists.all()] : readOne(door, one);
  if (isComplaint(names)) return names;
  let found = 0;
  try {
    for await (const problem of problemsOf(door, lists, names, one === undefined)) {
      found++;
      await printProblem(call, problem);
    }
  } finally {
    await close();
  }
  if (found > 0) {
    door.say(`${found} ${found === 1 ? 'problem' : 'problems'} found; "ezlm settings" says what a setting may be`);
    return exit.settings;
  }
  door.say(`no problem found in ${one ?? `ezlm.json and ${names.length} ${names.length === 1 ? 'list' : 'lists'}`}`);
  return exit.done;
}

function readOne(door: Door, text: string): ListName[] | Complaint {
  const name = readListName(door, text);
  return isComplaint(name) ? name : [name];
}

function printProblem(call: Call, problem: Problem): Promise<void> {
  if (call.flag('json')) return printJson(call.door, { ...problem });
  return call.door.print(
    problem.line > 0 ? `${problem.file}:${problem.line}: ${problem.text}\n` : `${problem.file}: ${problem.text}\n`,
  );
}

async function* problemsOf(
  door: Door,
  lists: Lists,
  names: readonly ListName[],
  isWhole: boolean,
): AsyncGenerator<Problem> {
  if (isWhole) yield* serverProblems(door);
  for (const name of names) yield* listProblems(lists, name);
}

async function* serverProblems(door: Door): AsyncGenerator<Problem> {
  const { settings, queue, secrets, keys } = homePaths(door.home);
  const read = await readSettingsFile(serverSettingRows, settings);
  if (!read) yield { file: settings, line: 0, text: 'is not there; "ezlm init --domain lists.example.org" makes one' };
  else {
    for (const problem of read.problems) yield withFile(settings, problem);
    for (const text of relatedProblems(read.values)) yield { file: settings, line: 0, text };
    yield* secretProblems(secrets, read.values.routes);
    yield* resolverProblems(settings, read.values.dnssecResolver);
    yield* keyProblems(door, keys, read.values.domains);
  }
  yield* modeProblems(queue, 0o077, "is open to others; queued mail is nobody else's business: chmod 700");
}

// A password that cannot be read holds back all mail of its route.
async function* secretProblems(directory: string, routes: Readonly<Record<string, string>>): AsyncGenerator<Problem> {
  const names = new Set([...parseRoutes(routes).values()].flatMap(({ login }) => (login ? [login.secret] : [])));
  for (const name of names) {
    const file = join(directory, name);
    const secret = await readSecret(file);
    if (typeof secret !== 'string') yield { file, line: 0, text: `the password of a route ${secret.trouble}` };
  }
}

async function* listProblems(lists: Lists, name: ListName): AsyncGenerator<Problem> {
  const directory = lists.directoryOf(name);
  const path = join(directory, 'list.json');
  const read = await readSettingsFile(listSettingRows as readonly SettingRow[], path);
  if (!read) {
    yield { file: path, line: 0, text: `is not there; "ezlm make ${name.address}" makes the list` };
    return;
  }
  for (const problem of read.problems) yield withFile(path, problem);
  yield* modeProblems(
    join(directory, 'key'),
    0o077,
    'may be read by others, who can then forge confirmations: chmod 600',
  );
  yield* databaseProblems(lists, name, directory);
}

function withFile(file: string, problem: SettingProblem): Problem {
  return { file, line: problem.line, text: problem.name === '' ? problem.text : `${problem.name}: ${problem.text}` };
}

async function* databaseProblems(lists: Lists, name: ListName, directory: string): AsyncGenerator<Problem> {
  try {
    await lists.open(name).store.lastPost();
  } catch (error) {
    const { what, next } = complaintOf(error);
    yield { file: join(directory, 'list.db'), line: 0, text: `${what}: ${next}` };
  }
}
