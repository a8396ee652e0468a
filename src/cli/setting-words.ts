import { checkSetting, settingFromText, type SettingRow } from '../lib/settings.ts';
import { type Complaint, complaint, exit } from './door.ts';

/** Reads `name=value` words into values for a table of settings; every wrong word is named in the complaint. */
export function readSettingWords(
  rows: readonly SettingRow[],
  words: readonly string[],
): Readonly<Record<string, unknown>> | Complaint {
  const values: Record<string, unknown> = Object.create(null);
  const wrong: string[] = [];
  for (const word of words) {
    const at = word.indexOf('=');
    const name = at < 0 ? word : word.slice(0, at);
    const row = rows.find((candidate) => candidate.name === name);
    const value = row && at > 0 ? settingFromText(row, word.slice(at + 1)) : undefined;
    const text = problemOf(row, at, value);
    if (text === undefined) values[name] = value;
    else wrong.push(`${name}: ${text}`);
  }
  if (wrong.length === 0) return values;
  return complaint(exit.usage, wrong.join('; '), '"ezlm settings" shows all settings and what they may be');
}

function problemOf(row: SettingRow | undefined, equals: number, value: unknown): string | undefined {
  if (equals < 1) return 'must be written as name=value';
  return row ? checkSetting(row, value) : 'there is no such setting';
}
