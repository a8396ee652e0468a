import { randomBytes, timingSafeEqual } from 'node:crypto';
import { base32 } from '../lib/base32.ts';
import { readIfExists, writeDurable } from '../lib/files.ts';
import { Mac, macOctets } from '../lib/mac.ts';
import { sipKeyOctets } from '../lib/siphash.ts';
import { CopyMac } from '../mail/copy-mac.ts';
import { failed, type Result, success, temporary } from '../mail/failure.ts';
import type { Keys } from './list.ts';

/** Octets of a list's secret. */
const keyOctets = 32;
/** Posts whose own keys are remembered: what comes back is about the last few. */
const copyMacsMost = 64;
/** Octets of a token's MAC: 80 bits, 16 base32 characters (DESIGN: addresses). */
const tokenOctets = 10;

/** Writes a new `key` file: one line `<key id> <created> <base64>`, for the owner alone. */
export async function writeNewKey(path: string, now: number): Promise<void> {
  const line = `${randomBytes(4).toString('hex')} ${new Date(now).toISOString()} ${randomBytes(keyOctets).toString('base64')}\n`;
  await writeDurable(path, line, 0o600);
}

/**
 * Reads a `key` file: the first line signs, all verify. The list's address is part of all that is signed. A file that is
 * missing, unreadable or has a line that is no key is a temporary failure: the operator can still bring the right one.
 */
export async function readKeys(path: string, listAddress: string): Promise<Result<Keys>> {
  let text: string | undefined;
  try {
    text = (await readIfExists(path))?.toString('utf8');
  } catch (error) {
    return noKey(`${path} cannot be read: ${(error as Error).message}`);
  }
  if (text === undefined) return noKey(`${path} is missing`);
  const lines = text.split('\n').filter((line) => line.trim() !== '');
  const secrets = lines.map((line) => readLine(line));
  const wrong = secrets.findIndex((secret) => secret === undefined);
  if (wrong >= 0) return noKey(`${path}: key line ${wrong + 1} must be <id> <created> <base64 of ${keyOctets} octets>`);
  if (secrets.length === 0) return noKey(`${path} holds no key line`);
  return success(new ListKeys(secrets as Mac[], listAddress));
}

function noKey(cause: string): Result<Keys> {
  return failed(temporary('4.3.5', 'the list cannot sign or check anything now', cause));
}

class ListKeys implements Keys {
  readonly #secrets: readonly Mac[];
  readonly #list: string;
  /** What all tokens' texts begin with. */
  readonly #tokenStart: string;
  /** The octets of a token's MAC, and those that are written. */
  readonly #mac = Buffer.alloc(macOctets);
  readonly #written = this.#mac.subarray(0, tokenOctets);
  /** By number; one for each secret. */
  readonly #copyMacs = new Map<number, readonly CopyMac[]>();

  constructor(secrets: readonly Mac[], list: string) {
    this.#secrets = secrets;
    this.#list = list;
    this.#tokenStart = joined(['token', list]);
  }

  readonly verpMac = (number: number, canonical: string): string => this.copyMac(number).of(canonical);

  copyMac(number: number): CopyMac {
    return this.#copyMacsOf(number)[0]!;
  }

  verpMatches(number: number, canonical: string, mac: string): boolean {
    return this.#copyMacsOf(number).some((own) => isEqual(own.of(canonical), mac.toLowerCase()));
  }

  tokenMac(parts: readonly string[]): string {
    return this.#token(this.#secrets[0]!, parts);
  }

  tokenMatches(parts: readonly string[], mac: string): boolean {
    return this.#secrets.some((secret) => isEqual(this.#token(secret, parts), mac.toLowerCase()));
  }

  #copyMacsOf(number: number): readonly CopyMac[] {
    const known = this.#copyMacs.get(number);
    if (known) return known;
    const text = joined(['verp', this.#list, String(number)]);
    const made = this.#secrets.map(
      (secret) => new CopyMac(Buffer.from(secret.of(text), 'latin1').subarray(0, sipKeyOctets)),
    );
    if (this.#copyMacs.size >= copyMacsMost) this.#copyMacs.clear();
    this.#copyMacs.set(number, made);
    return made;
  }

  #token(secret: Mac, parts: readonly string[]): string {
    this.#mac.write(secret.of(this.#tokenStart + joined(parts)), 'latin1');
    return base32(this.#written);
  }
}

// Lengths stand before the parts, so that no two lists of parts are the same octets.
function joined(parts: readonly string[]): string {
  let text = '';
  for (const part of parts) text += `${Buffer.byteLength(part)}:${part}`;
  return text;
}

function isEqual(a: string, b: string): boolean {
  const [left, right] = [Buffer.from(a), Buffer.from(b)];
  return left.length === right.length && timingSafeEqual(left, right);
}

function readLine(line: string): Mac | undefined {
  const found = /^\S+ +\S+ +([A-Za-z0-9+/]+=*)$/.exec(line.trim());
  const secret = Buffer.from(found?.[1] ?? '', 'base64');
  return secret.length === keyOctets ? new Mac(secret) : undefined;
}
