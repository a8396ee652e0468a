import { type DomainKeys, ensureKeys, type KeyAlgorithm, readKeys, rotateKeys } from '../../domain/signing-keys.ts';
import { homePaths } from '../../home.ts';
import { parseDomain } from '../../mail/address.ts';
import { printRecords, recordsFor } from '../dns-records.ts';
import { type Call, complaint, type Ending, exit, isComplaint } from '../door.ts';
import { readHome } from '../open.ts';

/** Prints the DNS records of a domain of lists; makes or changes its signing keys when that is asked for. */
export async function run(call: Call): Promise<Ending> {
  const settings = await readHome(call.door);
  if (isComplaint(settings)) return settings;
  const domain = parseDomain(call.text('domain') ?? settings.domains[0] ?? '');
  if (domain === undefined || !settings.domains.includes(domain)) {
    const known = settings.domains.join(', ');
    return complaint(exit.usage, 'this domain is none of ours', `ezlm.json has: ${known}`);
  }
  const keys = await keysFor(call, domain);
  if (keys.problems.length > 0)
    return complaint(exit.settings, keys.problems.join('; '), 'correct or remove the file; it must hold a key in PEM');
  await printRecords(call, recordsFor(domain, settings.hostname || domain, [...keys.current, ...keys.spare]));
  for (const { selector } of keys.current) call.door.say(`${selector} signs`);
  for (const { selector } of keys.spare) call.door.say(`${selector} is spare: publish it before "ezlm dns --rotate"`);
  if (keys.current.length === 0) call.door.say('nothing is signed yet: "ezlm dns --make-keys" makes the keys');
  return exit.done;
}

function keysFor(call: Call, domain: string): Promise<DomainKeys> {
  const { keys } = homePaths(call.door.home);
  const algorithm: KeyAlgorithm = call.text('algorithm') === 'ed25519' ? 'ed25519' : 'rsa';
  const now = call.door.clock.now();
  if (call.flag('dry-run')) return readKeys(keys, domain);
  if (call.flag('rotate')) return rotateKeys(keys, domain, algorithm, now);
  return call.flag('make-keys') ? ensureKeys(keys, domain, algorithm, now) : readKeys(keys, domain);
}
