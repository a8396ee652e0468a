import type { Clock } from '../lib/clock.ts';
import type { Resolver } from '../lib/dns.ts';
import type { Log } from '../log.ts';
import type { Failure, Result } from '../mail/failure.ts';
import type { NextHop } from '../smtp/next-hop.ts';
import type { AttemptResult, Carrier, CarrierPort, Run } from './delivery.ts';
import { FlushRound } from './flush-round.ts';
import { type NextHops, nextHops } from './hosts.ts';
import { Lane } from './lane.ts';
import type { IsOwn } from './own-endpoints.ts';
import type { SetupParts } from './session-setup.ts';

export interface SmtpCarrierParts extends SetupParts {
  readonly resolver: Resolver;
  readonly clock: Clock;
  readonly log: Log;
  readonly routes: ReadonlyMap<string, NextHop>;
  readonly ownHosts: readonly string[];
  readonly isOwn?: IsOwn;
  readonly random: () => number;
  readonly laneConnections: number;
  readonly routeConnections: number;
  readonly connectionsOut: number;
}

/** How long the next hops of a domain are remembered, and at most how many domains. */
const hopsKeptMs = 300_000;
const hopsKeptMost = 50_000;
/** How often a stop looks whether the last transaction has ended, and how long it waits for it. */
const stopPollMs = 10;
const stopMostMs = 30_000;

/** Carries deliveries by SMTP: finds each domain's lane and lets the lanes share the server's connections. */
export class SmtpCarrier implements Carrier {
  readonly #parts: SmtpCarrierParts;
  readonly #port: CarrierPort;
  readonly #lanes = new Map<string, Lane>();
  readonly #hops = new Map<string, { until: number; found: Promise<Result<NextHops>>; lane?: Lane }>();
  readonly #round = new FlushRound();
  #connections = 0;
  /** Where the round over the lanes goes on: no lane is always first. */
  #turn = 0;

  constructor(parts: SmtpCarrierParts, port: CarrierPort) {
    this.#parts = parts;
    this.#port = port;
  }

  carry(domain: string, run: Run, isSingle: boolean): void {
    void this.#find(domain).then((found) => {
      if (found.ok) this.#lane(domain, found.value).add(run, isSingle);
      else this.#settleAll(run, resultOf(found.failure));
    });
  }

  resume(): void {
    const lanes = [...this.#lanes];
    for (let n = 0; n < lanes.length; n++) lanes[(this.#turn + n) % lanes.length]![1].pump();
    this.#turn = lanes.length === 0 ? 0 : (this.#turn + 1) % lanes.length;
    for (const [key, lane] of lanes) if (lane.isEmpty && !lane.isBusy) this.#lanes.delete(key);
  }

  busyDomains(): string[] {
    return [...this.#hops].filter(([, known]) => known.lane?.isBusy).map(([domain]) => domain);
  }

  async stop(): Promise<void> {
    for (const lane of this.#lanes.values()) lane.stop();
    for (let waited = 0; this.#connections > 0 && waited < stopMostMs; waited += stopPollMs) {
      await this.#parts.clock.sleep(stopPollMs);
    }
  }

  #settleAll(run: Run, result: AttemptResult): void {
    for (let one = run.take(); one; one = run.take()) {
      this.#port.begun();
      this.#port.settle(one, result);
    }
  }

  #find(domain: string): Promise<Result<NextHops>> {
    const now = this.#parts.clock.now();
    const known = this.#hops.get(domain);
    if (known && known.until > now) return known.found;
    if (this.#hops.size >= hopsKeptMost) this.#hops.clear();
    const found = nextHops(domain, this.#parts);
    this.#hops.set(domain, { until: now + hopsKeptMs, found });
    return found;
  }

  #lane(domain: string, hops: NextHops): Lane {
    const lane = this.#lanes.get(hops.key) ?? this.#newLane(hops);
    const known = this.#hops.get(domain);
    if (known) known.lane = lane;
    return lane;
  }

  #newLane(hops: NextHops): Lane {
    const { laneConnections, routeConnections, connectionsOut } = this.#parts;
    const lane = new Lane({
      ...this.#parts,
      round: this.#round,
      hops,
      port: this.#port,
      connectionsMost: hops.isRoute ? routeConnections : laneConnections,
      takeConnection: () => {
        if (this.#connections >= connectionsOut) return false;
        this.#connections++;
        return true;
      },
      freeConnection: () => {
        this.#connections--;
        if (this.#connections === connectionsOut - 1) this.resume();
      },
    });
    this.#lanes.set(hops.key, lane);
    return lane;
  }
}

function resultOf(failure: Failure): AttemptResult {
  const code = failure.temporary ? 451 : 550;
  return {
    state: failure.temporary ? 'deferred' : 'failed',
    host: '',
    reply: `${code} ${failure.status} ${failure.text}`,
  };
}
