import { join } from 'node:path';
import { type ServerSettings, serverSettingRows } from '../../config.ts';
import { checkSetting, settingFromText } from '../../lib/settings.ts';
import { type Call, type Complaint, complaint, type Ending, exit, isComplaint } from '../door.ts';
import { readHome } from '../open.ts';

/** Runs the daemon until a signal stops it. */
export async function run(call: Call): Promise<Ending> {
  const { door } = call;
  const overrides = readOverrides(call);
  if (isComplaint(overrides)) return overrides;
  const role = call.text('role') ?? 'all';
  if (role !== 'all') {
    return complaint(
      exit.unavailable,
      `--role ${role} is not offered yet: all parts run in one process`,
      'run "ezlm serve" without --role',
    );
  }
  const tourOnly = call.flag('tour-only');
  if (tourOnly && !call.flag('sandbox'))
    return complaint(exit.usage, '--tour-only is for a sandbox', 'run "ezlm serve --sandbox --tour-only"');
  // Looked at before the daemon is loaded: a wrong directory must be told at once.
  const settings = call.flag('sandbox') ? undefined : await readHome(door);
  if (isComplaint(settings)) return settings;
  const { serve } = await import('../../serve.ts');
  let printed = Promise.resolve();
  const code = await serve({
    home: call.flag('sandbox') && call.text('home') === undefined ? join(door.currentDirectory, 'sandbox') : door.home,
    isSandbox: call.flag('sandbox'),
    tourOnly,
    overrides,
    print: (line) => {
      printed = printed.then(() => door.print(`${line}\n`)).catch(() => {});
    },
    complain: (line) => door.say(line),
  });
  await printed;
  return code;
}

function readOverrides(call: Call): Partial<ServerSettings> | Complaint {
  const wanted = {
    smtp: call.texts('smtp').join(','),
    lmtp: call.texts('lmtp').join(','),
    routes: call.texts('route').join(','),
  };
  const overrides: Record<string, unknown> = {};
  for (const [name, text] of Object.entries(wanted)) {
    if (text === '') continue;
    const row = serverSettingRows.find((candidate) => candidate.name === name)!;
    const value = settingFromText(row, text);
    const wrong = checkSetting(row, value);
    const option = name === 'routes' ? '--route' : `--${name}`;
    if (wrong !== undefined) return complaint(exit.usage, `${option}: ${wrong}`, 'see "ezlm serve --help"');
    overrides[name] = value;
  }
  return overrides;
}
