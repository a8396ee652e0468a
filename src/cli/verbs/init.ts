import { mkdir } from 'node:fs/promises';
import { serverSettingRows } from '../../config.ts';
import { ensureKeys } from '../../domain/signing-keys.ts';
import { homePaths } from '../../home.ts';
import { changeTime } from '../../lib/files.ts';
import { problemText, withInitial } from '../../lib/settings.ts';
import { changeSettingsFile } from '../../lib/settings-file.ts';
import { parseDomain } from '../../mail/address.ts';
import type { SigningKey } from '../../mail/dkim.ts';
import { printRecords, recordsFor } from '../dns-records.ts';
import { type Call, complaint, type Ending, exit, isComplaint } from '../door.ts';
import { readSettingWords } from '../setting-words.ts';

/** Makes a home and prints the DNS records to publish; an existing home is left as it is. */
export async function run(call: Call): Promise<Ending> {
  const { door } = call;
  const domain = readDomain(call.text('domain'));
  if (domain === undefined) {
    return complaint(
      exit.usage,
      'the domain of the lists is missing or cannot be one',
      'give it as --domain lists.example.org',
    );
  }
  const given = readSettingWords(serverSettingRows, call.texts('settings'));
  if (isComplaint(given)) return given;
  const { settings } = homePaths(door.home);
  if ((await changeTime(settings)) !== undefined) {
    return complaint(
      exit.cannotCreate,
      `${settings} is there already; nothing was changed`,
      'edit that file, then run "ezlm check"',
    );
  }
  if (!call.flag('dry-run')) {
    await makeDirectories(door.home);
    const problems = await changeSettingsFile(serverSettingRows, settings, { domains: [domain], ...given });
    if (problems.length > 0) {
      return complaint(
        exit.settings,
        problems.map((problem) => problemText(settings, problem)).join('; '),
        'correct the settings given',
      );
    }
  }
  const { hostname } = withInitial(serverSettingRows, given);
  const signing = call.flag('dry-run') ? [] : await newKeys(call, domain);
  await printRecords(call, recordsFor(domain, hostname || domain, signing));
  door.say(
    call.flag('dry-run') ? `would make the home ${door.home}; nothing was changed` : `made the home ${door.home}`,
  );
  door.say(`next: publish the records, then "ezlm make news@${domain} --owner YOU" and "ezlm serve"`);
  return exit.done;
}

// One that signs at once, and one whose record is known to receivers when its turn comes.
async function newKeys({ door }: Call, domain: string): Promise<SigningKey[]> {
  const { current, spare } = await ensureKeys(homePaths(door.home).keys, domain, 'rsa', door.clock.now());
  return [...current, ...spare];
}

function readDomain(text: string | undefined): string | undefined {
  const domain = parseDomain(text ?? '');
  return domain?.startsWith('[') ? undefined : domain;
}

// Members' addresses and the signing keys are nobody else's business; the group may look at lists and mailboxes.
async function makeDirectories(home: string): Promise<void> {
  const paths = homePaths(home);
  await mkdir(home, { recursive: true, mode: 0o750 });
  for (const directory of [paths.lists, paths.domains]) await mkdir(directory, { recursive: true, mode: 0o750 });
  for (const directory of [paths.queue, paths.keys]) await mkdir(directory, { recursive: true, mode: 0o700 });
}
