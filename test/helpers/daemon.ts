import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import type { ServerSettings } from '../../src/config.ts';
import { initialSettings } from '../../src/home.ts';
import { type Clock, systemClock } from '../../src/lib/clock.ts';
import type { Resolver } from '../../src/lib/dns.ts';
import type { List } from '../../src/list/list.ts';
import { makeList } from '../../src/list/make.ts';
import type { EventName, Log } from '../../src/log.ts';
import { type Daemon, type DaemonParts, startDaemon } from '../../src/main.ts';
import { type Peer, startPeer } from './peer.ts';

export const listDomain = 'lists.example.org';

/** One event as it was logged. */
export interface LoggedEvent {
  readonly event: EventName;
  readonly fields: Readonly<Record<string, string | number | boolean | undefined>>;
}

/** A daemon of a test, on a home of its own; all its mail goes to `peer`. */
export interface Station {
  readonly directory: string;
  readonly peer: Peer;
  readonly logged: LoggedEvent[];
  /** The daemon that runs now. */
  daemon: Daemon;
  /** Starts a daemon on the same home; the last one must have been stopped. */
  start(): Promise<Daemon>;
}

/** Nobody is there: a test that reaches for the name service fails at once. */
const noNames: Resolver = {
  mx: async () => ({ kind: 'missing' }),
  addresses: async () => ({ kind: 'missing' }),
  texts: async () => ({ kind: 'missing' }),
};

/** The settings that tests begin with: free ports of the loopback, everything to the peer. */
export function stationSettings(peerPort: number, given: Partial<ServerSettings> = {}): ServerSettings {
  return initialSettings({
    domains: [listDomain],
    postmaster: `postmaster@${listDomain}`,
    smtp: ['127.0.0.1:0'],
    lmtp: ['127.0.0.1:0'],
    routes: { '*': `127.0.0.1:${peerPort}` },
    ...given,
  });
}

/** The parts of a daemon as tests join them. */
export function stationParts(
  directory: string,
  settings: ServerSettings,
  log: Log,
  clock: Clock = systemClock,
): DaemonParts {
  return { directory, settings, clock, log, resolver: noNames };
}

/** Starts a peer and a daemon, in a temporary home unless told otherwise; when the test is over both are stopped and the home is removed. */
export async function startStation(
  t: TestContext,
  given: Partial<ServerSettings> = {},
  directory = '',
  clock: Clock = systemClock,
): Promise<Station> {
  const home = directory === '' ? await mkdtemp(join(tmpdir(), 'ezlm-story-')) : directory;
  const peer = await startPeer();
  const logged: LoggedEvent[] = [];
  const settings = stationSettings(peer.port, given);
  const log: Log = (event, fields) => void logged.push({ event, fields });
  const running: Daemon[] = [];
  t.after(async () => {
    for (const daemon of running) await daemon.stop();
    await peer.close();
    await rm(home, { recursive: true, force: true });
  });
  const start = async (): Promise<Daemon> => {
    const started = await startDaemon(stationParts(home, settings, log, clock));
    if (!started.ok) assert.fail(`${started.failure.text}\n${started.failure.cause}`);
    running.push(started.value);
    station.daemon = started.value;
    return started.value;
  };
  const station: Station = { directory: home, peer, logged, daemon: undefined as unknown as Daemon, start };
  await start();
  return station;
}

/** Makes a list in a running daemon's home, which must succeed. */
export async function stationList(
  { home }: Daemon,
  name: string,
  settings: Readonly<Record<string, unknown>> = {},
): Promise<List> {
  const address = `${name}@${listDomain}`;
  const made = await makeList({ lists: home.lists, address, settings, clock: systemClock });
  return made.ok ? home.lists.open(made.value) : assert.fail(made.failure.text);
}
