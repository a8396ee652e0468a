import { createHmac, createSecretKey, type KeyObject, randomBytes, timingSafeEqual } from 'node:crypto';
import { base32 } from '../lib/base32.ts';
import { readIfExists, writeDurable } from '../lib/files.ts';
import { failed, permanent, type Result, success } from '../mail/failure.ts';
import { verpMacText } from '../mail/verp.ts';
import type { Keys } from './list.ts';

/** Octets of a list's secret. */
const keyOctets = 32;
/** Octets of a token's MAC: 80 bits, 16 base32 characters (DESIGN: addresses). */
const tokenOctets = 10;

/** Writes a new `key` file: one line `<key id> <created> <base64>`, for the owner alone. */
export async function writeNewKey(path: string, now: number): Promise<void> {
  const line = `${randomBytes(4).toString('hex')} ${new Date(now).toISOString()} ${randomBytes(keyOctets).toString('base64')}\n`;
  await writeDurable(path, line, 0o600);
}

/** Reads a `key` file: the first line signs, all verify. The list's address is part of all that is signed. */
export async function readKeys(path: string, listAddress: string): Promise<Result<Keys>> {
  const text = (await readIfExists(path))?.toString('utf8');
  const secrets = (text ?? '').split('\n').flatMap((line) => readLine(line));
  if (secrets.length === 0)
    return failed(permanent('5.3.5', 'the list has no key', `${path} is missing or holds no key line`));
  return success(new ListKeys(secrets, listAddress));
}

class ListKeys implements Keys {
  readonly #secrets: readonly KeyObject[];
  readonly #list: string;

  constructor(secrets: readonly KeyObject[], list: string) {
    this.#secrets = secrets;
    this.#list = list;
  }

  readonly verpMac = (number: number, canonical: string): string => this.#verp(this.#secrets[0]!, number, canonical);

  verpMatches(number: number, canonical: string, mac: string): boolean {
    return this.#secrets.some((secret) => isEqual(this.#verp(secret, number, canonical), mac.toLowerCase()));
  }

  tokenMac(parts: readonly string[]): string {
    return this.#token(this.#secrets[0]!, parts);
  }

  tokenMatches(parts: readonly string[], mac: string): boolean {
    return this.#secrets.some((secret) => isEqual(this.#token(secret, parts), mac.toLowerCase()));
  }

  #verp(secret: KeyObject, number: number, canonical: string): string {
    return verpMacText(hmac(secret, ['verp', this.#list, String(number), canonical]));
  }

  #token(secret: KeyObject, parts: readonly string[]): string {
    return base32(hmac(secret, ['token', this.#list, ...parts]).subarray(0, tokenOctets));
  }
}

// Lengths stand before the parts, so that no two lists of parts are the same octets.
function hmac(secret: KeyObject, parts: readonly string[]): Buffer {
  const text = parts.map((part) => `${Buffer.byteLength(part)}:${part}`).join('');
  return createHmac('sha256', secret).update(text).digest();
}

function isEqual(a: string, b: string): boolean {
  const [left, right] = [Buffer.from(a), Buffer.from(b)];
  return left.length === right.length && timingSafeEqual(left, right);
}

function readLine(line: string): KeyObject[] {
  const [, , text, ...rest] = line.trim().split(/\s+/);
  const secret = Buffer.from(text ?? '', 'base64');
  return rest.length === 0 && secret.length >= keyOctets ? [createSecretKey(secret)] : [];
}
