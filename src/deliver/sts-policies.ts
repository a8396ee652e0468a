import type { Clock } from '../lib/clock.ts';
import type { Answer } from '../lib/dns.ts';
import { Semaphore } from '../lib/semaphore.ts';
import type { KeptSts, StsCache } from '../list/sts-cache.ts';
import type { Log } from '../log.ts';
import { parseStsPolicy, stsId, type StsPolicy } from '../smtp/mta-sts.ts';

export interface StsPoliciesParts {
  readonly texts: (name: string) => Promise<Answer<string>>;
  /** Fetches `https://<host><path>`. */
  readonly fetch: (host: string, path: string) => Promise<string | { readonly trouble: string }>;
  readonly cache: StsCache;
  readonly clock: Clock;
  readonly log: Log;
}

/** After a fetch that failed the same version is left alone for so long (RFC 8461 §3.3 asks for five minutes at least). */
const failedMs = 600_000;
/** Failures that are remembered; the oldest makes room. */
const failuresMost = 10_000;
/** A policy that holds is fetched again after this, or half of its time: an attacker who keeps us from it must do so for long. */
const refreshMs = 86_400_000;
/** Fetches at a time; who comes then waits. Domains without a policy are never among them. */
const fetchesMost = 100;

/** A policy that holds now. */
interface Known extends KeptSts {
  readonly policy: StsPolicy;
}

/** Finds the policies of recipients' domains: by their TXT record, over HTTPS, and what was fetched before (RFC 8461 §3.3). */
export class StsPolicies {
  readonly #parts: StsPoliciesParts;
  /** Until when a version of a policy is not fetched, by `domain id`. */
  readonly #failed = new Map<string, number>();
  /** Fetches under way, by `domain id`. */
  readonly #running = new Map<string, Promise<StsPolicy | undefined>>();
  readonly #fetches = new Semaphore(fetchesMost);

  constructor(parts: StsPoliciesParts) {
    this.#parts = parts;
  }

  /** The policy that holds for mail to a domain; undefined: none, or none that can be had. */
  async of(domain: string): Promise<StsPolicy | undefined> {
    const [known, answer] = await Promise.all([this.#known(domain), this.#parts.texts(`_mta-sts.${domain}`)]);
    const id = answer.kind === 'found' ? stsId(answer.records) : undefined;
    // Whoever can take the record away must not take away the policy: it holds for the time that it was given.
    if (id === undefined) return known?.policy;
    if (known?.id !== id) return (await this.#renewed(domain, id)) ?? known?.policy;
    const { policy, fetched } = known;
    const refreshAt = fetched + Math.min(refreshMs, policy.maxAgeSeconds * 500);
    if (refreshAt <= this.#parts.clock.now()) void this.#renewed(domain, id);
    return policy;
  }

  async #known(domain: string): Promise<Known | undefined> {
    const { cache, clock } = this.#parts;
    const kept = await cache.read(domain).catch((error: unknown) => this.#storageTrouble(error));
    if (!kept || kept.until <= clock.now()) return undefined;
    const policy = parseStsPolicy(kept.text);
    return typeof policy === 'string' ? undefined : { ...kept, policy };
  }

  #renewed(domain: string, id: string): Promise<StsPolicy | undefined> {
    const version = `${domain} ${id}`;
    const running = this.#running.get(version);
    if (running) return running;
    if ((this.#failed.get(version) ?? 0) > this.#parts.clock.now()) return Promise.resolve(undefined);
    const renewing = this.#renew(domain, id).finally(() => this.#running.delete(version));
    this.#running.set(version, renewing);
    return renewing;
  }

  async #renew(domain: string, id: string): Promise<StsPolicy | undefined> {
    const { clock, cache } = this.#parts;
    const text = await this.#fetches.run(() => this.#parts.fetch(`mta-sts.${domain}`, '/.well-known/mta-sts.txt'));
    if (typeof text !== 'string') return this.#fails(domain, id, text.trouble);
    const policy = parseStsPolicy(text);
    if (typeof policy === 'string') return this.#fails(domain, id, `the policy ${policy}`);
    const fetched = clock.now();
    const until = fetched + policy.maxAgeSeconds * 1_000;
    await cache.keep({ domain, id, text, fetched, until }).catch((error: unknown) => this.#storageTrouble(error));
    return policy;
  }

  #fails(domain: string, id: string, reason: string): undefined {
    if (this.#failed.size >= failuresMost) this.#failed.delete(this.#failed.keys().next().value!);
    this.#failed.set(`${domain} ${id}`, this.#parts.clock.now() + failedMs);
    this.#parts.log('sts.trouble', { domain, reason });
  }

  #storageTrouble(error: unknown): undefined {
    this.#parts.log('storage.trouble', { doing: 'keeping policies of MTA-STS', cause: String(error) });
  }
}
