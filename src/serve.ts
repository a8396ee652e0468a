import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Logger, pino } from 'pino';
import { type ServerSettings, serverSettingRows } from './config.ts';
import { homePaths, initialSettings, readHomeSettings } from './home.ts';
import { type Clock, systemClock } from './lib/clock.ts';
import { systemResolver } from './lib/dns.ts';
import { freePort } from './lib/ports.ts';
import { ensureDirectory } from './lib/files.ts';
import { changeSettingsFile } from './lib/settings-file.ts';
import { events, type Log } from './log.ts';
import type { Failure } from './mail/failure.ts';
import { type Daemon, startDaemon } from './main.ts';
import { playTour } from './tour/tour.ts';
import { makeList } from './list/make.ts';

/** What `ezlm serve` was asked for. */
export interface ServeOptions {
  /** The home directory, absolute. With `sandbox` it is made when it is not there. */
  readonly home: string;
  readonly isSandbox: boolean;
  /** Plays the tour in a temporary home and ends. */
  readonly tourOnly: boolean;
  /** Settings from the command line, over those of `ezlm.json`. */
  readonly overrides: Partial<ServerSettings>;
  /** One line for the reader (standard output). */
  readonly print: (line: string) => void;
  /** One line of talk or complaint (standard error). */
  readonly complain: (line: string) => void;
}

const exitDone = 0;
const exitStepFailed = 1;
/** sysexits: another daemon, a busy port: try again. */
const exitTryAgain = 75;
/** sysexits: settings are missing or wrong. */
const exitConfig = 78;

const sandboxDomain = 'lists.localhost';
const sandboxPort = 2525;
/** How many ports from the sandbox's own on are tried. */
const portsTried = 50;

/** A process that still has something open after the stop is ended after this. */
const lingerMs = 2_000;

/** A daemon as a process. */
interface Served {
  readonly daemon: Daemon;
  /** Reads the settings again. */
  reload(): Promise<void>;
  stop(): Promise<void>;
}

/** Runs the daemon until SIGTERM or SIGINT; a second one ends the process at once. Gives the exit code. */
export async function serve(options: ServeOptions): Promise<number> {
  if (options.tourOnly) return tourOnly(options);
  const settings = options.isSandbox ? await sandboxSettings(options) : await realSettings(options);
  if (!settings) return exitConfig;
  const served = await start(options, settings);
  if (!served) return exitTryAgain;
  if (options.isSandbox) await showSandbox(options, served.daemon);
  const reload = (): void => void served.reload();
  process.on('SIGHUP', reload);
  await stopSignal();
  process.off('SIGHUP', reload);
  await served.stop();
  setTimeout(() => process.exit(exitDone), lingerMs).unref();
  return exitDone;
}

async function tourOnly(options: ServeOptions): Promise<number> {
  const home = await mkdtemp(join(tmpdir(), 'ezlm-tour-'));
  const inside = { ...options, home, isSandbox: true, overrides: { smtp: ['127.0.0.1:0'] } };
  try {
    const settings = await sandboxSettings(inside);
    const served = settings && (await start(inside, settings));
    if (!served) return exitTryAgain;
    const failedStep = await tour(inside, served.daemon);
    await served.stop();
    return failedStep === undefined ? exitDone : exitStepFailed;
  } finally {
    await rm(home, { recursive: true, force: true });
  }
}

async function start(options: ServeOptions, settings: ServerSettings): Promise<Served | undefined> {
  const logger = pinoLogger(settings, options);
  // What counts is loaded only where it is wanted.
  const observation = settings.metrics === '' ? undefined : new (await import('./web/observe.ts')).Observation();
  const plainLog: Log = (event, fields) => logger[events[event].level]({ event, ...fields });
  const log = observation?.counting(plainLog) ?? plainLog;
  const started = await startDaemon({
    directory: options.home,
    settings,
    clock: systemClock,
    log,
    resolver: systemResolver(),
    ...(options.isSandbox ? { sandboxMail: sandboxMail(options.home) } : { deliveryWorkers: settings.deliveryWorkers }),
    ...(observation ? { onStorage: observation.onStorage } : {}),
  });
  if (!started.ok) return refuse(options, started.failure);
  const daemon = started.value;
  const metrics = await observation?.serve(settings.metrics, daemon);
  if (metrics && !metrics.ok) {
    await daemon.stop();
    return refuse(options, metrics.failure);
  }
  for (const line of daemon.addresses) options.complain(`listening for ${line}`);
  if (metrics) options.complain(`listening for HTTP at ${metrics.value.url}: /metrics, /health, /ready`);
  return {
    daemon,
    reload: async () => {
      daemon.wake();
      const next = options.isSandbox ? undefined : await readAgain(options, log);
      if (next) await daemon.reload(next);
      logger.level = levelOf(daemon.home.settings, options);
    },
    stop: async () => {
      observation?.stopping();
      await daemon.stop();
      await metrics?.value.close();
    },
  };
}

function refuse(options: ServeOptions, { text, cause }: Failure): undefined {
  options.complain(`ezlm serve: ${text}`);
  if (cause !== undefined) options.complain(cause);
}

