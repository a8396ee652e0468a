import { isIP } from 'node:net';
import type { Answer, Resolver } from '../lib/dns.ts';
import type { AttemptResult } from './delivery.ts';
import { hostPolicy } from './host-policy.ts';
import type { NextHops } from './hosts.ts';
import type { IsOwn } from './own-endpoints.ts';
import type { OpenSession, SetupFailure, SetupParts } from './session-parts.ts';
import { openSession } from './session-setup.ts';

/** Addresses that are tried before a lane gives up for now: a name server can name hundreds. */
const addressesMost = 20;

export interface ReachParts extends SetupParts {
  readonly resolver: Resolver;
  readonly isOwn?: IsOwn;
}

/** Opens a session with the first that takes us: the hosts in their order, all addresses of each (RFC 5321 §5.1). */
export async function reach(hops: NextHops, parts: ReachParts): Promise<OpenSession | SetupFailure> {
  let failure: SetupFailure | undefined;
  let tried = 0;
  for (const host of hops.hosts) {
    const answer = await addressesOf(host, parts.resolver);
    if (answer.kind !== 'found') {
      failure ??= nowhere(host, answer.kind === 'trouble');
      continue;
    }
    const policy = await hostPolicy(host, answer, hops, parts);
    if (typeof policy === 'string') {
      failure ??= ours(host, policy);
      continue;
    }
    for (const address of byFamilies(answer.records)) {
      // Hosts behind ourselves would send it back: whatever stands before us may recover, otherwise it is a loop for good.
      if (parts.isOwn?.(address, hops.port)) return failure ?? loop(host, address, hops);
      if (tried++ >= addressesMost) return failure!;
      const opened = await openSession(host, address, hops.port, { ...parts, policy });
      if ('socket' in opened) return opened;
      failure = failure?.wasConnected ? { ...opened, wasConnected: true } : opened;
    }
  }
  return failure ?? ours('', '451 4.4.4 the domain has no host');
}

/**
 * What it means for a recipient that no host took us. Whatever the code, a refused connection says nothing about a recipient: doubt is
 * temporary. A loop is no doubt. RFC 3463 §3.5: 4.4.1 means that no host took a connection (after weeks a member is warned for it), 4.4.2
 * that one did.
 */
export function unreached({ host, text, reply, isLoop, wasConnected }: SetupFailure): AttemptResult {
  const status = wasConnected ? '4.4.2' : '4.4.1';
  return { state: isLoop ? 'failed' : 'deferred', host, reply: reply ? text : `451 ${status} ${text}` };
}

async function addressesOf(host: string, resolver: Resolver): Promise<Answer<string>> {
  const isPlace = isIP(host) !== 0 || host.startsWith('/');
  return isPlace ? { kind: 'found', records: [host] } : resolver.addresses(host);
}

/** The families in turn, beginning with that of the first: a broken one costs one attempt, not all of its addresses. */
function byFamilies(addresses: readonly string[]): string[] {
  const first = addresses.filter((address) => isIP(address) === isIP(addresses[0]!));
  const other = addresses.filter((address) => isIP(address) !== isIP(addresses[0]!));
  const length = Math.max(first.length, other.length);
  return Array.from({ length }, (_, at) => [first[at], other[at]]).flatMap((pair) =>
    pair.filter((address) => address !== undefined),
  );
}

function nowhere(host: string, isTrouble: boolean): SetupFailure {
  return ours(host, isTrouble ? '451 4.4.3 its name servers did not answer' : '451 4.4.4 it has no address');
}

// An operator's route can be put right, somebody else's MX record not by us.
function loop(host: string, address: string, { isRoute }: NextHops): SetupFailure {
  const name = host === address ? `[${address}]` : `${host}[${address}]`;
  if (isRoute) return ours(name, '451 4.4.6 the route leads back to this server');
  return { ...ours(name, '554 5.4.6 the MX leads back to this server'), isLoop: true };
}

function ours(host: string, text: string): SetupFailure {
  return { host, text, reply: { code: Number(text.slice(0, 3)), text } };
}
