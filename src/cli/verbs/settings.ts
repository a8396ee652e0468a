import { serverSettingRows } from '../../config.ts';
import type { SettingRow } from '../../lib/settings.ts';
import { listSettingRows } from '../../list/settings.ts';
import { type Call, type Ending, exit, printJson } from '../door.ts';
import { initialText, limitText } from '../setting-text.ts';

const files = {
  server: { file: 'ezlm.json', rows: serverSettingRows as readonly SettingRow[] },
  list: { file: 'list.json', rows: listSettingRows as readonly SettingRow[] },
} as const;

/** Explains every setting. */
export async function run(call: Call): Promise<Ending> {
  const which = call.text('which');
  for (const [name, { file, rows }] of Object.entries(files)) {
    if (which !== undefined && which !== name) continue;
    if (!call.flag('json')) await call.door.print(`${file}:\n`);
    for (const row of rows) {
      if (call.flag('json')) await printJson(call.door, asFields(file, row));
      else await call.door.print(asText(row));
    }
  }
  return exit.done;
}

function asText(row: SettingRow): string {
  return `  ${row.name} = ${initialText(row)}\n      ${row.meaning}\n      ${limitText(row)}${row.isLive ? '; SIGHUP takes a change over' : ''}\n`;
}

function asFields(file: string, row: SettingRow): Record<string, unknown> {
  const { name, type, initial, meaning } = row;
  const limits = 'least' in row ? { least: row.least, most: row.most } : 'most' in row ? { most: row.most } : {};
  return { file, name, type, initial, ...limits, ...('choices' in row ? { choices: row.choices } : {}), meaning };
}
