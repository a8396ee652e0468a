import type { Answer, MxRecord, Resolver } from '../lib/dns.ts';
import { failed, type Failure, permanent, type Result, success, temporary } from '../mail/failure.ts';

/** Where mail of a domain is taken: hosts in the order in which they are tried. Frozen. */
export interface NextHops {
  /** Names the lane: all domains with the same next hops share it. */
  readonly key: string;
  readonly hosts: readonly string[];
  readonly port: number;
  /** The operator named it (`routes`): it is their own, and no limit of politeness holds. */
  readonly isRoute: boolean;
}

const smtpPort = 25;

export interface HostsParts {
  readonly resolver: Resolver;
  readonly routes: Readonly<Record<string, string>>;
  /** Our own names, which we never deliver to: an MX that names us ends there (RFC 5321 §5.1). */
  readonly ownHosts: readonly string[];
  /** Orders hosts of the same preference; a number in [0, 1). */
  readonly random: () => number;
}

/** Finds the next hops of a domain: a route, else its MX hosts, else the domain itself (RFC 5321 §5.1). */
export async function nextHops(domain: string, parts: HostsParts): Promise<Result<NextHops>> {
  const route = parts.routes[domain] ?? parts.routes['*'];
  if (route !== undefined) return success(routeHops(route));
  const answer = await parts.resolver.mx(domain);
  if (answer.kind === 'found') return mxHops(domain, answer.records, parts);
  return answer.kind === 'none' ? success(hopsOf([domain], smtpPort, false)) : failed(lookupFailure(domain, answer));
}

function mxHops(domain: string, records: readonly MxRecord[], parts: HostsParts): Result<NextHops> {
  // RFC 7505: a single MX "." says that the domain takes no mail.
  if (records.every((record) => record.host === ''))
    return failed(permanent('5.1.10', `${domain} takes no mail (null MX)`));
  const own = Math.min(
    ...records.filter((record) => parts.ownHosts.includes(record.host)).map((record) => record.preference),
  );
  const usable = records.filter((record) => record.host !== '' && record.preference < own);
  if (usable.length === 0) return failed(permanent('5.4.6', `the MX of ${domain} leads back to this host`));
  const ordered = usable
    .map((record) => ({ ...record, order: parts.random() }))
    .toSorted((a, b) => a.preference - b.preference || a.order - b.order);
  return success(hopsOf([...new Set(ordered.map((record) => record.host))], smtpPort, false));
}

function lookupFailure(domain: string, answer: Exclude<Answer<MxRecord>, { kind: 'found' | 'none' }>): Failure {
  return answer.kind === 'missing'
    ? permanent('5.1.2', `there is no domain ${domain}`)
    : temporary('4.4.3', `the name servers of ${domain} did not answer`, answer.cause);
}

function routeHops(route: string): NextHops {
  const at = route.lastIndexOf(':');
  return hopsOf([route.slice(0, at).replace(/^\[|\]$/g, '')], Number(route.slice(at + 1)), true);
}

function hopsOf(hosts: readonly string[], port: number, isRoute: boolean): NextHops {
  return Object.freeze({ key: `${[...hosts].toSorted().join(' ')}:${port}`, hosts, port, isRoute });
}
