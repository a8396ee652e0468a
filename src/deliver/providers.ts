import { parse, type ParseError } from 'jsonc-parser';
import type { Dialect, Resume } from '../smtp/reply-class.ts';
import shipped from './providers.json' with { type: 'json' };

/** How hosts that belong together want to be treated. */
export interface Provider {
  readonly name: string;
  /** Ends of the names of its MX hosts, each with its dot; `.` is every host. */
  readonly hosts: readonly string[];
  readonly dialect: Dialect;
  /** Connections to one MX set at a time; 0: as the setting `laneConnections` says. */
  readonly connections: number;
  /** Connections at a time to all MX sets of the provider. */
  readonly connectionsInAll: number;
  /** Transactions of one connection. */
  readonly messagesPerConnection: number;
  /** New connections to one MX set in a minute. */
  readonly newPerMinute: number;
  /** Transactions a second to one MX set. */
  readonly perSecond: number;
  /** The least silence after a refusal that speaks of us. */
  readonly silenceSeconds: number;
  readonly resume: Exclude<Resume, 'profile'>;
  /** `required`: nothing goes to its hosts in clear text. */
  readonly tls: 'opportunistic' | 'required';
}

const names = ['name', 'hosts', 'dialect', 'resume', 'tls'] as const;
const numbers = [
  'connections',
  'connectionsInAll',
  'messagesPerConnection',
  'newPerMinute',
  'perSecond',
  'silenceSeconds',
] as const;
const dialects: readonly unknown[] = ['google', 'yahoo', 'microsoft', 'apple', ''];
const resumes: readonly unknown[] = ['one', 'slow', 'half'];
const tlsPolicies: readonly unknown[] = ['opportunistic', 'required'];

/** A next hop that the operator named is their own: no limit but the setting `routeConnections`. */
export const routeProvider: Provider = Object.freeze({
  name: '',
  hosts: [],
  dialect: '',
  connections: 0,
  connectionsInAll: Infinity,
  messagesPerConnection: Infinity,
  newPerMinute: Infinity,
  perSecond: Infinity,
  silenceSeconds: 60,
  resume: 'slow',
  tls: 'opportunistic',
});

/** The profiles of the big receivers (their own pages and KumoMTA's `shaping.toml`), and of everybody else. */
export const shippedProviders: readonly Provider[] = readRows(shipped).providers;

/** Profiles, and everything that is wrong with them: a row with a mistake is left out. */
export interface ReadProviders {
  readonly providers: readonly Provider[];
  readonly problems: readonly string[];
}

/** Reads an owner's `providers.json` (comments are allowed): its rows go before ours; what one of the name of ours does not say is as in ours. */
export function readProviders(text: string): ReadProviders {
  const errors: ParseError[] = [];
  const value: unknown = parse(text, errors, { allowTrailingComma: true });
  if (errors.length > 0) return { providers: shippedProviders, problems: [`not JSON at octet ${errors[0]!.offset}`] };
  const own = readRows(value, new Map(shippedProviders.map((row) => [row.name, row])));
  const taken = new Set(own.providers.map(({ name }) => name));
  const providers = [...own.providers, ...shippedProviders.filter(({ name }) => !taken.has(name))];
  // The row for everybody goes last, whoever wrote it.
  return { providers: providers.toSorted((a, b) => Number(isLast(a)) - Number(isLast(b))), problems: own.problems };
}

/** The name of the provider that a host belongs to, as `mx.example.net[192.0.2.1]` or without the address; `others` for everybody else. */
export function providerName(host: string): string {
  const { name } = providerOf([host.replace(/\[.*$/, '')], shippedProviders);
  return name === '' || host === '' ? 'others' : name;
}

/** The profile of an MX set: the first whose hosts one of them is. */
export function providerOf(hosts: readonly string[], providers: readonly Provider[]): Provider {
  const dotted = hosts.map((host) => `.${host.toLowerCase()}`);
  return (
    providers.find((row) => row.hosts.some((end) => dotted.some((host) => end === '.' || host.endsWith(end)))) ??
    routeProvider
  );
}

/** True for the profile of all who have none of their own: each MX set is a provider of its own then. */
export function isLast({ hosts }: Provider): boolean {
  return hosts.includes('.');
}

function readRows(value: unknown, ours: ReadonlyMap<string, Provider> = new Map()): ReadProviders {
  if (!Array.isArray(value)) return { providers: [], problems: ['must be an array of profiles'] };
  const providers: Provider[] = [];
  const problems: string[] = [];
  for (const [at, row] of (value as unknown[]).entries()) {
    const isObject = typeof row === 'object' && row !== null;
    const name: unknown = isObject ? new Map(Object.entries(row)).get('name') : undefined;
    const base = typeof name === 'string' ? ours.get(name) : undefined;
    const wrong = isObject ? wrongIn(new Map(Object.entries({ hosts: base?.hosts, ...row }))) : 'must be an object';
    if (wrong === undefined) providers.push(providerFrom(row as Partial<Provider>, base));
    else problems.push(`profile ${at + 1}: ${wrong}`);
  }
  return { providers, problems };
}

function wrongIn(row: ReadonlyMap<string, unknown>): string | undefined {
  const known: readonly string[] = [...names, ...numbers];
  const other = [...row.keys()].find((key) => !known.includes(key));
  if (other !== undefined) return `"${other}" is no field of a profile`;
  if (typeof row.get('name') !== 'string' || row.get('name') === '') return 'name: must be a word';
  const hosts = row.get('hosts');
  const areEnds = Array.isArray(hosts) && hosts.every((end) => typeof end === 'string' && end.startsWith('.'));
  if (!areEnds) return 'hosts: must be ends of host names, like [".example.net"]';
  if (!dialects.includes(row.get('dialect') ?? '')) return 'dialect: must be google, yahoo, microsoft or apple';
  if (!resumes.includes(row.get('resume') ?? 'slow')) return 'resume: must be one, slow or half';
  if (!tlsPolicies.includes(row.get('tls') ?? 'required')) return 'tls: must be opportunistic or required';
  const bad = numbers.find((key) => row.has(key) && !isAmount(row.get(key)));
  return bad === undefined ? undefined : `${bad}: must be a number from 1 to 1000000`;
}

function isAmount(value: unknown): boolean {
  return typeof value === 'number' && value >= 1 && value <= 1_000_000;
}

function providerFrom(row: Partial<Provider>, base?: Provider): Provider {
  const { messagesPerConnection, newPerMinute, perSecond } = {
    messagesPerConnection: 100,
    newPerMinute: 100,
    perSecond: 100,
  };
  const polite = base ?? { ...routeProvider, messagesPerConnection, newPerMinute, perSecond };
  const hosts = (row.hosts ?? polite.hosts).map((end) => end.toLowerCase());
  return Object.freeze({ ...polite, ...row, hosts });
}
