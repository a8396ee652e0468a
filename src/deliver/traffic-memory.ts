import type { AttemptResult } from './delivery.ts';
import type { Pace, PaceMemory } from './pace.ts';
import type { PostStanding } from './post-breakers.ts';

/** Lanes, and providers, of which it is written down what holds them back. */
const heldMost = 1_000;

/** What holds a lane or a provider back, and why. */
interface Held extends PaceMemory {
  readonly closedBy?: AttemptResult;
}

/** What a daemon knows of its peers that outlives a restart. */
export interface TrafficMemory {
  readonly lanes: Readonly<Record<string, Held>>;
  readonly providers: Readonly<Record<string, Held>>;
  readonly dead: readonly (readonly [address: string, until: number])[];
  /** Posts that providers have refused for what they are. */
  readonly posts: readonly PostStanding[];
}

/** A lane or a provider, as far as this memory cares. */
interface Paced {
  readonly pace: Pace;
  closedBy: AttemptResult | undefined;
}

/** Nothing is known. */
export const noMemory: TrafficMemory = Object.freeze({ lanes: record([]), providers: record([]), dead: [], posts: [] });

/** Writes down what is held back. */
export function memoryOf(
  providers: ReadonlyMap<string, Paced>,
  lanes: ReadonlyMap<string, Paced>,
  rest: Pick<TrafficMemory, 'dead' | 'posts'>,
): TrafficMemory {
  return { lanes: heldOf(lanes), providers: heldOf(providers), ...rest };
}

/** Puts a lane or a provider where an earlier run had it. */
export function recall<P extends Paced>(paced: P, held: Held | undefined): P {
  if (!held) return paced;
  paced.pace.remember(held);
  paced.closedBy = held.closedBy;
  return paced;
}

/** Reads what `JSON.stringify` wrote of a memory; what is no such text is no memory. */
export function readMemory(text: string | undefined): TrafficMemory {
  if (text === undefined) return noMemory;
  try {
    // Notes of earlier versions know no posts.
    const {
      lanes,
      providers,
      dead,
      posts = [],
    } = JSON.parse(text) as Omit<TrafficMemory, 'posts'> & Partial<TrafficMemory>;
    return {
      lanes: record(Object.entries(lanes)),
      providers: record(Object.entries(providers)),
      dead: [...dead],
      posts: [...posts],
    };
  } catch {
    return noMemory;
  }
}

function heldOf(all: ReadonlyMap<string, Paced>): Record<string, Held> {
  const found: [string, Held][] = [];
  for (const [name, { pace, closedBy }] of all) {
    const memory = pace.memory;
    if (memory && found.length < heldMost) found.push([name, closedBy ? { ...memory, closedBy } : memory]);
  }
  return record(found);
}

// Names of lanes are names of hosts, which others choose.
function record(entries: readonly (readonly [string, Held])[]): Record<string, Held> {
  return Object.assign(Object.create(null), Object.fromEntries(entries));
}
