import type { Answer, Found, MxRecord, Resolver } from '../lib/dns.ts';
import { failed, type Failure, permanent, type Result, success, temporary } from '../mail/failure.ts';
import { stsNames, type StsPolicy } from '../smtp/mta-sts.ts';
import { type HopPolicy, isStrict, type NextHop, openPolicy, routeOf } from '../smtp/next-hop.ts';

/** Where mail of a domain is taken: hosts in the order in which they are tried. Frozen. */
export interface NextHops {
  /**
   * Names the lane: all domains with the same next hops in the same order share it. `a b, c:25` are two hosts of one preference, and one
   * that is tried after them. A domain with a policy of MTA-STS has another lane than one without, so that no session of the one serves
   * the other: `mta-sts a (b), c:25`, where b is a host that the policy does not name. So has a domain whose MX records are signed:
   * `dnssec a b, c:25`.
   */
  readonly key: string;
  readonly hosts: readonly string[];
  readonly port: number;
  /** The operator named it (`routes`): it is their own, and no limit of politeness holds. */
  readonly isRoute: boolean;
  readonly policy: HopPolicy;
  /** Hosts that the domain's policy of MTA-STS does not name. */
  readonly unnamed?: ReadonlySet<string>;
  /** It was proved by DNSSEC that these are the hosts: what they publish of their certificates (DANE) holds. */
  readonly isSigned?: boolean;
}

const smtpPort = 25;

/** What a policy of MTA-STS means for the hosts, and how it is told in the name of the lane. */
const modes = {
  enforce: { word: 'mta-sts', policy: stsPolicy('verified') },
  testing: { word: 'mta-sts-testing', policy: stsPolicy('trial') },
} as const;

/** What the names of a domain say beside its hosts. */
interface Published {
  readonly sts?: StsPolicy | undefined;
  /** The look-up of the MX records was. */
  readonly isSigned?: boolean | undefined;
}

export interface HostsParts {
  readonly resolver: Resolver;
  /** What the operator has named (`routeOf`). */
  readonly routes: ReadonlyMap<string, NextHop>;
  /** Our own names, which we never deliver to: an MX that names us ends there (RFC 5321 §5.1). */
  readonly ownHosts: readonly string[];
  /** The policy of MTA-STS that holds for a domain; without it none does. */
  readonly stsOf?: (domain: string) => Promise<StsPolicy | undefined>;
  /** Orders hosts of the same preference; a number in [0, 1). */
  readonly random: () => number;
}

/** Finds the next hops of a domain: a route, else its MX hosts, else the domain itself (RFC 5321 §5.1). */
export async function nextHops(domain: string, parts: HostsParts): Promise<Result<NextHops>> {
  const route = routeOf(domain, parts.routes);
  if (route !== undefined) return success(routeHops(route));
  // RFC 5321 §5.1: an address literal has no MX.
  if (domain.startsWith('[')) return success(mailHosts([[domain.replace(/^\[(?:ipv6:)?|\]$/g, '')]]));
  const [answer, sts] = await Promise.all([parts.resolver.mx(domain), parts.stsOf?.(domain)]);
  if (answer.kind === 'found') return mxHops(domain, answer, parts, sts);
  return answer.kind === 'none'
    ? itself(domain, parts.resolver, { sts, ...answer })
    : failed(lookupFailure(domain, answer));
}

/**
 * The same hosts, spoken to under TLS alone when their provider wants it. Of hosts that the operator named the route says it, and what a
 * domain asks for may be more already.
 */
export function sureHops(hops: NextHops, mustTls: boolean): NextHops {
  if (!mustTls || hops.isRoute || isStrict(hops.policy)) return hops;
  return { ...hops, policy: { ...openPolicy, tls: 'required' } };
}

// Only what the name servers deny is no host for good: silence and trouble are doubt, and so are MX hosts that have lost their addresses.
async function itself(domain: string, resolver: Resolver, published: Published): Promise<Result<NextHops>> {
  const { kind } = await resolver.addresses(domain);
  const isDenied = kind === 'none' || kind === 'missing';
  return isDenied
    ? failed(permanent('5.4.4', `host not found: ${domain} has no MX and no address`))
    : success(mailHosts([[domain]], published));
}

function mxHops(
  domain: string,
  { records, isSigned }: Found<MxRecord>,
  parts: HostsParts,
  sts: StsPolicy | undefined,
): Result<NextHops> {
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
  const once = ordered.filter(({ host }, at) => ordered.findIndex((record) => record.host === host) === at);
  const groups = Map.groupBy(once, (record) => record.preference).values();
  const hosts = Array.from(groups, (group) => group.map(({ host }) => host));
  return success(mailHosts(hosts, { sts, isSigned }));
}

function lookupFailure(domain: string, answer: Exclude<Answer<MxRecord>, { kind: 'found' | 'none' }>): Failure {
  return answer.kind === 'missing'
    ? permanent('5.1.2', `there is no domain ${domain}`)
    : temporary('4.4.3', `the name servers of ${domain} did not answer`, answer.cause);
}

function routeHops(route: NextHop): NextHops {
  const { protocol, tls, isImplicitTls, login } = route;
  const policy = Object.freeze({ protocol, tls, isImplicitTls, ...(login && { login }) });
  return Object.freeze({ key: route.name, hosts: [route.host], port: route.port, isRoute: true, policy });
}

function stsPolicy(tls: HopPolicy['tls']): HopPolicy {
  return Object.freeze({ ...openPolicy, tls, askedBy: 'MTA-STS' });
}

// Hosts that must be tried before others (RFC 5321 §5.1) stand in a group before them.
function mailHosts(groups: readonly (readonly string[])[], { sts, isSigned }: Published = {}): NextHops {
  const hosts = groups.flat();
  const isAsked = sts !== undefined && sts.mode !== 'none';
  const unnamed = new Set(isAsked ? hosts.filter((host) => !stsNames(sts, host)) : []);
  const shown = (host: string): string => (unnamed.has(host) ? `(${host})` : host);
  const names = groups.map((group) => group.toSorted().map(shown).join(' ')).join(', ');
  const word = (isSigned ? 'dnssec ' : '') + (isAsked ? `${modes[sts.mode].word} ` : '');
  return Object.freeze({
    key: `${word}${names}:${smtpPort}`,
    hosts,
    port: smtpPort,
    isRoute: false,
    policy: isAsked ? modes[sts.mode].policy : openPolicy,
    ...(isAsked && { unnamed }),
    ...(isSigned && { isSigned }),
  });
}
