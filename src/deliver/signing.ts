import type { Clock } from '../lib/clock.ts';
import { bodyHash, signatureFields, type SigningKey } from '../mail/dkim.ts';
import { parseHeader, valueOf } from '../mail/header.ts';
import type { Signer } from '../smtp/data.ts';
import { domainOf } from './runs.ts';

export interface SigningParts {
  readonly clock: Clock;
  /** The keys that sign for a domain; none: its mail goes unsigned. */
  readonly keysOf: (domain: string) => Promise<readonly SigningKey[]>;
}

/** Signs a post of a list in this domain; undefined: the domain has no key (RFC 6376). No header differs between copies: one signature is for all. */
export async function postSigner(domain: string, { clock, keysOf }: SigningParts): Promise<Signer | undefined> {
  const keys = await keysOf(domain);
  if (keys.length === 0) return undefined;
  return (message) => {
    const { bodyStart } = parseHeader(message);
    const hash = bodyHash(message.subarray(bodyStart));
    return signatureFields(message.subarray(0, bodyStart), hash, keys, clock.now() / 1_000);
  };
}

/**
 * Signs a single mail in the name of its From: domain. Only one that we have written: what came in from elsewhere has a Received field of
 * ours, and somebody may have put our name into it.
 */
export async function mailSigner(message: Buffer, parts: SigningParts): Promise<Signer | undefined> {
  const header = parseHeader(message);
  const from = valueOf(header, 'from');
  if (from === undefined || valueOf(header, 'received') !== undefined) return undefined;
  return postSigner(domainOf(from.replace(/[>\s]+$/, '')), parts);
}
