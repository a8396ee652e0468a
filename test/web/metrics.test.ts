import assert from 'node:assert/strict';
import test from 'node:test';
import type { LaneReport } from '../../src/lane-report.ts';
import { systemClock } from '../../src/lib/clock.ts';
import { events } from '../../src/log.ts';
import { Metrics, type MetricSources } from '../../src/web/metrics.ts';
import { laneReport } from '../helpers/lanes.ts';

function sourcesOf(lanes: readonly LaneReport[]): MetricSources {
  return {
    queue: { counts: async () => ({ ready: 3, claimed: 2, held: 1, chunks: 16 }) },
    lanes: {
      lanes: async () => lanes,
      setLane: async () => false,
      putBack: async () => {},
      goOn: async () => {},
      outcomes: async () => [
        { state: 'delivered', class: '', count: 1_000 },
        { state: 'failed', class: 'invalid mailbox', count: 7 },
      ],
    },
    clock: systemClock,
  };
}

async function linesOf(metrics: Metrics, lanes: readonly LaneReport[] = []): Promise<string[]> {
  return (await metrics.text(sourcesOf(lanes))).split('\n');
}

test('events are counted by name, accepted and refused mail besides, and the log goes on', async () => {
  const metrics = new Metrics();
  const logged: string[] = [];
  const log = metrics.counting((event) => logged.push(event));
  log('message.accepted', {});
  log('message.accepted', {});
  log('session.refused', {});
  log('message.refused', {});
  log('bounce.recorded', { reason: 'userunknown', provider: 'google' });
  assert.equal(logged.length, 5);
  const lines = await linesOf(metrics);
  for (const line of [
    'ezlm_events_total{event="message.accepted"} 2',
    'ezlm_messages_accepted_total 2',
    'ezlm_messages_refused_total{of="command"} 1',
    'ezlm_messages_refused_total{of="message"} 1',
    'ezlm_bounces_total{reason="userunknown",provider="google"} 1',
  ])
    assert.ok(lines.includes(line), line);
});

test('a scrape tells queue, outcomes, lanes, storage and the process', async () => {
  const metrics = new Metrics();
  metrics.storageTook('queue', 0.3);
  metrics.storageTook('queue', 2_000);
  const lanes = [
    laneReport({ lane: 'a:25', connections: 3, opening: 1, waiting: 10, rate: 2.5 }),
    laneReport({ lane: 'b:25', paused: true }),
    laneReport({ lane: 'c:25', factor: 0.5, connections: 1 }),
    laneReport({ lane: 'd:25', backedOffUntil: Date.now() + 60_000 }),
  ];
  const lines = await linesOf(metrics, lanes);
  for (const line of [
    'ezlm_queue_entries{state="held"} 1',
    'ezlm_queue_chunks 16',
    'ezlm_outcomes_total{state="delivered",class=""} 1000',
    'ezlm_outcomes_total{state="failed",class="invalid mailbox"} 7',
    'ezlm_lanes{state="working"} 1',
    'ezlm_lanes{state="paused"} 1',
    'ezlm_lanes{state="slowed"} 1',
    'ezlm_lanes{state="backed-off"} 1',
    'ezlm_connections_out{state="open"} 4',
    'ezlm_connections_out{state="opening"} 1',
    'ezlm_lane_waiting{lane="a:25"} 10',
    'ezlm_lane_rate{lane="a:25"} 2.5',
    'ezlm_storage_seconds_bucket{le="0.0005",engine="queue"} 1',
    'ezlm_storage_seconds_count{engine="queue"} 2',
  ])
    assert.ok(lines.includes(line), `${line}\n${lines.filter((text) => text.startsWith('ezlm')).join('\n')}`);
  assert.ok(lines.some((line) => line.startsWith('process_resident_memory_bytes ')));
  // The counts are taken over, not added up.
  assert.ok((await linesOf(metrics)).includes('ezlm_outcomes_total{state="delivered",class=""} 1000'));
});

test('labels are bounded: ten thousand lanes make twenty and the sum of the others, whatever their names are', async () => {
  const metrics = new Metrics();
  const lanes = Array.from({ length: 10_000 }, (_, n) => laneReport({ lane: `mx${n}."\\\n:25`, waiting: n, rate: 1 }));
  for (let scrape = 0; scrape < 3; scrape++) {
    const lines = await linesOf(metrics, lanes.slice(scrape));
    assert.equal(lines.filter((line) => line.startsWith('ezlm_lane_rate{')).length, 21);
    assert.ok(lines.includes(`ezlm_lane_rate{lane="others"} ${9_980 - scrape}`));
    assert.ok(lines.includes('ezlm_lane_waiting{lane="mx9999.\\"\\\\\\n:25"} 9999'));
  }
  const log = metrics.counting(() => {});
  for (const event of Object.keys(events) as (keyof typeof events)[]) log(event, { list: `${Math.random()}` });
  const counted = (await linesOf(metrics)).filter((line) => line.startsWith('ezlm_events_total{'));
  assert.equal(counted.length, Object.keys(events).length);
});
