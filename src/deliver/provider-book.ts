import { isLast, type Provider, providerOf, routeProvider } from './providers.ts';
import { type LaneTraffic, type ProviderTraffic, providerTraffic } from './traffic-lane.ts';
import type { LaneIdentity } from './traffic-messages.ts';
import { memoryOf, recall, type TrafficMemory } from './traffic-memory.ts';

/** What bounds connections; the daemon may take others over. */
export interface TrafficLimits {
  readonly providers: readonly Provider[];
  readonly laneConnections: number;
  readonly routeConnections: number;
  readonly connectionsOut: number;
}

/** What the lanes of each provider share, as the limits have it. */
export class ProviderBook {
  readonly #known = new Map<string, ProviderTraffic>();
  #memory: TrafficMemory['providers'];
  #limits: TrafficLimits;

  constructor(
    { providers, laneConnections, routeConnections, connectionsOut }: TrafficLimits,
    memory: TrafficMemory['providers'],
  ) {
    this.#limits = { providers, laneConnections, routeConnections, connectionsOut };
    this.#memory = memory;
  }

  get known(): ReadonlyMap<string, ProviderTraffic> {
    return this.#known;
  }

  get connectionsOut(): number {
    return this.#limits.connectionsOut;
  }

  /** The provider of a lane, and how many connections the lane itself may have. */
  of({ lane, hosts, isRoute }: LaneIdentity): { provider: ProviderTraffic; connections: number } {
    const { providers, routeConnections, laneConnections } = this.#limits;
    const profile = isRoute ? routeProvider : providerOf(hosts, providers);
    const name = isRoute || isLast(profile) ? `lane ${lane}` : profile.name;
    const provider = this.#known.get(name) ?? recall(providerTraffic(profile), this.#memory[name]);
    this.#known.set(name, provider);
    return { provider, connections: profile.connections || (isRoute ? routeConnections : laneConnections) };
  }

  /** A lane is no longer known. */
  forget(lane: LaneTraffic): void {
    lane.provider.lanes.delete(lane);
    this.#known.delete(`lane ${lane.identity.lane}`);
  }

  /** Other limits hold from now on. Silences go on; connections that are too many now end by themselves. False: they are the same. */
  renew(
    { providers, laneConnections, routeConnections, connectionsOut }: TrafficLimits,
    lanes: ReadonlyMap<string, LaneTraffic>,
  ): boolean {
    const limits = { providers, laneConnections, routeConnections, connectionsOut };
    if (JSON.stringify(limits) === JSON.stringify(this.#limits)) return false;
    this.#limits = limits;
    const held = memoryOf(this.#known, lanes, { dead: [], posts: [] });
    this.#memory = held.providers;
    this.#known.clear();
    for (const [name, lane] of lanes) {
      const { provider, connections } = this.of(lane.identity);
      lane.adopt(provider, connections);
      recall(lane, held.lanes[name]);
    }
    return true;
  }
}
