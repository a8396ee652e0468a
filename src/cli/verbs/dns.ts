import { type DomainKeys, ensureKeys, type KeyAlgorithm, readKeys, rotateKeys } from '../../domain/signing-keys.ts';
import { homePaths } from '../../home.ts';
import { parseDomain } from '../../mail/address.ts';
import { printRecords, recordsFor } from '../dns-records.ts';
import { type Call, type Complaint, complaint, type Ending, exit, isComplaint } from '../door.ts';
import { recordFault } from '../key-problems.ts';
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
  if (isComplaint(keys)) return keys;
  if (keys.problems.length > 0)
    return complaint(exit.settings, keys.problems.join('; '), 'correct or remove the file; it must hold a key in PEM');
  await printRecords(call, recordsFor(domain, settings.hostname || domain, [...keys.current, ...keys.spare]));
  for (const { selector } of keys.current) call.door.say(`${selector} signs`);
  for (const { selector } of keys.spare) call.door.say(`${selector} is spare: publish it before "ezlm dns --rotate"`);
  if (keys.current.length === 0) call.door.say('nothing is signed yet: "ezlm dns --make-keys" makes the keys');
  return exit.done;
}

async function keysFor(call: Call, domain: string): Promise<DomainKeys | Complaint> {
  const { keys } = homePaths(call.door.home);
  const algorithm = call.text('algorithm') as KeyAlgorithm | undefined;
  const now = call.door.clock.now();
  const known = await readKeys(keys, domain);
  if (call.flag('rotate')) {
    const problem = await rotationProblem(call, known);
    if (problem || call.flag('dry-run')) return problem ?? known;
    return rotateKeys(keys, domain, algorithm, now);
  }
  if (!call.flag('make-keys') || call.flag('dry-run')) return known;
  return ensureKeys(keys, domain, algorithm ?? 'rsa', now);
}

// What a key signs whose record is not there fails everywhere.
async function rotationProblem(call: Call, { spare }: DomainKeys): Promise<Complaint | undefined> {
  if (spare.length === 0) {
    const next = 'make one by "ezlm dns --make-keys", publish its record, and rotate some days later';
    return complaint(exit.noInput, 'there is no spare key to sign with', next);
  }
  const faults = call.flag('force') ? [] : await Promise.all(spare.map((key) => recordFault(call.door, key)));
  const fault = faults.find((one) => one !== undefined);
  return fault === undefined
    ? undefined
    : complaint(exit.tryAgain, fault, 'nothing was changed; --force rotates all the same');
}
