import { join } from 'node:path';
import { type BounceTools, recordRefusals } from './bounce/bounce.ts';
import type { OwnField } from './deliver/copy-heads.ts';
import type { DelivererParts } from './deliver/deliverer.ts';
import { ownEndpoints } from './deliver/own-endpoints.ts';
import { providerName } from './deliver/providers.ts';
import { SandboxCarrier } from './deliver/sandbox-carrier.ts';
import { defaultTimeouts, netDialer } from './deliver/session-setup.ts';
import { SmtpCarrier, type SmtpCarrierParts } from './deliver/smtp-carrier.ts';
import { StsPolicies } from './deliver/sts-policies.ts';
import type { TrafficPort } from './deliver/traffic-messages.ts';
import type { Refusal } from './deliver/results.ts';
import { keysOf } from './domain/signing-keys.ts';
import type { Home } from './home.ts';
import type { Resolver } from './lib/dns.ts';
import { httpsText } from './lib/https-text.ts';
import type { Id } from './lib/ids.ts';
import { readSecret } from './lib/secrets.ts';
import { leaveAddress } from './list/leave-address.ts';
import type { Log } from './log.ts';
import { CopySenders } from './mail/copy-senders.ts';
import { failed, type Result, success, temporary } from './mail/failure.ts';
import { noticeParts } from './notice-parts.ts';
import type { Claimant, Entry } from './queue/store.ts';
import { parseRoutes } from './smtp/next-hop.ts';
import { SigningThreads } from './signing-thread.ts';
import { hostnameOf, openListOf } from './stages.ts';

const hourMs = 3_600_000;
/** Of a policy file: 64 KiB as RFC 8461 §3.3 has it; the minute that it suggests is long for mail that waits. */
const policyLimits = { timeoutMs: 10_000, octetsMost: 65_536 } as const;

export interface DeliveryWishes {
  readonly home: Home;
  readonly claimant: Claimant;
  readonly log: Log;
  readonly resolver: Resolver;
  readonly sandboxMail?: string;
  /** The book that grants connections. */
  readonly traffic: TrafficPort;
  readonly onChunkDone: (post: Id) => void;
  /** A notice of what became of a mail is in the queue. */
  readonly onNotice: () => void;
  /** A step of a list's ladder, or an alarm, is due. */
  readonly onBouncesDue: (list: string, due: number) => void;
}

/** Gives the deliver stage what it needs of the other materials: VERP senders, and where refusals are recorded. */
export function deliveryParts({
  home,
  claimant,
  log,
  resolver,
  sandboxMail,
  traffic,
  onChunkDone,
  onNotice,
  onBouncesDue,
}: DeliveryWishes): DelivererParts {
  const { settings, queue, clock } = home;
  const hostname = hostnameOf(settings);
  return {
    queue,
    claimant,
    clock,
    log,
    random: Math.random,
    limits: {
      get lifetimeMs() {
        return settings.lifetimeHours * hourMs;
      },
      get tellsDelivered() {
        return settings.logLevel === 'debug';
      },
      get delayNoticeMs() {
        return settings.delayNoticeHours * hourMs;
      },
    },
    notices: noticeParts(home),
    onNotice,
    onChunkDone,
    onRefused: (refusals) => refused(home, refusals, { clock, log, providerOf: providerName, onDue: onBouncesDue }),
    keysOf: keysOf(home.paths.keys, clock, (reason) => log('keys.trouble', { reason })),
    sendersOf: (post) => sendersOf(home, post),
    ownFieldOf: (post) => ownFieldOf(home, post),
    signing: new SigningThreads(),
    carrier: (port) =>
      sandboxMail === undefined
        ? new SmtpCarrier(
            {
              traffic,
              get routes() {
                return parseRoutes(settings.routes);
              },
              get sourceAddresses() {
                return settings.sourceAddresses;
              },
              get ownHosts() {
                return [hostname, ...settings.domains];
              },
              stsOf: stsOf(home, resolver, log),
              secretOf: (name) => secretOf(home, name),
              isOwn: ownEndpoints([...settings.smtp, ...settings.lmtp]),
              resolver,
              clock,
              log,
              random: Math.random,
              dialer: netDialer,
              timeouts: defaultTimeouts,
              hostname,
            },
            port,
          )
        : new SandboxCarrier(sandboxMail, { clock, hostname, traffic }, port),
  };
}

function stsOf({ settings, sts, clock }: Home, resolver: Resolver, log: Log): NonNullable<SmtpCarrierParts['stsOf']> {
  const policies = new StsPolicies({
    texts: (name) => resolver.texts(name),
    fetch: (host, path) => httpsText(host, path, { resolver, ...policyLimits }),
    cache: sts,
    clock,
    log,
  });
  return async (domain) => (settings.mtaSts ? policies.of(domain) : undefined);
}

async function secretOf({ paths }: Home, name: string): Promise<Result<string>> {
  const secret = await readSecret(join(paths.secrets, name));
  return typeof secret === 'string' ? success(secret) : failed(temporary('4.7.0', `secrets/${name} ${secret.trouble}`));
}

async function sendersOf(home: Home, post: Entry): Promise<CopySenders | undefined> {
  const list = openListOf(home)(post.recipient);
  if (!list || !post.post) return undefined;
  const keys = await list.keys();
  const { number, role } = post.post;
  const { name, id, domain } = list.name;
  const prefix = role === 'digest' ? `${name}-digest` : name;
  return new CopySenders({ prefix, listId: id, domain, number }, keys.copyMac(number));
}

// RFC 2369 §3.2.
async function ownFieldOf(home: Home, post: Entry): Promise<OwnField | undefined> {
  const list = openListOf(home)(post.recipient);
  if (!list || (await list.settings()).unsubscribe === 'list') return undefined;
  const keys = await list.keys();
  const valueOf: OwnField['valueOf'] = (id, address) => `<mailto:${leaveAddress(list.name, { id, address }, keys)}>`;
  return { name: 'List-Unsubscribe', valueOf };
}

async function refused(home: Home, refusals: readonly Refusal[], tools: BounceTools): Promise<void> {
  for (const [post, some] of Map.groupBy(refusals, (refusal) => refusal.post)) {
    const entry = await home.queue.entry(post);
    const list = entry && openListOf(home)(entry.recipient);
    if (!list || !entry.post) continue;
    const { number } = entry.post;
    const members = some.map(({ member, address, host, reply, at }) => ({
      member,
      address,
      number,
      host,
      reply,
      at,
      cause: `${post}:${member}`,
    }));
    await recordRefusals(list, members, tools);
  }
}
