import { readFile } from 'node:fs/promises';
import type { ServerSettings } from './config.ts';
import { answerRequest } from './control.ts';
import { deliveryParts } from './delivery-parts.ts';
import { Deliverer } from './deliver/deliverer.ts';
import { Dispatch } from './dispatch.ts';
import { type Home, homePaths, openHome } from './home.ts';
import type { LaneControl } from './lane-report.ts';
import { hangBell } from './lib/bell.ts';
import type { Clock } from './lib/clock.ts';
import type { Resolver } from './lib/dns.ts';
import { ensureDirectory } from './lib/files.ts';
import { takeFileLock } from './lib/lock.ts';
import { StorageThreads } from './lib/storage-threads.ts';
import type { Log } from './log.ts';
import { failed, permanent, type Result, success, temporary } from './mail/failure.ts';
import { queueFile } from './queue/sqlite-queue.ts';
import type { Claimant } from './queue/store.ts';
import { isOffered } from './command/offered.ts';
import { judgeBeforeReply } from './post/post.ts';
import { type Listen, type Receiver, startReceiver } from './receive/receiver.ts';
import { hostnameOf, joinStages, openListOf, placesOf, templatesOf } from './stages.ts';

/** What a daemon is started with; the world comes in here. */
export interface DaemonParts {
  /** The home, absolute. */
  readonly directory: string;
  readonly settings: ServerSettings;
  readonly clock: Clock;
  readonly log: Log;
  readonly resolver: Resolver;
  /** Where the sandbox keeps what would be sent; without it mail goes out by SMTP. */
  readonly sandboxMail?: string;
  /** What is known of the lanes; without it there are none. */
  readonly lanes?: LaneControl;
}

/** A running daemon. */
export interface Daemon {
  readonly home: Home;
  /** The first SMTP port. */
  readonly smtpPort: number;
  readonly lmtpPort: number | undefined;
  /** What is listened for, as `SMTP on 127.0.0.1:2525`. */
  readonly addresses: readonly string[];
  /** There may be work that nobody told of. */
  wake(): void;
  /** Takes no more mail, ends what is under way, and closes everything. */
  stop(): Promise<void>;
}

/** Claims are the home's: whoever holds its lock takes over what the last daemon left. */
const claimant: Claimant = Object.freeze({ owner: 'daemon', leaseMs: 600_000 });
/** A home is held for this long by a daemon that is just stopping. */
const lockWaitMs = 1_000;
const dayMs = 86_400_000;
const hourMs = 3_600_000;
/** The sandbox has no lanes. */
const noLanes: LaneControl = Object.freeze({
  lanes: async () => [],
  setLane: async () => false,
  outcomes: async () => [],
});

/** Joins the parts of a daemon on a home and starts them. */
export async function startDaemon(parts: DaemonParts): Promise<Result<Daemon>> {
  const paths = homePaths(parts.directory);
  await ensureDirectory(parts.directory);
  const lock = takeFileLock(paths.lock, lockWaitMs);
  if (!lock) return failed(temporary('4.3.0', `another daemon serves ${parts.directory}; stop it first`));
  const undo: (() => Promise<unknown>)[] = [async () => lock.release()];
  try {
    const started = await join(parts, undo);
    if (!started.ok) await unwind(undo);
    return started;
  } catch (error) {
    await unwind(undo);
    return failed(
      temporary('4.3.0', `the daemon could not start: ${(error as Error).message}`, (error as Error).stack),
    );
  }
}

async function join(parts: DaemonParts, undo: (() => Promise<unknown>)[]): Promise<Result<Daemon>> {
  const { settings, clock, log } = parts;
  const wake: { all: () => void } = { all: () => {} };
  const storage = new StorageThreads(enginesModule(), [['queue'], ['outcomes'], ['list', 'server']], () => wake.all());
  undo.push(() => storage.close());
  const home = await openHome({ directory: parts.directory, settings, storage, clock, log });
  await recover(home, log);
  storage.watch(queueFile(home.paths.queue), 'queue');

  const templates = templatesOf(log);
  const deliverer = new Deliverer(
    deliveryParts({ ...parts, home, claimant, onChunkDone: (post) => dispatch.chunkDone(post) }),
  );
  const dispatch = new Dispatch({
    queue: home.queue,
    claimant,
    clock,
    log,
    places: placesOf(home),
    openList: openListOf(home),
    stages: joinStages({ home, claimant, log, templates, onChunk: () => deliverer.wake() }),
    onDeliverable: () => deliverer.wake(),
    lifetimeMs: settings.lifetimeHours * hourMs,
  });
  wake.all = () => {
    dispatch.wake();
    deliverer.wake();
  };
  dispatch.start();
  deliverer.start();
  undo.push(
    () => deliverer.stop(),
    () => dispatch.stop(),
  );
  const receivers = await startReceivers(home, log, () => dispatch.wake(), undo);
  if (!receivers.ok) return receivers;
  const lanes = parts.lanes ?? noLanes;
  const listening = receivers.value.map(({ name }) => name);
  const status = { pid: process.pid, startedAt: clock.now(), listening };
  const bell = await hangBell(
    home.paths.socket,
    () => wake.all(),
    (line) => answerRequest(line, { lanes, status: () => status }),
  );
  undo.push(() => bell.close());
  const forgetting = setInterval(() => void forget(home, log), dayMs);
  undo.push(async () => clearInterval(forgetting));
  log('daemon.started', { home: parts.directory, listening: listening.join(', ') });
  return success(daemonOf(home, receivers.value, () => wake.all(), undo, log));
}

