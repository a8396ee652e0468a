import type { LaneReport } from '../lane-report.ts';
import type { LaneTraffic } from './traffic-lane.ts';

const quietMs = 3_000;

/** What an operator sees of a lane. */
export function reportOf(lane: LaneTraffic, now: number): LaneReport {
  const opening = Math.min(lane.sum('opening'), lane.pace.inUse);
  return Object.freeze({
    lane: lane.identity.lane,
    provider: lane.providerName,
    connections: lane.pace.inUse - opening,
    opening,
    waiting: lane.sum('waiting'),
    ...lane.totals,
    // Nobody tells of a lane that has become quiet.
    rate: now - lane.lastAt < quietMs ? lane.rate : 0,
    lastReply: lane.lastReply,
    lastAt: lane.lastAt > 0 ? lane.lastAt : undefined,
    backedOffUntil: lane.closedUntil > now ? lane.closedUntil : undefined,
    paused: lane.paused,
    factor: lane.factor,
  });
}
