import { parseDomain } from '../mail/address.ts';
import { type Mechanism, mechanisms } from './auth.ts';
import type { Dane } from './dane.ts';

/** How much TLS a next hop gets. `opportunistic` (RFC 7435) goes on in clear text without it, `verified` checks the certificate's name. */
export type TlsPolicy = (typeof tlsPolicies)[number];

const tlsPolicies = ['none', 'opportunistic', 'required', 'verified'] as const;

/** Who we are to a smarthost. The password is not here: it is in a file of the home. */
export interface Login {
  readonly user: string;
  /** Name of the file with the password (for XOAUTH2 the access token). */
  readonly secret: string;
  /** The only one that may be used; else the best one that the host offers. */
  readonly mechanism?: Mechanism;
  /** The operator allows it without TLS. */
  readonly mayClear: boolean;
}

/** How a host wants to be spoken to. */
export interface HopPolicy {
  readonly protocol: 'smtp' | 'lmtp';
  /** `trial`: opportunistic, and what `verified` would refuse is logged; `dane`: the certificate is one of `dane`. */
  readonly tls: TlsPolicy | 'trial' | 'dane';
  /** Who asks for TLS, when it is not the operator's own word. */
  readonly askedBy?: 'MTA-STS' | 'DANE';
  readonly dane?: Dane;
  /** TLS from the first octet on (RFC 8314), not by STARTTLS. */
  readonly isImplicitTls: boolean;
  readonly login?: Login;
}

/** A next hop that the operator named. Frozen. */
export interface NextHop extends HopPolicy {
  /** The same for every way of writing the same next hop. */
  readonly name: string;
  /** A name, an IP address without brackets, or the path of a socket. */
  readonly host: string;
  /** 0 for the path of a socket. */
  readonly port: number;
}

/** Any host of the internet. */
export const openPolicy: HopPolicy = Object.freeze({ protocol: 'smtp', tls: 'opportunistic', isImplicitTls: false });

/** Whether nothing goes without TLS. */
export function isStrict({ tls }: HopPolicy): boolean {
  return tls === 'required' || tls === 'verified' || tls === 'dane';
}

/** What a route may look like, for whoever wrote it wrongly. */
const form = 'must be HOST:PORT, smtp://HOST:PORT, smtps://HOST:PORT, lmtp://HOST:PORT or lmtp:/PATH';

const schemes = new Map([
  ['smtp', { protocol: 'smtp', port: 25, isImplicitTls: false }],
  ['smtps', { protocol: 'smtp', port: 465, isImplicitTls: true }],
  ['lmtp', { protocol: 'lmtp', port: 24, isImplicitTls: false }],
] as const);

const options = new Set(['tls', 'user', 'password', 'auth', 'clear']);

/** Reads a value of the setting `routes`; a text says what is wrong with it. */
export function parseNextHop(text: string): NextHop | string {
  const [address, query, ...more] = text.split('?');
  if (more.length > 0) return 'has more than one "?"';
  const place = parsePlace(address!);
  if (typeof place === 'string') return place;
  const given = parseOptions(query);
  return typeof given === 'string' ? given : withOptions(place, given);
}

type Place = Omit<NextHop, 'tls' | 'login'>;

function parsePlace(text: string): Place | string {
  const path = /^lmtp:(\/[^/\0][^\0]{0,99})$/.exec(text)?.[1];
  if (path !== undefined) return { name: text, protocol: 'lmtp', isImplicitTls: false, host: path, port: 0 };
  const [, scheme, rest] = /^(?:([a-z]+):\/\/)?(.*)$/s.exec(text)!;
  const kind = schemes.get((scheme ?? 'smtp') as 'smtp');
  const [, v6, name, port] = /^(?:\[([0-9a-fA-F:.]+)\]|([A-Za-z0-9._-]+))(?::(\d{1,5}))?$/.exec(rest!) ?? [];
  const host = v6 === undefined ? parseDomain(name ?? '') : parseV6(v6);
  if (!kind || host === undefined || (scheme === undefined && port === undefined)) return form;
  const number = port === undefined ? kind.port : Number(port);
  if (number < 1 || number > 65_535) return 'must have a port from 1 to 65535';
  if (kind.protocol === 'lmtp' && number === 25) return "must not speak LMTP on port 25, which is SMTP's (RFC 2033)";
  const shown = v6 === undefined ? host : `[${host}]`;
  return { ...kind, name: `${scheme ?? 'smtp'}://${shown}:${number}`, host, port: number };
}

function parseV6(text: string): string | undefined {
  return URL.canParse(`http://[${text}]/`) ? new URL(`http://[${text}]/`).hostname.slice(1, -1) : undefined;
}

