import assert from 'node:assert/strict';
import { test } from 'node:test';
import { WorkShare } from '../../src/deliver/work-share.ts';

const start = 1_000_000;

interface Host {
  readonly sessions: number;
  /** How long a transaction takes. */
  readonly ms: number;
  /** Transactions of a session that are under way together. */
  readonly depth: number;
}

/** Transactions that such a host takes within `forMs` when sessions work in that share of their time. */
function takenWithin(share: number, { sessions, ms, depth }: Host, forMs: number): number {
  const work = new WorkShare(share);
  const ends = Array.from({ length: sessions }, () => new Array<number>());
  let taken = 0;
  const stepMs = Math.max(1, ms / 100);
  for (let now = start; now < start + forMs; now += stepMs) {
    for (const session of ends) {
      for (; session[0] === now; session.shift()) {
        work.ends(session, now, sessions);
        taken++;
      }
    }
    for (const session of ends) {
      while (session.length < depth && work.waitMs(now, sessions) === 0) {
        work.begins(session, now, sessions);
        session.push(now + ms);
      }
    }
  }
  return taken;
}

const hosts: readonly Host[] = [
  { sessions: 1, ms: 1_000, depth: 1 },
  { sessions: 5, ms: 1_000, depth: 1 },
  { sessions: 20, ms: 30_000, depth: 1 },
  { sessions: 3, ms: 5, depth: 1 },
  { sessions: 4, ms: 40, depth: 16 },
];

for (const host of hosts) {
  test(`${host.sessions} sessions, ${host.ms} ms a transaction, ${host.depth} at a time: a share is a share of the copies`, () => {
    const forMs = host.ms * 400 + 4_000;
    const full = takenWithin(1, host, forMs);
    for (const share of [0.1, 0.5]) {
      const ratio = takenWithin(share, host, forMs) / full;
      assert.ok(ratio > share * 0.8 && ratio < share * 1.2, `${ratio} in place of ${share}`);
    }
  });
}

test('with no share nothing begins; with another one it goes on', () => {
  const work = new WorkShare(0);
  assert.ok(work.waitMs(start, 1) > 0);
  work.set(0.5);
  assert.equal(work.waitMs(start, 1), 0);
});

test('a rest ends though all sessions are gone, and is no longer than ten minutes', () => {
  const work = new WorkShare(0.1);
  work.begins(work, start, 1);
  work.ends(work, start + 3_600_000, 1);
  const rest = work.waitMs(start + 3_600_000, 0);
  assert.ok(rest > 500_000 && rest <= 600_000, `${rest}`);
  assert.equal(work.waitMs(start + 3_600_000 + rest, 0), 0);
});
