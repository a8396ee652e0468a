import { generateKeyPair } from 'node:crypto';
import { readdir, readFile, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Clock } from '../lib/clock.ts';
import { ensureDirectory, safeName, syncDirectory, writeDurable } from '../lib/files.ts';
import { type SigningKey, signingKey } from '../mail/dkim.ts';

/**
 * The DKIM keys of one domain:
 *
 *   keys/<domain>/<selector>.pem        signs
 *   keys/<domain>/spare/<selector>.pem  is published and waits for its turn: receivers know it before it signs
 *   keys/<domain>/old/<selector>.pem    signs no more; its record stays until what it signed has arrived
 */
export interface DomainKeys {
  readonly current: readonly SigningKey[];
  readonly spare: readonly SigningKey[];
  /** Files that hold no key we can use, one line each. */
  readonly problems: readonly string[];
}

export type KeyAlgorithm = 'rsa' | 'ed25519';

/** How long keys are remembered: what an owner changes holds soon after. */
const keptMs = 10_000;
const keptMost = 1_000;
const suffix = '.pem';
const generate = promisify(generateKeyPair);

/** Reads the keys of a domain; a domain without keys has none. What cannot be read is a problem, never an error. */
export async function readKeys(directory: string, domain: string): Promise<DomainKeys> {
  const own = join(directory, safeName(domain));
  const current = await keysIn(own, domain);
  const spare = await keysIn(join(own, 'spare'), domain);
  return { current: current.keys, spare: spare.keys, problems: [...current.problems, ...spare.problems] };
}

/**
 * Makes a key of this kind that signs from now on and a spare one, unless the domain has such already; with keys of both kinds mail is
 * signed twice. `at` names the selectors, `ezlm20260115a`.
 */
export async function ensureKeys(
  directory: string,
  domain: string,
  algorithm: KeyAlgorithm,
  at: number,
): Promise<DomainKeys> {
  const own = join(directory, safeName(domain));
  const known = await readKeys(directory, domain);
  const make = await keyMaker(own, at);
  if (!kindsOf(known.current).has(algorithm)) await make(own, algorithm);
  if (!kindsOf(known.spare).has(algorithm)) await make(join(own, 'spare'), algorithm);
  return readKeys(directory, domain);
}

/**
 * The spare keys sign from now on, what signed is put away, and new spares are made: of the kinds that sign now, or of the one that is
 * asked for. Without a spare nothing is done: a key whose record nobody knows must not sign.
 */
export async function rotateKeys(
  directory: string,
  domain: string,
  algorithm: KeyAlgorithm | undefined,
  at: number,
): Promise<DomainKeys> {
  const own = join(directory, safeName(domain));
  const known = await readKeys(directory, domain);
  if (known.spare.length === 0) return known;
  await ensureDirectory(join(own, 'old'), 0o700);
  // First the new keys: a crash between the two leaves both signing, not none.
  for (const { selector } of known.spare)
    await rename(join(own, 'spare', selector + suffix), join(own, selector + suffix));
  for (const { selector } of known.current)
    await rename(join(own, selector + suffix), join(own, 'old', selector + suffix));
  const make = await keyMaker(own, at);
  const kinds = algorithm ? [algorithm] : kindsOf(known.spare);
  for (const kind of kinds) await make(join(own, 'spare'), kind);
  for (const place of [own, join(own, 'old')]) await syncDirectory(place);
  return readKeys(directory, domain);
}

function kindsOf(keys: readonly SigningKey[]): Set<KeyAlgorithm> {
  return new Set(keys.map(({ algorithm }) => (algorithm === 'rsa-sha256' ? 'rsa' : 'ed25519')));
}

/** Gives the keys that sign for a domain, and reads them again now and then; `onProblem` hears of those that cannot be used. */
export function keysOf(
  directory: string,
  clock: Clock,
  onProblem: (problem: string) => void,
): (domain: string) => Promise<readonly SigningKey[]> {
  const known = new Map<string, { readonly until: number; readonly keys: Promise<readonly SigningKey[]> }>();
  return (domain) => {
    const now = clock.now();
    const kept = known.get(domain);
    if (kept && kept.until > now) return kept.keys;
    const keys = readKeys(directory, domain).then(({ current, problems }) => {
      for (const problem of problems) onProblem(problem);
      return current;
    });
    if (known.size >= keptMost) known.clear();
    known.set(domain, { until: now + keptMs, keys });
    return keys;
  };
}

async function keysIn(place: string, domain: string): Promise<{ keys: SigningKey[]; problems: string[] }> {
  const keys: SigningKey[] = [];
  const problems: string[] = [];
  try {
    for (const name of await namesIn(place)) {
      const key = signingKey(domain, name.slice(0, -suffix.length), await readFile(join(place, name), 'latin1'));
      if (key.ok) keys.push(key.value);
      else problems.push(`${join(place, name)}: ${key.failure.text}`);
    }
  } catch (error) {
    problems.push((error as Error).message);
  }
  return { keys, problems };
}

async function namesIn(place: string): Promise<string[]> {
  const names = await readdir(place).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return [];
    throw error;
  });
  return names.filter((name) => name.endsWith(suffix)).toSorted();
}

// Makes keys under names that no key of the domain has or had.
async function keyMaker(own: string, at: number): Promise<(place: string, algorithm: KeyAlgorithm) => Promise<void>> {
  const places = [own, join(own, 'spare'), join(own, 'old')];
  const taken = new Set((await Promise.all(places.map((place) => namesIn(place)))).flat());
  return async (place, algorithm) => {
    await ensureDirectory(place, 0o700);
    // RFC 8301 §3.2: 2,048 bits are what every verifier takes.
    const { privateKey } =
      algorithm === 'rsa' ? await generate('rsa', { modulusLength: 2_048 }) : await generate('ed25519');
    const path = join(place, freshSelector(at, taken) + suffix);
    await writeDurable(path, privateKey.export({ type: 'pkcs8', format: 'pem' }), 0o600);
  };
}

function freshSelector(at: number, taken: Set<string>): string {
  const day = new Date(at).toISOString().slice(0, 10).replaceAll('-', '');
  let number = 10;
  const selector = (): string => `ezlm${day}${number.toString(36)}`;
  while (taken.has(selector() + suffix)) number++;
  taken.add(selector() + suffix);
  return selector();
}
