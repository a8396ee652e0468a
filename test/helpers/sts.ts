import type { TestContext } from 'node:test';
import { StsPolicies } from '../../src/deliver/sts-policies.ts';
import { engines } from '../../src/engines.ts';
import type { Clock } from '../../src/lib/clock.ts';
import { systemResolver } from '../../src/lib/dns.ts';
import { httpsText } from '../../src/lib/https-text.ts';
import { inlineStorage } from '../../src/lib/storage.ts';
import { stsCache } from '../../src/list/sts-cache.ts';
import { type Authority, makeAuthority } from './authority.ts';
import { type NameServer, rdata, startNameServer } from './name-server.ts';
import { type PolicyHost, startPolicyHost } from './policy-host.ts';
import { temporaryDirectory } from './temporary.ts';

/** A recipient's domain with a policy of MTA-STS: its names, its web server, the authority of its certificates. */
export interface StsWorld {
  readonly domain: string;
  readonly names: NameServer;
  readonly web: PolicyHost;
  readonly authority: Authority;
  readonly logged: string[];
  /** A daemon's policies; each call is a new run on the same home. */
  run(): StsPolicies;
  /** Publishes a policy; the id is that of its TXT record, without it there is none. */
  publish(id: string | undefined, policy: string): void;
}

const domain = 'd.example';

/** The text of a policy. */
export function policyText(mode: string, mx: readonly string[] = ['mx.d.example'], maxAge = 86_400): string {
  const names = mx.map((name) => `mx: ${name}\n`).join('');
  return `version: STSv1\nmode: ${mode}\n${names}max_age: ${maxAge}\n`;
}

/** Starts one whose MX is `mx.d.example` on the loopback; it ends with the test. */
export async function startStsWorld(t: TestContext, clock: Clock): Promise<StsWorld> {
  const authority = await makeAuthority(t);
  const web = await startPolicyHost(t, await authority.issue(`DNS:mta-sts.${domain}`), {});
  const loopback = { records: [rdata.a('127.0.0.1')] };
  const names = await startNameServer(t, {
    [`${domain} MX`]: { records: [rdata.mx(10, `mx.${domain}`)] },
    [`mx.${domain} A`]: loopback,
    [`mta-sts.${domain} A`]: loopback,
  });
  const resolver = systemResolver([names.place]);
  const storages: ReturnType<typeof inlineStorage>[] = [];
  const directory = await temporaryDirectory(t, async () => {
    for (const storage of storages) await storage.close();
  });
  const logged: string[] = [];
  return {
    domain,
    names,
    web,
    authority,
    logged,
    run: () => {
      const storage = inlineStorage(engines);
      storages.push(storage);
      return new StsPolicies({
        texts: (name) => resolver.texts(name),
        fetch: (host, path) =>
          httpsText(host, path, {
            resolver,
            timeoutMs: 2_000,
            octetsMost: 65_536,
            mayReach: (address) => address === '127.0.0.1',
            port: web.port,
            authorities: authority.cert,
          }),
        cache: stsCache(storage, `${directory}/server.db`),
        clock,
        log: (event, fields) => void logged.push([event, ...Object.values(fields)].join(' ')),
      });
    },
    publish: (id, policy) => {
      web.answer = { body: policy };
      if (id === undefined) names.zone.delete(`_mta-sts.${domain} TXT`);
      else names.zone.set(`_mta-sts.${domain} TXT`, { records: [rdata.txt('v=STSv1; ', `id=${id};`)] });
    },
  };
}
