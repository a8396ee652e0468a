import { Resolver as NodeResolver } from 'node:dns/promises';

/**
 * What a look-up came to. `none`: the name exists, it has no such record; `missing`: there is no such name. What is signed was proved by
 * DNSSEC, as a resolver says that checks it (`validating-resolver.ts`).
 */
export type Answer<T> =
  | Found<T>
  | { readonly kind: 'none'; readonly isSigned?: boolean }
  | { readonly kind: 'missing' }
  | { readonly kind: 'trouble'; readonly cause: string };

/** Records. */
export interface Found<T> {
  readonly kind: 'found';
  readonly records: readonly T[];
  readonly isSigned?: boolean;
  /** Whose they are, where the name that was asked for may be an alias. */
  readonly owner?: string;
}

export interface MxRecord {
  readonly preference: number;
  /** Lower case, without the final dot; empty for a null MX (RFC 7505). */
  readonly host: string;
}

/** Which certificates are right for a host, RFC 6698 §2.1. */
export interface TlsaRecord {
  /** 2 DANE-TA: an authority's; 3 DANE-EE: the host's own. */
  readonly usage: number;
  /** 0: the whole certificate; 1: its public key. */
  readonly selector: number;
  /** 0: as it is; 1: its SHA-256; 2: its SHA-512. */
  readonly matching: number;
  readonly octets: Buffer;
}

/** Where names are looked up; a test gives its own. */
export interface Resolver {
  mx(domain: string): Promise<Answer<MxRecord>>;
  /** IPv4 and IPv6 addresses of a host. */
  addresses(host: string): Promise<Answer<string>>;
  /** The TXT records of a name, each with its strings joined (RFC 6376 §3.6.2.2). */
  texts(name: string): Promise<Answer<string>>;
  /** TLSA records; only a resolver has them whose answers say what is signed. */
  tlsa?(name: string): Promise<Answer<TlsaRecord>>;
}

const timeoutMs = 5_000;
const tries = 3;
/** Records of one answer that are looked at. */
const recordsMost = 50;

/** The system's name servers, or those at `servers` (`127.0.0.1:5353`). */
export function systemResolver(servers?: readonly string[]): Resolver {
  const resolver = new NodeResolver({ timeout: timeoutMs, tries });
  if (servers) resolver.setServers(servers);
  return {
    texts: (name) => textsOf(resolver, name),
    async mx(domain) {
      const answer = await ask(() => resolver.resolveMx(domain));
      if (answer.kind !== 'found') return answer;
      const records = answer.records.map(({ priority, exchange }) => ({
        preference: priority,
        host: exchange.toLowerCase().replace(/\.$/, ''),
      }));
      return { kind: 'found', records };
    },
    async addresses(host) {
      const answers = await Promise.all([ask(() => resolver.resolve4(host)), ask(() => resolver.resolve6(host))]);
      const records = answers.flatMap((answer) => (answer.kind === 'found' ? answer.records : []));
      if (records.length > 0) return { kind: 'found', records };
      return answers.find((answer) => answer.kind === 'trouble') ?? answers[0];
    },
  };
}

/** The TXT records of a name from the system's name servers. One try of two seconds: for somebody who waits at a terminal. */
export function systemTexts(name: string): Promise<Answer<string>> {
  return textsOf(new NodeResolver({ timeout: 2_000, tries: 1 }), name);
}

function textsOf(resolver: NodeResolver, name: string): Promise<Answer<string>> {
  return ask(async () => (await resolver.resolveTxt(name)).map((strings) => strings.join('')));
}

async function ask<T>(query: () => Promise<T[]>): Promise<Answer<T>> {
  try {
    const records = (await query()).slice(0, recordsMost);
    return records.length === 0 ? { kind: 'none' } : { kind: 'found', records };
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === 'ENODATA') return { kind: 'none' };
    if (code === 'ENOTFOUND') return { kind: 'missing' };
    return { kind: 'trouble', cause: message };
  }
}
