import { randomBytes, scrypt, timingSafeEqual } from 'node:crypto';

/** Octets of a password: a longer one costs time to hash, and nobody types it. */
export const passwordOctetsMost = 1_024;

/** Costs of new hashes: 32 MiB and a quarter of a second, as OWASP advises for scrypt. Kept hashes say their own. */
const cost = { log2N: 15, r: 8, p: 3 } as const;
const saltOctets = 16;
const keyOctets = 32;

const kept = /^scrypt:(\d{1,2}):(\d{1,2}):(\d{1,2}):([A-Za-z0-9+/]{22}==):([A-Za-z0-9+/]{43}=)$/;

/** What is kept of a password: `scrypt:15:8:3:<salt>:<key>`. */
export async function hashPassword(password: string): Promise<string> {
  const salt = randomBytes(saltOctets);
  const key = await derive(password, salt, cost.log2N, cost.r, cost.p);
  return ['scrypt', cost.log2N, cost.r, cost.p, salt.toString('base64'), key.toString('base64')].join(':');
}

/** True when the password is the one; takes as long when nothing is kept, so that time does not tell who is known. */
export async function isPassword(password: string, hash: string | undefined): Promise<boolean> {
  const found = hash === undefined ? null : kept.exec(hash);
  const [, log2N = cost.log2N, r = cost.r, p = cost.p, salt = '', key = ''] = found ?? [];
  const derived = await derive(password, Buffer.from(salt, 'base64'), Number(log2N), Number(r), Number(p));
  return found !== null && timingSafeEqual(derived, Buffer.from(key, 'base64'));
}

/** What is wrong with a kept hash; undefined when nothing is. The costs are bounded: a hand-edited file must not stop the server. */
export function hashProblem(text: string): string | undefined {
  const found = kept.exec(text);
  const [log2N, r, p] = found?.slice(1, 4).map(Number) ?? [];
  const isBounded = log2N! >= 10 && log2N! <= 17 && r! >= 1 && r! <= 8 && p! >= 1 && p! <= 5;
  return found && isBounded ? undefined : 'is not a hash as "ezlm user password" makes it';
}

// RFC 8265 §4.2: one form of accented letters, whatever keyboard they come from.
function derive(password: string, salt: Buffer, log2N: number, r: number, p: number): Promise<Buffer> {
  const N = 2 ** log2N;
  return new Promise((resolve, reject) => {
    scrypt(password.normalize('NFC'), salt, keyOctets, { N, r, p, maxmem: 256 * N * r + 1_048_576 }, (error, key) =>
      error ? reject(error) : resolve(key),
    );
  });
}
