import type { LaneTraffic } from './traffic-lane.ts';
import type { FromTraffic } from './traffic-messages.ts';

/** The deliverers that the book of connections speaks to, by number. */
export class TrafficMembers {
  readonly #members = new Map<number, (message: FromTraffic) => void>();

  /** Gives the number of a new one. */
  add(tell: (message: FromTraffic) => void): number {
    const member = this.#members.size;
    this.#members.set(member, tell);
    return member;
  }

  has(member: number): boolean {
    return this.#members.has(member);
  }

  clear(): void {
    this.#members.clear();
  }

  tell(member: number, message: FromTraffic): void {
    this.#members.get(member)?.(message);
  }

  tellAll(message: FromTraffic): void {
    for (const tell of this.#members.values()) tell(message);
  }

  /** Tells what holds for a lane now, each deliverer its own part of it. */
  tellState(lane: LaneTraffic, members: Iterable<number> = lane.known): void {
    for (const member of members)
      this.tell(member, { kind: 'lane', lane: lane.identity.lane, state: lane.stateOf(member) });
  }

  /** The same for those alone whose part has changed with the connections of others. */
  tellShares(lane: LaneTraffic): void {
    this.tellState(lane, lane.withOtherShares);
  }
}
