import { createHash, type X509Certificate } from 'node:crypto';
import type { TlsaRecord } from '../lib/dns.ts';

/** What is published of the certificates of a host (RFC 7672). */
export interface Dane {
  /** The name that the records stand at: whom we ask for, and what a certificate of an authority must name. */
  readonly base: string;
  /** Those that can be used; at least one. */
  readonly records: readonly TlsaRecord[];
}

const authority = 2;
const endEntity = 3;
/** Octets of what is matched: anything, a SHA-256, a SHA-512. */
const digests = [undefined, { name: 'sha256', octets: 32 }, { name: 'sha512', octets: 64 }] as const;

/** Whether a record says something that we can check; the usages of the authorities that browsers have (0, 1) are not for mail (RFC 7672 §3.1.3). */
export function isUsable({ usage, selector, matching, octets }: TlsaRecord): boolean {
  const isKnown = (usage === authority || usage === endEntity) && selector <= 1 && matching < digests.length;
  return isKnown && octets.length > 0 && (digests[matching]?.octets ?? octets.length) === octets.length;
}

/**
 * What is wrong with the certificates of a host, its own first and each one's issuer behind it; undefined: one of the records says that
 * they are right. Its own certificate by name and date is of no account where a record names it (RFC 7672 §3.1.1); below an authority both
 * are looked at (§3.1.2), and so are the signatures. `now`: milliseconds since 1970.
 */
export function daneDoubt(chain: readonly X509Certificate[], { base, records }: Dane, now: number): string | undefined {
  const [own, ...issuers] = chain;
  if (!own) return 'there is no certificate';
  const isNamed = (certificate: X509Certificate, usage: number): boolean =>
    records.some((record) => record.usage === usage && isMatch(record, certificate));
  if (isNamed(own, endEntity)) return undefined;
  const anchor = issuers.findIndex((issuer) => isNamed(issuer, authority)) + 1;
  if (anchor === 0) return 'no TLSA record matches its certificates';
  const path = chain.slice(0, anchor + 1);
  if (own.checkHost(base) === undefined) return `its certificate does not name ${base}`;
  if (path.some((one) => now < one.validFromDate.getTime() || now > one.validToDate.getTime()))
    return 'a certificate has expired, or is not valid yet';
  return path.slice(1).every((issuer, at) => hasSigned(issuer, path[at]!))
    ? undefined
    : 'its certificate is not signed by the authority of the TLSA record';
}

function isMatch({ selector, matching, octets }: TlsaRecord, certificate: X509Certificate): boolean {
  const whole = selector === 0 ? certificate.raw : certificate.publicKey.export({ type: 'spki', format: 'der' });
  const digest = digests[matching];
  return octets.equals(digest ? createHash(digest.name).update(whole).digest() : whole);
}

function hasSigned(issuer: X509Certificate, certificate: X509Certificate): boolean {
  return issuer.ca && certificate.checkIssued(issuer) && certificate.verify(issuer.publicKey);
}
