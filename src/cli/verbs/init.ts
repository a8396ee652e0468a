import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { serverSettingRows } from '../../config.ts';
import { homePaths } from '../../home.ts';
import { changeTime } from '../../lib/files.ts';
import { problemText, withInitial } from '../../lib/settings.ts';
import { changeSettingsFile } from '../../lib/settings-file.ts';
import { parseDomain } from '../../mail/address.ts';
import { type Call, complaint, type Ending, exit, isComplaint, printJson } from '../door.ts';
import { readSettingWords } from '../setting-words.ts';

interface DnsRecord {
  readonly name: string;
  readonly type: 'MX' | 'TXT';
  readonly value: string;
}

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
  await printRecords(call, recordsFor(domain, hostname || domain));
  door.say(
    call.flag('dry-run') ? `would make the home ${door.home}; nothing was changed` : `made the home ${door.home}`,
  );
  door.say(`next: publish the records, then "ezlm make news@${domain} --owner YOU" and "ezlm serve"`);
  return exit.done;
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
  for (const directory of [paths.queue, join(home, 'keys')]) await mkdir(directory, { recursive: true, mode: 0o700 });
}

/** What receivers look up (RFC 5321 §5.1, RFC 7208 §3, RFC 9989); p=none because nothing is signed yet. */
function recordsFor(domain: string, hostname: string): DnsRecord[] {
  return [
    { name: domain, type: 'MX', value: `10 ${hostname}.` },
    { name: domain, type: 'TXT', value: '"v=spf1 mx -all"' },
    { name: `_dmarc.${domain}`, type: 'TXT', value: `"v=DMARC1; p=none; rua=mailto:postmaster@${domain}"` },
  ];
}

async function printRecords(call: Call, records: readonly DnsRecord[]): Promise<void> {
  if (call.flag('json')) {
    for (const record of records) await printJson(call.door, { ...record });
    return;
  }
  const width = Math.max(...records.map((record) => record.name.length)) + 1;
  for (const { name, type, value } of records) {
    await call.door.print(`${`${name}.`.padEnd(width)} IN ${type.padEnd(3)} ${value}\n`);
  }
  const host = records[0]!.value.split(' ')[1]!;
  await call.door.print(
    `; ${host} needs A or AAAA records with this server's addresses, and their reverse (PTR) records must name it\n`,
  );
}
