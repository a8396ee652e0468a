import { BounceRounds } from './bounce-rounds.ts';
import type { ServerSettings } from './config.ts';
import { answerRequest } from './control.ts';
import { type Delivery, deliveryOwners, startDelivery } from './delivery.ts';
import { Dispatch } from './dispatch.ts';
import { type Home, homePaths, openHome } from './home.ts';
import type { LaneControl } from './lane-report.ts';
import { hangBell } from './lib/bell.ts';
import type { Clock } from './lib/clock.ts';
import type { Resolver } from './lib/dns.ts';
import { ensureDirectory } from './lib/files.ts';
import { Lately } from './lib/lately.ts';
import { takeFileLock } from './lib/lock.ts';
import { rest } from './lib/rest.ts';
import { endAll, type Running } from './lib/running.ts';
import { StorageThreads } from './lib/storage-threads.ts';
import { timedStorage } from './lib/timed-storage.ts';
import type { Templates } from './list/templates.ts';
import type { Log } from './log.ts';
import { failed, type Result, success, temporary } from './mail/failure.ts';
import { noticeParts } from './notice-parts.ts';
import { queueFile } from './queue/sqlite-queue.ts';
import type { Claimant } from './queue/store.ts';
import type { Listen } from './receive/receiver.ts';
import { type RunningReceiver, startReceivers, tlsFiles } from './receivers.ts';
import { type Changed, LiveSettings } from './reload.ts';
import { bounceRoundOf, joinStages, openListOf, placesOf, templatesOf } from './stages.ts';

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
  /** Threads that deliver; without it the main thread does, with this clock and resolver. */
  readonly deliveryWorkers?: number;
  /** Hears how long each call to a kind of database took, in milliseconds. */
  readonly onStorage?: (engine: string, ms: number) => void;
}

/** A running daemon. */
export interface Daemon {
  readonly home: Home;
  /** The first SMTP port. */
  readonly smtpPort: number;
  readonly lmtpPort: number | undefined;
  /** What is listened for, as `SMTP on 127.0.0.1:2525`. */
  readonly addresses: readonly string[];
  readonly lanes: LaneControl;
  /** There may be work that nobody told of. */
  wake(): void;
  /** Looks after the bounces of every list now: what is due is done. */
  lookAfterBounces(): Promise<void>;
  /** Takes over settings that were read again, and the certificate anew; says what could be taken over. */
  reload(settings: ServerSettings): Promise<Changed>;
  /** Takes no more mail, ends what is under way within `stopSeconds`, and closes everything. */
  stop(): Promise<void>;
}

/** Claims are the home's: whoever holds its lock takes over what the last daemon left. */
const claimant: Claimant = Object.freeze({ owner: 'daemon', leaseMs: 600_000 });
/** A home is held for this long by a daemon that is just stopping. */
const lockWaitMs = 1_000;
/** A post goes out when so many chunks are done within so many milliseconds. */
const bulk = { chunks: 4, ms: 1_000 };
/**
 * While one does, the main thread rests so long behind each round of replies, in milliseconds, when others deliver: what comes meanwhile is
 * read with one wake-up. At 1,000 messages a second the post keeps 5 % more of its rate (measured).
 */
const restMs = 2;
const dayMs = 86_400_000;
const hourMs = 3_600_000;
/** Joins the parts of a daemon on a home and starts them. */
export async function startDaemon(parts: DaemonParts): Promise<Result<Daemon>> {
  const paths = homePaths(parts.directory);
  await ensureDirectory(parts.directory);
  const lock = takeFileLock(paths.lock, lockWaitMs);
  if (!lock) return failed(temporary('4.3.0', `another daemon serves ${parts.directory}; stop it first`));
  const running: Running[] = [{ what: 'the lock', end: async () => lock.release() }];
  try {
    const started = await join(parts, running);
    if (!started.ok) await endAll(running, 0, parts.clock);
    return started;
  } catch (error) {
    await endAll(running, 0, parts.clock);
    return failed(
      temporary('4.3.0', `the daemon could not start: ${(error as Error).message}`, (error as Error).stack),
    );
  }
}

async function join(parts: DaemonParts, running: Running[]): Promise<Result<Daemon>> {
  const { clock, log } = parts;
  const live = new LiveSettings(parts.settings);
  const settings = live.values;
  const wake: { all: () => void } = { all: () => {} };
  const chunks = new Lately(clock, bulk.chunks, bulk.ms);
  const { home, threads } = await openOnThreads({ ...parts, settings }, chunks, wake, running);

  const templates = templatesOf(log);
  const deliverer = await startDelivery({
    home,
    threads,
    workers: parts.deliveryWorkers ?? 0,
    leaseMs: claimant.leaseMs,
    log,
    resolver: parts.resolver,
    sandboxMail: parts.sandboxMail,
    onChunkDone: (post) => {
      chunks.note();
      dispatch.chunkDone(post);
    },
    onNotice: () => dispatch.wake(),
    onBouncesDue: (list, due) => rounds.due(list, due),
  });
  const rounds = roundsOf(home, log, templates, () => wake.all());
  const dispatch = new Dispatch({
    queue: home.queue,
    claimant,
    clock,
    log,
    places: placesOf(home),
    openList: openListOf(home),
    notices: noticeParts(home),
    stages: joinStages({
      home,
      claimant,
      log,
      templates,
      onChunk: () => deliverer.wake(),
      onBouncesDue: (list, due) => rounds.due(list, due),
    }),
    onDeliverable: () => deliverer.wake(),
    get lifetimeMs() {
      return settings.lifetimeHours * hourMs;
    },
  });
  wake.all = () => {
    dispatch.wake();
    deliverer.wake();
  };
  dispatch.start();
  rounds.start();
  running.push(
    { what: 'the bounces', isWork: true, end: () => rounds.stop() },
    { what: 'delivery', isWork: true, end: (workMs) => deliverer.stop(workMs) },
    { what: 'dispatch', isWork: true, end: () => dispatch.stop() },
  );
  const taking = {
    accept: dispatch.accept.bind(dispatch),
    onAccepted: (isMail: boolean) => (isMail ? deliverer.wake() : undefined),
    onReplied: () => (parts.deliveryWorkers && chunks.isMany ? rest(restMs) : undefined),
  };
  const receivers = await startReceivers(home, log, taking, running);
  if (!receivers.ok) return receivers;
  const { lanes } = deliverer;
  await openDoors(parts, home, lanes, receivers.value, () => wake.all(), running);
  return success(daemonOf({ home, live, deliverer, rounds, running, log, wake: () => wake.all() }, receivers.value));
}

