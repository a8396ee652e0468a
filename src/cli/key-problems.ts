import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { readKeys } from '../domain/signing-keys.ts';
import { safeName } from '../lib/files.ts';
import { keyRecord, type SigningKey } from '../mail/dkim.ts';
import type { Door } from './door.ts';
import { modeProblems, type Problem } from './problem.ts';

/**
 * What is wrong with the keys that sign mail: files that others may read or that hold no key, and records in DNS that are missing or of
 * another key. A name server that gives no answer is no problem of ours; it is said, and that is all.
 */
export async function* keyProblems(door: Door, directory: string, domains: readonly string[]): AsyncGenerator<Problem> {
  for (const domain of domains) {
    const own = join(directory, safeName(domain));
    for (const file of await pemFiles(own))
      yield* modeProblems(file, 0o077, 'may be read by others, who can then sign in our name: chmod 600');
    const { current, spare, problems } = await readKeys(directory, domain);
    for (const text of problems) yield { file: own, line: 0, text };
    const spares = spare.map((key) => recordProblem(door, key, join(own, 'spare')));
    const found = await Promise.all([...current.map((key) => recordProblem(door, key, own)), ...spares]);
    for (const problem of found) if (problem) yield problem;
  }
}

async function recordProblem(door: Door, key: SigningKey, place: string): Promise<Problem | undefined> {
  const text = await recordFault(door, key);
  return text === undefined ? undefined : { file: join(place, `${key.selector}.pem`), line: 0, text };
}

/** What is wrong with the record of a key, in a line; undefined when it is right, or when no name server answers, which is said. */
export async function recordFault(door: Door, key: SigningKey): Promise<string | undefined> {
  const name = `${key.selector}._domainkey.${key.domain}`;
  const answer = await door.dnsTexts(name);
  if (answer.kind === 'trouble') {
    door.say(`${name} could not be looked up (${answer.cause}); the record was not compared`);
    return undefined;
  }
  const records = answer.kind === 'found' ? answer.records : [];
  if (records.length === 1 && publicPart(records[0]!) === publicPart(keyRecord(key))) return undefined;
  return `${name} ${whatIsWrong(records)}`;
}

function whatIsWrong(records: readonly string[]): string {
  if (records.length === 0) return 'is not in DNS: publish the record that "ezlm dns" prints';
  // RFC 6376 §3.6.2.2: what a verifier takes of several is undefined.
  if (records.length > 1) return 'has several records in DNS: leave the one that "ezlm dns" prints';
  if (publicPart(records[0]!) === '') return 'is revoked in DNS: "ezlm dns --rotate" signs with another key';
  return 'has another key in DNS: publish the record that "ezlm dns" prints';
}

// RFC 6376 §3.6.1: base64 in which blanks mean nothing; an empty one revokes the key.
function publicPart(record: string): string | undefined {
  const tag = record.split(';').find((text) => /^\s{0,50}p\s{0,50}=/.test(text));
  return tag?.slice(tag.indexOf('=') + 1).replace(/\s+/g, '');
}

async function pemFiles(directory: string): Promise<string[]> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true }).catch(() => []);
  return entries
    .filter((entry) => entry.isFile() && entry.name.endsWith('.pem'))
    .map((entry) => join(entry.parentPath, entry.name))
    .toSorted();
}
