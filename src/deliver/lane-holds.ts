import type { LaneReport } from '../lane-report.ts';
import type { LaneIdentity } from './traffic-messages.ts';

/** Names that can be held: more are a mistake in a script. */
const namesMost = 1_000;

/** What the operator has paused before there was a lane of this name: a domain, a host, or a lane to come. */
export class LaneHolds {
  readonly #names = new Set<string>();

  get names(): ReadonlySet<string> {
    return this.#names;
  }

  /** False when there is no room for one more, or nothing to resume. */
  set(name: string, isPaused: boolean): boolean {
    if (!isPaused) return this.#names.delete(name);
    if (this.#names.size >= namesMost && !this.#names.has(name)) return false;
    this.#names.add(name);
    return true;
  }

  /** Whether a lane is meant, by its name or one of its hosts with or without the port. */
  holds(lane: LaneIdentity): boolean {
    return this.#names.size > 0 && namesOf(lane).some((name) => this.#names.has(name));
  }

  /** The operator has resumed the lane itself: what had paused it must not pause the next of its name. Gives those names. */
  forget(lane: LaneIdentity): string[] {
    return namesOf(lane).filter((name) => this.#names.delete(name));
  }

  /** As lanes that have nothing yet; those that have come into being are shown themselves. */
  reports(): LaneReport[] {
    const figures = { connections: 0, opening: 0, waiting: 0, delivered: 0, deferred: 0, failed: 0, uncertain: 0 };
    const quiet = { provider: '', ...figures, rate: 0, lastReply: '', lastAt: undefined, backedOffUntil: undefined };
    return Array.from(this.#names, (lane) => Object.freeze({ lane, ...quiet, paused: true, factor: 1 }));
  }
}

function namesOf({ lane, hosts }: LaneIdentity): string[] {
  const port = lane.slice(lane.lastIndexOf(':'));
  return [lane, ...hosts, ...hosts.map((host) => host + port)];
}
