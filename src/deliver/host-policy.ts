import type { Found, Resolver, TlsaRecord } from '../lib/dns.ts';
import type { Log } from '../log.ts';
import { isUsable } from '../smtp/dane.ts';
import { type HopPolicy, isStrict } from '../smtp/next-hop.ts';
import type { NextHops } from './hosts.ts';

export interface HostPolicyParts {
  readonly resolver: Resolver;
  readonly log?: Log;
}

/**
 * How one of the hosts, with these addresses, wants to be spoken to; a reply in its stead when no mail may go there. What DANE says goes
 * before MTA-STS (RFC 8461 §2).
 */
export async function hostPolicy(
  host: string,
  addresses: Found<string>,
  hops: NextHops,
  parts: HostPolicyParts,
): Promise<HopPolicy | string> {
  const tlsa = await tlsaOf(host, addresses, hops, parts.resolver);
  const policy = typeof tlsa === 'string' ? `TLS required: ${tlsa}` : withDane(tlsa, host, hops, parts.log);
  if (typeof policy !== 'string') return policy;
  parts.log?.('tls.refused', { host, reason: policy });
  return `451 4.7.5 ${policy}`;
}

interface Tlsa {
  readonly base: string;
  readonly records: readonly TlsaRecord[];
}

function withDane({ base, records }: Tlsa, host: string, hops: NextHops, log: Log | undefined): HopPolicy | string {
  const usable = records.filter(isUsable);
  const askedBy = 'DANE';
  if (usable.length > 0) return { ...hops.policy, tls: 'dane', askedBy, dane: { base, records: usable } };
  const policy = withSts(host, hops, log);
  // RFC 7672 §2.2: what is published says that there is TLS, whatever its certificates are.
  const isAsked = records.length > 0 && typeof policy !== 'string' && !isStrict(policy);
  return isAsked ? { ...policy, tls: 'required', askedBy } : policy;
}

function withSts(host: string, { policy, unnamed }: NextHops, log: Log | undefined): HopPolicy | string {
  if (!unnamed?.has(host)) return policy;
  const refusal = 'TLS required: the MTA-STS policy of the domain does not name this host';
  if (policy.tls !== 'trial') return refusal;
  log?.('tls.trial', { host, reason: refusal });
  return policy;
}

// RFC 7672 §2.2.2: asked for only where it is proved who the host is, at the name that an alias leads to first. A text is doubt.
async function tlsaOf(
  host: string,
  addresses: Found<string>,
  hops: NextHops,
  resolver: Resolver,
): Promise<Tlsa | string> {
  const bases = hops.isSigned && addresses.isSigned && resolver.tlsa ? new Set([addresses.owner ?? host, host]) : [];
  for (const base of bases) {
    const answer = await resolver.tlsa!(`_${hops.port}._tcp.${base}`);
    if (answer.kind === 'trouble') return 'the TLSA records of this host could not be looked up';
    if (answer.kind === 'found' && answer.isSigned) return { base, records: answer.records };
  }
  return { base: host, records: [] };
}
