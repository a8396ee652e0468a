import type { TestContext } from 'node:test';
import { Deliverer } from '../../src/deliver/deliverer.ts';
import type { Refusal } from '../../src/deliver/results.ts';
import type { SessionTimeouts } from '../../src/deliver/session-parts.ts';
import { defaultTimeouts, netDialer } from '../../src/deliver/session-setup.ts';
import { SmtpCarrier, type SmtpCarrierParts } from '../../src/deliver/smtp-carrier.ts';
import { Traffic } from '../../src/deliver/traffic.ts';
import { trafficHere } from '../../src/deliver/traffic-port.ts';
import { engines } from '../../src/engines.ts';
import { type Id, idMaker } from '../../src/lib/ids.ts';
import { inlineStorage } from '../../src/lib/storage.ts';
import { packMembers } from '../../src/list/packed.ts';
import type { EventName } from '../../src/log.ts';
import type { Reader } from '../../src/queue/notice.ts';
import { openSqliteQueue } from '../../src/queue/sqlite-queue.ts';
import type { OutcomeState } from '../../src/queue/outcome.ts';
import type { QueueStore, Trace } from '../../src/queue/store.ts';
import { parseRoutes } from '../../src/smtp/next-hop.ts';
import { StandingClock } from './standing-clock.ts';
import { temporaryDirectory } from './temporary.ts';
import { sendersBy } from './senders.ts';

export const list = 'news@lists.example.org';
/** Whoever sends a single mail. */
export const author = 'ann@elsewhere.example';
const hostname = 'lists.example.org';
const claimant = { owner: 'deliver-0', leaseMs: 86_400_000 };

export interface OutgoingWishes {
  /** Where all mail goes, as in the setting `routes`; without it to the MX hosts. */
  readonly route?: string;
  readonly timeouts?: Partial<SessionTimeouts>;
  readonly lifetimeMs?: number;
  readonly connections?: number;
  /** How mail is carried otherwise. */
  readonly carrier?: Partial<SmtpCarrierParts>;
}

/** The deliver stage on a queue of its own, by a clock that stands: no jitter in its retries. */
export interface Outgoing {
  readonly clock: StandingClock;
  readonly queue: QueueStore;
  readonly logged: readonly { readonly event: EventName; readonly fields: Readonly<Record<string, unknown>> }[];
  /** What was told to the list's book of bounces. */
  readonly refusals: readonly Refusal[];
  /** Puts a post for these recipients into the queue, as one chunk. */
  post(recipients: readonly string[], text?: string): Promise<Id>;
  /** Puts a single mail into the queue. */
  mail(recipient: string, text?: string): Promise<Id>;
  /** Every recipient's attempts of the latest post. */
  traces(): Promise<Trace[]>;
  /** Attempts so far that ended so; told to the book twice a second. */
  attempts(state: OutcomeState): Promise<number>;
  /** It is this time now, and who is due is tried. */
  moveTo(at: number): void;
}

const letter = 'From: ann@elsewhere.example\r\nSubject: hi\r\n\r\n.dot\r\nhello\r\n';

/** Starts one; it ends with the test. */
export async function startOutgoing(t: TestContext, wishes: OutgoingWishes): Promise<Outgoing> {
  const ends: (() => Promise<void>)[] = [];
  const directory = await temporaryDirectory(t, async () => {
    for (const end of ends) await end();
  });
  const clock = new StandingClock();
  const newId = idMaker(clock);
  const storage = inlineStorage(engines);
  const queue = await openSqliteQueue({ storage, directory, clock });
  const logged: { event: EventName; fields: Readonly<Record<string, unknown>> }[] = [];
  const refusals: Refusal[] = [];
  const log = (event: EventName, fields: Readonly<Record<string, unknown>>): void =>
    void logged.push({ event, fields });
  const connections = wishes.connections ?? 20;
  const traffic = new Traffic({
    clock,
    log,
    random: () => 0,
    providers: [],
    laneConnections: connections,
    routeConnections: connections,
    connectionsOut: 100,
  });
  const deliverer = new Deliverer({
    queue,
    claimant,
    clock,
    log,
    random: () => 0,
    limits: {
      lifetimeMs: wishes.lifetimeMs ?? 5 * 86_400_000,
      delayNoticeMs: 4 * 3_600_000,
      tellsDelivered: true,
    },
    notices: { clock, newId, hostname, domain: hostname, readerOf: readerOf },
    onNotice: () => {},
    onChunkDone: () => {},
    onRefused: async (some) => void refusals.push(...some),
    keysOf: async () => [],
    sendersOf: async () =>
      sendersBy((member, address) => `news-return-${member}-${address.replace(/@.*/, '')}@${hostname}`),
    ownFieldOf: async () => undefined,
    signing: { signer: () => () => {}, close: () => {} },
    carrier: (port) =>
      new SmtpCarrier(
        {
          traffic: trafficHere(traffic),
          routes: parseRoutes(wishes.route === undefined ? {} : { '*': wishes.route }),
          sourceAddresses: [],
          resolver: {
            mx: async () => ({ kind: 'missing' }),
            addresses: async () => ({ kind: 'missing' }),
            texts: async () => ({ kind: 'missing' }),
          },
          clock,
          log,
          random: () => 0,
          ownHosts: [],
          dialer: netDialer,
          timeouts: { ...defaultTimeouts, ...wishes.timeouts },
          hostname,
          ...wishes.carrier,
        },
        port,
      ),
  });
  deliverer.start();
  ends.push(async () => {
    await deliverer.stop(30_000);
    traffic.stop();
    await storage.close();
  });
  let posts = 0;
  const accept = async (change: { kind: 'mail' | 'post'; recipient: string }, text: string): Promise<Id> => {
    const message = { id: newId(), body: Buffer.from(text, 'latin1') };
    const id = newId();
    const isPost = change.kind === 'post';
    const post = { list, number: ++posts, role: 'subscriber', lastMember: 1_000_000 } as const;
    const more = isPost ? { post } : {};
    const entry = {
      id,
      message: message.id,
      sender: author,
      list: '',
      cause: id,
      due: clock.now(),
      ...change,
      ...more,
    };
    await queue.accept([message], [entry]);
    return id;
  };
  return {
    clock,
    queue,
    logged,
    refusals,
    post: async (recipients, text = letter) => {
      const id = await accept({ kind: 'post', recipient: list }, text);
      const members = recipients.map((address, at) => ({ member: at + 1, address }));
      const chunk = { domain: '', packed: packMembers(members), count: members.length };
      await queue.claim(claimant, ['post'], 1);
      await queue.cutChunk(claimant, id, chunk, undefined);
      deliverer.wake();
      return id;
    },
    mail: async (recipient, text = letter) => {
      const id = await accept({ kind: 'mail', recipient }, text);
      deliverer.wake();
      return id;
    },
    traces: async () => {
      const all: Trace[] = [];
      for await (const page of queue.trace(list, posts)) all.push(...page);
      return all;
    },
    attempts: async (state) => {
      const counts = await traffic.outcomes();
      return counts.filter((one) => one.state === state).reduce((sum, { count }) => sum + count, 0);
    },
    moveTo: (at) => {
      clock.moveTo(at);
      deliverer.wake();
    },
  };
}

function readerOf(address: string): Reader {
  if (address === '') return { kind: 'nobody' };
  return address.endsWith(`@${hostname}`) ? { kind: 'postmaster' } : { kind: 'elsewhere' };
}
