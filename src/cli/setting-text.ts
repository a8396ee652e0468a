import type { SettingRow } from '../lib/settings.ts';

/** The initial value of a setting as it would stand in its file. */
export function initialText(row: SettingRow): string {
  return JSON.stringify(row.initial);
}

/** What a setting may be, in words. */
export function limitText(row: SettingRow): string {
  if (row.type === 'boolean') return 'true or false';
  if (row.type === 'choice') return `one of ${row.choices.join(', ')}`;
  if (row.type === 'text') return `a text of at most ${row.most} octets`;
  if (row.type === 'texts') return `a list of texts of at most ${row.most} octets each`;
  if (row.type === 'map') return `an object of texts of at most ${row.most} octets each`;
  return `a whole number from ${row.least} to ${row.most}${row.unit ? ` (${row.unit})` : ''}`;
}
