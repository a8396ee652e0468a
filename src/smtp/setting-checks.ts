import { parseAddress, parseDomain } from '../mail/address.ts';
import { parseNextHop, routeKey } from './next-hop.ts';

const hostPort = /^(?:\[[0-9a-fA-F:.]+\]|[A-Za-z0-9._-]+):(\d{1,5})$/;

function portOf(text: string): number | undefined {
  const port = Number(hostPort.exec(text)?.[1]);
  return port <= 65_535 ? port : undefined;
}

/** What is wrong with places to listen at; undefined when nothing is. */
export function eachHostPort(values: readonly string[]): string | undefined {
  const wrong = values.find((value) => portOf(value) === undefined);
  return wrong === undefined ? undefined : `"${wrong}" must be HOST:PORT, like 127.0.0.1:2525 or [::1]:24`;
}

/** What is wrong with places to listen at for LMTP, which must not be used on the SMTP port (RFC 2033 §5). */
export function eachLmtpPort(values: readonly string[]): string | undefined {
  return values.some((value) => portOf(value) === 25) ? "must not be port 25, which is SMTP's" : eachHostPort(values);
}

/** What is wrong with a domain that may be missing. */
export function domainOrNothing(text: string): string | undefined {
  return text === '' || parseDomain(text) === text ? undefined : 'must be a domain in lower case, or empty';
}

/** What is wrong with next hops by domain. */
export function routes(value: Readonly<Record<string, string>>): string | undefined {
  const wrong = Object.keys(value).find((key) => routeKey(key) === undefined);
  if (wrong !== undefined) return `"${wrong}" must be a domain, all below one (.example.com), or *`;
  for (const text of Object.values(value)) {
    const hop = parseNextHop(text);
    if (typeof hop === 'string') return `"${text}" ${hop}`;
  }
  return undefined;
}

/** What is wrong with domains of ours. */
export function domains(values: readonly string[]): string | undefined {
  const wrong = values.find((value) => parseDomain(value) !== value || value.startsWith('['));
  return wrong === undefined ? undefined : `"${wrong}" must be a domain in lower case, like lists.example.org`;
}

/** What is wrong with a mail address that may be missing. */
export function addressOrNothing(text: string): string | undefined {
  return text === '' || parseAddress(text) ? undefined : 'must be a mail address like postmaster@example.org, or empty';
}

/** What is wrong with a place on the loopback that may be missing: whoever may ask there has no password. */
export function loopbackOrNothing(text: string): string | undefined {
  const isLoopback = /^(?:127(?:\.\d{1,3}){3}|localhost|\[::1\]):\d{1,5}$/.test(text) && portOf(text) !== undefined;
  return text === '' || isLoopback ? undefined : 'must be 127.0.0.1:PORT, [::1]:PORT or localhost:PORT, or empty';
}

/** What is wrong with addresses of hosts. */
export function eachAddress(values: readonly string[]): string | undefined {
  const wrong = values.find((value) => !parseDomain(`[${value.includes(':') ? 'IPv6:' : ''}${value}]`));
  return wrong === undefined ? undefined : `"${wrong}" must be an address, like 192.0.2.1 or 2001:db8::1`;
}
