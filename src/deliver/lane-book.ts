import { ProviderBook, type TrafficLimits } from './provider-book.ts';
import { LaneTraffic } from './traffic-lane.ts';
import { memoryOf, recall, type TrafficMemory } from './traffic-memory.ts';
import type { LaneIdentity } from './traffic-messages.ts';

/** Lanes without work or trouble that are remembered. */
const lanesMost = 10_000;

/** The lanes that are known, and the providers that they belong to. */
export class LaneBook {
  readonly #lanes = new Map<string, LaneTraffic>();
  readonly #providers: ProviderBook;
  readonly #memory: TrafficMemory['lanes'];

  /** `memory`: what an earlier run knew. */
  constructor(limits: TrafficLimits, memory: TrafficMemory) {
    this.#providers = new ProviderBook(limits, memory.providers);
    this.#memory = memory.lanes;
  }

  /** Connections of all lanes together. */
  get connectionsOut(): number {
    return this.#providers.connectionsOut;
  }

  all(): Iterable<LaneTraffic> {
    return this.#lanes.values();
  }

  get(name: string): LaneTraffic | undefined {
    return this.#lanes.get(name);
  }

  /** What the next run should know. */
  memory(rest: Pick<TrafficMemory, 'dead' | 'posts'>): TrafficMemory {
    return memoryOf(this.#providers.known, this.#lanes, rest);
  }

  /** Other limits hold from now on; false: they are the same. */
  renew(limits: TrafficLimits): boolean {
    return this.#providers.renew(limits, this.#lanes);
  }

  /** A lane that is new stands where an earlier run had it. */
  add(identity: LaneIdentity, now: number): LaneTraffic {
    this.#forgetQuiet(now);
    const { provider, connections } = this.#providers.of(identity);
    const lane = new LaneTraffic(identity, provider, connections);
    recall(lane, this.#memory[identity.lane]);
    this.#lanes.set(identity.lane, lane);
    return lane;
  }

  #forgetQuiet(now: number): void {
    if (this.#lanes.size < lanesMost) return;
    for (const [name, lane] of this.#lanes) {
      if (!lane.isQuiet(now)) continue;
      this.#lanes.delete(name);
      this.#providers.forget(lane);
    }
  }
}
