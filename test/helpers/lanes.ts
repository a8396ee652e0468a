import type { LaneReport } from '../../src/lane-report.ts';

/** A report of a lane that has nothing to do, but for what a test says. */
export function laneReport(given: Partial<LaneReport> & { readonly lane: string }): LaneReport {
  return {
    provider: '',
    connections: 0,
    opening: 0,
    waiting: 0,
    delivered: 0,
    deferred: 0,
    failed: 0,
    uncertain: 0,
    rate: 0,
    lastReply: '',
    lastAt: undefined,
    backedOffUntil: undefined,
    paused: false,
    factor: 1,
    ...given,
  };
}
