import { Low, type Adapter } from 'lowdb';
import { readIfExists, writeDurable } from './files.ts';
import { withFileLock } from './lock.ts';
import { checkSetting, readSettings, type ReadSettings, type SettingProblem, type SettingRow } from './settings.ts';

/**
 * A settings file (JSON, edited by hand too) behind lowdb. lowdb's own file adapter writes through one fixed temporary
 * name without fsync; this one writes durably, and a change is made under a lock on what the file says at that moment.
 */
class DurableJson implements Adapter<string> {
  readonly #path: string;

  constructor(path: string) {
    this.#path = path;
  }

  async read(): Promise<string | null> {
    return (await readIfExists(this.#path))?.toString('utf8') ?? null;
  }

  async write(text: string): Promise<void> {
    await writeDurable(this.#path, text);
  }
}

/** Reads a settings file; undefined when there is none. */
export async function readSettingsFile<const Rows extends readonly SettingRow[]>(
  rows: Rows,
  path: string,
): Promise<ReadSettings<Rows> | undefined> {
  const file = new Low<string>(new DurableJson(path), '');
  await file.read();
  return file.data === '' ? undefined : readSettings(rows, file.data);
}

/**
 * Changes some settings of a file, creating it when it is not there: lock, re-read, change, check, write.
 * `undefined` as a value takes a setting out. Nothing is written when the file or a new value has a problem.
 */
export async function changeSettingsFile(
  rows: readonly SettingRow[],
  path: string,
  changes: Readonly<Record<string, unknown>>,
): Promise<readonly SettingProblem[]> {
  return withFileLock(`${path}.lock`, async () => {
    const file = new Low<string>(new DurableJson(path), '');
    await file.read();
    const before = readSettings(rows, file.data === '' ? '{}' : file.data);
    const problems = [...before.problems, ...checkChanges(rows, changes)];
    if (problems.length > 0) return problems;
    const after = Object.fromEntries(
      Object.entries({ ...before.given, ...changes }).filter(([, value]) => value !== undefined),
    );
    file.data = `${JSON.stringify(after, undefined, 2)}\n`;
    await file.write();
    return [];
  });
}

function checkChanges(rows: readonly SettingRow[], changes: Readonly<Record<string, unknown>>): SettingProblem[] {
  return Object.entries(changes).flatMap(([name, value]) => {
    if (value === undefined) return [];
    const row = rows.find((candidate) => candidate.name === name);
    const text = row ? checkSetting(row, value) : 'there is no such setting';
    return text === undefined ? [] : [{ line: 0, name, text }];
  });
}
