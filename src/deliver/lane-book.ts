import { isLast, type Provider, providerOf, routeProvider } from './providers.ts';
import { LaneTraffic, type ProviderTraffic, providerTraffic } from './traffic-lane.ts';
import { memoryOf, recall, type TrafficMemory } from './traffic-memory.ts';
import type { LaneIdentity } from './traffic-messages.ts';

export interface LaneBookParts {
  readonly providers: readonly Provider[];
  readonly laneConnections: number;
  readonly routeConnections: number;
  /** What an earlier run knew. */
  readonly memory: TrafficMemory;
}

/** Lanes without work or trouble that are remembered. */
const lanesMost = 10_000;

/** The lanes that are known, and the providers that they belong to. */
export class LaneBook {
  readonly #parts: LaneBookParts;
  readonly #lanes = new Map<string, LaneTraffic>();
  readonly #providers = new Map<string, ProviderTraffic>();

  constructor(parts: LaneBookParts) {
    this.#parts = parts;
  }

  all(): Iterable<LaneTraffic> {
    return this.#lanes.values();
  }

  get(name: string): LaneTraffic | undefined {
    return this.#lanes.get(name);
  }

  /** What the next run should know. */
  memory(dead: TrafficMemory['dead']): TrafficMemory {
    return memoryOf(this.#providers, this.#lanes, dead);
  }

  /** A lane that is new stands where an earlier run had it. */
  add(identity: LaneIdentity, now: number): LaneTraffic {
    this.#forgetQuiet(now);
    const profile = identity.isRoute ? routeProvider : providerOf(identity.hosts, this.#parts.providers);
    const isOwn = identity.isRoute || isLast(profile);
    const name = isOwn ? `lane ${identity.lane}` : profile.name;
    const { routeConnections, laneConnections, memory } = this.#parts;
    const provider = this.#providers.get(name) ?? recall(providerTraffic(profile), memory.providers[name]);
    this.#providers.set(name, provider);
    const usual = identity.isRoute ? routeConnections : laneConnections;
    const lane = new LaneTraffic(identity, provider, profile.connections || usual);
    recall(lane, memory.lanes[identity.lane]);
    this.#lanes.set(identity.lane, lane);
    return lane;
  }

  #forgetQuiet(now: number): void {
    if (this.#lanes.size < lanesMost) return;
    for (const [name, lane] of this.#lanes) {
      if (!lane.isQuiet(now)) continue;
      this.#lanes.delete(name);
      lane.provider.lanes.delete(lane);
      this.#providers.delete(`lane ${name}`);
    }
  }
}
