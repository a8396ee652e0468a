import type { Clock } from '../lib/clock.ts';
import type { LaneTraffic } from './traffic-lane.ts';
import type { TrafficMembers } from './traffic-members.ts';
import type { WakeTimer } from './wake-timer.ts';

/** Deliverers that want to dial once more for a connection that they have: each further dial counts as a new connection. */
export class Dials {
  readonly #members: TrafficMembers;
  readonly #timer: WakeTimer;
  readonly #clock: Clock;
  readonly #lanes = new Set<LaneTraffic>();

  /** The timer has `serve` called. */
  constructor(members: TrafficMembers, timer: WakeTimer, clock: Clock) {
    this.#members = members;
    this.#timer = timer;
    this.#clock = clock;
  }

  ask(lane: LaneTraffic | undefined, member: number): void {
    lane?.dials.push(member);
    if (lane) this.#lanes.add(lane);
    this.serve();
  }

  /** Before new connections are granted: what has one shall not hold it for nothing. */
  serve(): void {
    const now = this.#clock.now();
    for (const lane of this.#lanes) {
      for (; lane.dials.length > 0 && lane.pace.dialAt(now) <= now; lane.pace.dial(now))
        this.#members.tell(lane.dials.shift()!, { kind: 'dial', lane: lane.identity.lane });
      if (lane.dials.length > 0) this.#timer.set(lane.pace.dialAt(now));
      else this.#lanes.delete(lane);
    }
  }
}