// What the last run had claimed is given back, and posts whose end it did not come to write are ended.
async function recover({ queue }: Home, log: Log): Promise<void> {
  const recovered = await queue.recover(claimant.owner);
  if (recovered.entries + recovered.chunks + recovered.recipients > 0) log('daemon.recovered', recovered);
  for await (const posts of queue.entries({ kind: 'post' })) {
    for (const post of posts) if (await queue.finishPost(post.id)) log('post.sent', { entry: post.id });
  }
}

function daemonOf(
  home: Home,
  receivers: readonly { listen: Listen; port: number; name: string }[],
  wake: () => void,
  undo: (() => Promise<unknown>)[],
  log: Log,
): Daemon {
  const port = (protocol: Listen['protocol']) => receivers.find(({ listen }) => listen.protocol === protocol)?.port;
  return {
    home,
    smtpPort: port('smtp') ?? 0,
    lmtpPort: port('lmtp'),
    addresses: receivers.map(({ name }) => name),
    wake,
    stop: async () => {
      log('daemon.stopping', {});
      await unwind(undo);
    },
  };
}

// The last that was started ends first: no new mail, then what is under way, then the disk, then the lock.
async function unwind(undo: (() => Promise<unknown>)[]): Promise<void> {
  for (const step of undo.splice(0).toReversed()) await step();
}

async function startReceivers(
  home: Home,
  log: Log,
  onAccepted: () => void,
  undo: (() => Promise<unknown>)[],
): Promise<Result<{ listen: Listen; port: number; name: string }[]>> {
  const { settings, clock, newId, queue } = home;
  const tls = await tlsFiles(settings);
  if (!tls.ok) return tls;
  const openList = openListOf(home);
  const running: { listen: Listen; port: number; name: string }[] = [];
  for (const listen of [...listens(settings.smtp, 'smtp'), ...listens(settings.lmtp, 'lmtp')]) {
    const started: Result<Receiver> = await startReceiver(listen, {
      settings,
      hostname: hostnameOf(settings),
      ...tls.value,
      places: placesOf(home),
      isOffered,
      judge: async (sender, name, message) => {
        const list = openList(name.address);
        return list ? judgeBeforeReply(sender, list, message) : permanent('5.1.1', 'there is no such list');
      },
      accept: (messages, entries) => queue.accept(messages, entries),
      onAccepted,
      clock,
      log,
      newId,
    });
    if (!started.ok) return started;
    undo.push(() => started.value.close());
    const { port } = started.value;
    running.push({ listen, port, name: `${listen.protocol.toUpperCase()} on ${listen.host}:${port}` });
  }
  return success(running);
}

function listens(places: readonly string[], protocol: Listen['protocol']): Listen[] {
  return places.map((place) => {
    const at = place.lastIndexOf(':');
    return { host: place.slice(0, at).replace(/^\[|\]$/g, ''), port: Number(place.slice(at + 1)), protocol };
  });
}

async function tlsFiles({
  tlsCertificate,
  tlsKey,
}: ServerSettings): Promise<Result<{ tls?: { cert: Buffer; key: Buffer } }>> {
  if (tlsCertificate === '' || tlsKey === '') return success({});
  try {
    return success({ tls: { cert: await readFile(tlsCertificate), key: await readFile(tlsKey) } });
  } catch (error) {
    return failed(permanent('5.3.5', `the TLS certificate cannot be read: ${(error as Error).message}`));
  }
}

async function forget(home: Home, log: Log): Promise<void> {
  try {
    await home.queue.forget(home.settings.outcomeDays);
  } catch (error) {
    log('storage.trouble', { doing: 'removing old outcomes', cause: String(error) });
  }
}

function enginesModule(): string {
  return new URL(import.meta.url.endsWith('.ts') ? './engines.ts' : './engines.js', import.meta.url).href;
}