// The home, its databases on threads of their own, and in it what the last run has left.
async function openOnThreads(
  { directory, settings, clock, log, onStorage }: DaemonParts,
  chunks: Lately,
  wake: { readonly all: () => void },
  running: Running[],
): Promise<{ home: Home; threads: StorageThreads }> {
  const threads = new StorageThreads(enginesModule(), [['queue'], ['outcomes'], ['list', 'server']], () => wake.all());
  running.push({ what: 'the storage', end: () => threads.close() });
  const storage = onStorage ? timedStorage(threads, () => performance.now(), onStorage) : threads;
  const isBusy = (): boolean => chunks.isMany;
  const home = await openHome({ directory, settings, storage, clock, log, isDaemon: true, isBusy });
  running.push({ what: 'the queue', end: () => home.queue.close() });
  await recover(home, log);
  threads.watch(queueFile(home.paths.queue), 'queue');
  return { home, threads };
}

// The socket for commands, and what is done once a day.
async function openDoors(
  { directory, clock, log }: DaemonParts,
  home: Home,
  lanes: LaneControl,
  receivers: readonly RunningReceiver[],
  wake: () => void,
  running: Running[],
): Promise<void> {
  const listening = receivers.map(({ name }) => name);
  const status = { pid: process.pid, startedAt: clock.now(), listening };
  const bell = await hangBell(home.paths.socket, wake, (line) => answerRequest(line, { lanes, status: () => status }));
  running.push({ what: 'the socket', isWork: true, end: () => bell.close() });
  const forgetting = setInterval(() => void forget(home, log), dayMs);
  running.push({ what: 'the clean-up', end: async () => clearInterval(forgetting) });
  log('daemon.started', { home: directory, listening: listening.join(', ') });
}

function roundsOf(home: Home, log: Log, templates: Templates, wake: () => void): BounceRounds {
  const round = bounceRoundOf({ home, log, templates });
  return new BounceRounds({
    clock: home.clock,
    log,
    all: () => home.lists.all(),
    open: openListOf(home),
    run: async (list) => {
      const next = await round(list);
      wake();
      return next;
    },
  });
}

// What the last run had claimed is given back, and posts whose end it did not come to write are ended.
async function recover({ queue }: Home, log: Log): Promise<void> {
  const owners = [claimant.owner, ...deliveryOwners()];
  const recovered = { entries: 0, chunks: 0, recipients: 0 };
  for (const owner of owners) {
    const { entries, chunks, recipients } = await queue.recover(owner);
    recovered.entries += entries;
    recovered.chunks += chunks;
    recovered.recipients += recipients;
  }
  if (recovered.entries + recovered.chunks + recovered.recipients > 0) log('daemon.recovered', recovered);
  for await (const posts of queue.entries({ kind: 'post' })) {
    for (const post of posts) if (await queue.finishPost(post.id)) log('post.sent', { entry: post.id });
  }
}

interface Joined {
  readonly home: Home;
  readonly live: LiveSettings;
  readonly deliverer: Delivery;
  readonly rounds: BounceRounds;
  readonly running: Running[];
  readonly log: Log;
  readonly wake: () => void;
}

function daemonOf(joined: Joined, receivers: readonly RunningReceiver[]): Daemon {
  const { home, live, deliverer, rounds, running, log, wake } = joined;
  const port = (protocol: Listen['protocol']) =>
    receivers.find(({ listen }) => listen.protocol === protocol)?.receiver.port;
  return {
    home,
    smtpPort: port('smtp') ?? 0,
    lmtpPort: port('lmtp'),
    addresses: receivers.map(({ name }) => name),
    lanes: deliverer.lanes,
    wake,
    lookAfterBounces: () => rounds.walk(),
    reload: async (settings) => {
      const changed = live.replace(settings);
      await deliverer.renew();
      const tls = await tlsFiles(live.values);
      if (tls.ok) for (const { receiver } of receivers) receiver.renew(tls.value.tls);
      else log('settings.problem', { problem: tls.failure.text });
      const { live: taken, later } = changed;
      log('settings.reloaded', { takenOver: taken.join(', '), needRestart: later.join(', '), certificate: tls.ok });
      return changed;
    },
    stop: async () => {
      const seconds = live.values.stopSeconds;
      log('daemon.stopping', { seconds });
      const cut = await endAll(running, seconds * 1_000, home.clock);
      if (cut.length > 0) log('daemon.cut', { seconds, what: cut.join(', ') });
      else log('daemon.stopped', {});
    },
  };
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