function parseOptions(query: string | undefined): ReadonlyMap<string, string> | string {
  const given = new Map<string, string>();
  for (const pair of query === undefined ? [] : query.split('&')) {
    const [name, value] = [pair.split('=', 1)[0]!, pair.slice(pair.indexOf('=') + 1)];
    if (!options.has(name) || !pair.includes('='))
      return `has the option "${name}"; there are ${[...options].join(', ')}`;
    if (given.has(name)) return `has the option "${name}" twice`;
    const text = decoded(value);
    if (text === undefined || text === '') return `has no readable value for "${name}"`;
    given.set(name, text);
  }
  return given;
}

function decoded(text: string): string | undefined {
  try {
    const plain = decodeURIComponent(text);
    return /[\u0000-\u001f\u007f]/.test(plain) ? undefined : plain;
  } catch {
    return undefined;
  }
}

function withOptions(place: Place, given: ReadonlyMap<string, string>): NextHop | string {
  const login = loginOf(place, given);
  if (typeof login === 'string') return login;
  const tls = given.get('tls') ?? usualTls(place, login);
  if (!isPolicy(tls)) return `has tls=${tls}; there are ${tlsPolicies.join(', ')}`;
  if (place.isImplicitTls && (tls === 'none' || tls === 'opportunistic'))
    return 'is smtps, where TLS is required or verified';
  if (place.port === 0 && given.has('tls')) return 'is a socket, where there is no TLS';
  if (login && tls !== 'required' && tls !== 'verified' && !login.mayClear)
    return 'would log in without sure TLS: say tls=required, tls=verified or clear=yes';
  const name = place.name + (given.has('tls') ? `?tls=${tls}` : '') + (login ? ` as ${login.user}` : '');
  return Object.freeze({ ...place, tls, name, ...(login && { login }) });
}

// A password is given only to the host that was meant.
function usualTls(place: Place, login: Login | undefined): TlsPolicy {
  if (place.port === 0) return 'none';
  if (login) return login.mayClear && !place.isImplicitTls ? 'opportunistic' : 'verified';
  return place.isImplicitTls ? 'required' : 'opportunistic';
}

function isPolicy(text: string): text is TlsPolicy {
  return tlsPolicies.some((policy) => policy === text);
}

function loginOf(place: Place, given: ReadonlyMap<string, string>): Login | undefined | string {
  const user = given.get('user');
  if (user === undefined)
    return given.has('password') || given.has('auth') || given.has('clear')
      ? 'has password, auth or clear without user'
      : undefined;
  const secret = given.get('password') ?? place.host.replace(/[^a-z0-9._-]/g, '_');
  if (!/^[A-Za-z0-9_-][A-Za-z0-9._@-]{0,99}$/.test(secret))
    return 'has a password that is no file name: it stands in a file of secrets/, not here';
  const mechanism = mechanisms.find((known) => known === given.get('auth')?.toUpperCase());
  if (given.has('auth') && !mechanism) return `has auth=${given.get('auth')}; there are ${mechanisms.join(', ')}`;
  const clear = given.get('clear') ?? 'no';
  if (clear !== 'yes' && clear !== 'no') return `has clear=${clear}; it is yes or no`;
  return Object.freeze({ user, secret, mayClear: clear === 'yes', ...(mechanism && { mechanism }) });
}

/** A key of the setting `routes` as it is compared: a domain, `.example.com` for all below one, or `*`; undefined when it is none. */
export function routeKey(text: string): string | undefined {
  if (text === '*') return text;
  if (!text.startsWith('.')) return parseDomain(text);
  const above = parseDomain(text.slice(1));
  return above === undefined || above.startsWith('[') ? undefined : `.${above}`;
}

/** The next hop that the operator named for a domain: its own, else that of the nearest domain above it, else that of all. */
export function routeOf(domain: string, routes: ReadonlyMap<string, NextHop>): NextHop | undefined {
  const own = routes.get(domain);
  if (own) return own;
  for (let dot = domain.indexOf('.'); dot >= 0; dot = domain.indexOf('.', dot + 1)) {
    const above = routes.get(domain.slice(dot));
    if (above) return above;
  }
  return routes.get('*');
}

/** The setting `routes`, read once, by `routeKey`. A value that cannot be read is an error of ours. */
export function parseRoutes(routes: Readonly<Record<string, string>>): ReadonlyMap<string, NextHop> {
  const entries = Object.entries(routes).map(([domain, text]): [string, NextHop] => {
    const hop = parseNextHop(text);
    if (typeof hop === 'string') throw new TypeError(`a route that was not checked: ${hop}`);
    return [routeKey(domain) ?? domain, hop];
  });
  return new Map(entries);
}
