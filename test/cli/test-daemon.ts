import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { answerRequest } from '../../src/control.ts';
import type { LaneChange, LaneReport } from '../../src/lane-report.ts';
import { hangBell } from '../../src/lib/bell.ts';

/** Answers at a home's socket as a daemon with these lanes would; gives what was asked of them. */
export async function answerAt(
  t: TestContext,
  home: string,
  lanes: readonly LaneReport[],
): Promise<{ changes: [lane: string, change: LaneChange][]; putBack: string[]; goOn: string[]; rings: number }> {
  const seen: { changes: [string, LaneChange][]; putBack: string[]; goOn: string[]; rings: number } = {
    changes: [],
    putBack: [],
    goOn: [],
    rings: 0,
  };
  const parts = {
    lanes: {
      lanes: async () => lanes,
      setLane: async (lane: string, change: LaneChange) => {
        seen.changes.push([lane, change]);
        return lanes.some((report) => report.lane === lane);
      },
      putBack: async (list: string) => void seen.putBack.push(list),
      goOn: async (list: string) => void seen.goOn.push(list),
      outcomes: async () => [],
    },
    status: () => ({ pid: 4_711, startedAt: Date.now() - 60_000, listening: ['SMTP on 127.0.0.1:2525'] }),
  };
  const bell = await hangBell(
    join(home, 'ezlm.sock'),
    () => seen.rings++,
    (line) => answerRequest(line, parts),
  );
  t.after(() => bell.close());
  return seen;
}