// A file with a mistake changes nothing.
async function readAgain(options: ServeOptions, log: Log): Promise<ServerSettings | undefined> {
  const read = await readHomeSettings(options.home);
  const problems = read ? read.problems : [`there is no ezlm.json in ${options.home}`];
  for (const problem of problems) log('settings.problem', { problem });
  return read && problems.length === 0 ? { ...read.settings, ...options.overrides } : undefined;
}

async function realSettings(options: ServeOptions): Promise<ServerSettings | undefined> {
  const read = await readHomeSettings(options.home);
  if (!read) {
    options.complain(`ezlm serve: there is no ezlm.json in ${options.home}`);
    options.complain('make a home with "ezlm init --domain lists.example.org", or try "ezlm serve --sandbox"');
    return undefined;
  }
  for (const problem of read.problems) options.complain(problem);
  if (read.problems.length > 0) return undefined;
  if (read.settings.sandbox) {
    options.complain(
      `ezlm serve: ${options.home} is a sandbox; serve it with --sandbox, or make a real home with "ezlm init"`,
    );
    return undefined;
  }
  return { ...read.settings, ...options.overrides };
}

// The sandbox writes an ezlm.json that says what it is, so that no plain `serve` ever sends its mail out.
async function sandboxSettings(options: ServeOptions): Promise<ServerSettings | undefined> {
  await ensureDirectory(options.home);
  const read = await readHomeSettings(options.home);
  if (read && !read.settings.sandbox) {
    options.complain(`ezlm serve: ${options.home} is a real home; --sandbox wants a directory of its own`);
    return undefined;
  }
  const given = {
    sandbox: true,
    domains: [sandboxDomain],
    smtp: [`127.0.0.1:${sandboxPort}`],
    postmaster: `postmaster@${sandboxDomain}`,
  };
  if (!read) await changeSettingsFile(serverSettingRows, homePaths(options.home).settings, given);
  const settings = { ...(read?.settings ?? initialSettings(given)), ...options.overrides };
  return options.overrides.smtp
    ? settings
    : { ...settings, smtp: [`127.0.0.1:${await freePort(sandboxPort, portsTried)}`] };
}

function sandboxMail(home: string): string {
  return join(home, 'mail');
}

async function showSandbox(options: ServeOptions, daemon: Daemon): Promise<void> {
  await tour(options, daemon);
  const port = daemon.smtpPort;
  const list = `hello@${sandboxDomain}`;
  if (port !== sandboxPort) options.print(`Port ${sandboxPort} is taken; this sandbox uses ${port}.`);
  options.print('');
  options.print(
    `Still serving. Nothing leaves this machine: all mail goes to Maildirs below ${sandboxMail(options.home)}`,
  );
  options.print('Try next (any SMTP client will do; swaks is a Debian package):');
  options.print(`  swaks --server 127.0.0.1:${port} --from you@example.org --to hello-subscribe@${sandboxDomain}`);
  options.print(`  mutt -f ${join(sandboxMail(options.home), 'you@example.org')}        # reply to what you find`);
  options.print(`  swaks --server 127.0.0.1:${port} --from you@example.org --to ${list} --header "Subject: hello"`);
  options.print(`  npx ezlm --home ${options.home} list ${list}`);
  options.print('Stop with Ctrl-C.');
}

async function tour(options: ServeOptions, daemon: Daemon): Promise<string | undefined> {
  const list = await helloList(options, daemon, systemClock);
  if (typeof list === 'string') {
    options.complain(list);
    return list;
  }
  options.print(`The list ${list.name.address} at work, over SMTP on 127.0.0.1:${daemon.smtpPort}:`);
  const mail = sandboxMail(options.home);
  const failedStep = await playTour({
    list,
    port: daemon.smtpPort,
    mail,
    clock: systemClock,
    say: (line) => options.print(`  ${line}`),
  });
  if (failedStep === undefined) options.print('Every step was seen.');
  else options.complain(`The tour stopped: ${failedStep}`);
  return failedStep;
}

async function helloList(options: ServeOptions, daemon: Daemon, clock: Clock) {
  const { lists } = daemon.home;
  const known = lists.find('hello', sandboxDomain);
  if (known) return lists.open(known);
  const made = await makeList({
    lists,
    address: `hello@${sandboxDomain}`,
    settings: { owner: `owner@example.org`, title: 'The first list' },
    clock,
  });
  return made.ok ? lists.open(made.value) : made.failure.text;
}

function pinoLogger(settings: ServerSettings, options: ServeOptions): Logger {
  const level = levelOf(settings, options);
  return pino({ level, base: null, timestamp: pino.stdTimeFunctions.isoTime }, pino.destination(2));
}

// The sandbox tells its story on standard output; its log is for trouble.
function levelOf({ logLevel }: ServerSettings, { isSandbox }: ServeOptions): string {
  return isSandbox && logLevel === 'info' ? 'warn' : logLevel;
}

function stopSignal(): Promise<void> {
  return new Promise((resolve) => {
    process.once('SIGTERM', () => resolve());
    process.once('SIGINT', () => resolve());
  });
}
