import type { Log } from '../log.ts';
import type { HopPolicy } from '../smtp/next-hop.ts';
import type { NextHops } from './hosts.ts';

const unnamed = 'TLS required: the MTA-STS policy of the domain does not name this host';

/** How one of the hosts wants to be spoken to; a reply in its stead when no mail may go there. */
export function hostPolicy(host: string, hops: NextHops, { log }: { readonly log?: Log }): HopPolicy | string {
  if (!hops.unnamed?.has(host)) return hops.policy;
  if (hops.policy.tls === 'trial') {
    log?.('tls.trial', { host, reason: unnamed });
    return hops.policy;
  }
  log?.('tls.refused', { host, reason: unnamed });
  return `451 4.7.5 ${unnamed}`;
}
