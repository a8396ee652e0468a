import type { Clock } from '../lib/clock.ts';
import type { Log } from '../log.ts';
import type { TrafficLimits } from './provider-book.ts';
import type { TrafficMemory } from './traffic-memory.ts';

/** What the book of connections is opened with. */
export interface TrafficParts extends TrafficLimits {
  readonly clock: Clock;
  readonly log: Log;
  /** A number in [0, 1). */
  readonly random: () => number;
  /** What an earlier run knew; nothing when it is not given. */
  readonly memory?: TrafficMemory;
  /** There is something that the next run should know. */
  readonly onLearned?: () => void;
}
