import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';
import type { LaneControl, LaneReport } from '../lane-report.ts';
import type { Clock } from '../lib/clock.ts';
import type { EventName, Log } from '../log.ts';
import type { QueueStore } from '../queue/store.ts';

/** What the gauges are read from at each scrape. */
export interface MetricSources {
  readonly queue: Pick<QueueStore, 'counts'>;
  readonly lanes: LaneControl;
  readonly clock: Clock;
}

/** Lanes with figures of their own; the others share one label, so that a scrape stays small whatever is sent where. */
const lanesMost = 20;
/** From a read in memory to a disk that is ill. */
const storageSeconds = [0.0001, 0.0005, 0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5];

/** The figures of one daemon in the form that Prometheus reads. Every label has a bounded set of values. */
export class Metrics {
  readonly #registry = new Registry();
  readonly #events;
  readonly #accepted;
  readonly #refused;
  readonly #bounces;
  readonly #storage;
  readonly #gauges;

  constructor() {
    const registers = [this.#registry];
    const gauge = <Label extends string>(name: string, help: string, labelNames: readonly Label[]): Gauge<Label> =>
      new Gauge({ name, help, labelNames, registers });
    collectDefaultMetrics({ register: this.#registry });
    this.#events = new Counter({
      name: 'ezlm_events_total',
      help: 'Events of the log, whatever its level; ezlm-log(7) has their meaning',
      labelNames: ['event'],
      registers,
    });
    this.#accepted = new Counter({
      name: 'ezlm_messages_accepted_total',
      help: 'Entries that were answered with 250',
      registers,
    });
    this.#refused = new Counter({
      name: 'ezlm_messages_refused_total',
      help: 'Refusals, of a command within the session or of a whole message',
      labelNames: ['of'],
      registers,
    });
    this.#bounces = new Counter({
      name: 'ezlm_bounces_total',
      help: 'Copies that came back or were refused, by reason and by the provider of the host',
      labelNames: ['reason', 'provider'],
      registers,
    });
    this.#storage = new Histogram({
      name: 'ezlm_storage_seconds',
      help: 'Time of calls to databases, waiting included, by kind of database',
      labelNames: ['engine'],
      buckets: storageSeconds,
      registers,
    });
    this.#gauges = {
      entries: gauge('ezlm_queue_entries', 'Entries of the queue', ['state']),
      chunks: gauge('ezlm_queue_chunks', 'Parts of posts that are cut and not worked off', []),
      lanes: gauge('ezlm_lanes', 'Lanes that are known', ['state']),
      connections: gauge('ezlm_connections_out', 'Outgoing connections', ['state']),
      waiting: gauge('ezlm_lane_waiting', 'Recipients in memory, by the lanes with most; the rest is "others"', [
        'lane',
      ]),
      rate: gauge('ezlm_lane_rate', 'Results per second, by the same lanes', ['lane']),
      outcomes: new Counter({
        name: 'ezlm_outcomes_total',
        help: 'Results of delivery',
        labelNames: ['state', 'class'],
        registers,
      }),
    };
  }

  /** A log that also counts. */
  counting(log: Log): Log {
    return (event, fields) => {
      this.#count(event);
      if (event === 'bounce.recorded')
        this.#bounces.inc({ reason: String(fields['reason']), provider: String(fields['provider']) });
      log(event, fields);
    };
  }

  storageTook(engine: string, ms: number): void {
    this.#storage.observe({ engine }, ms / 1_000);
  }

  /** All figures as text; rejects when the storage does. */
  async text(sources: MetricSources): Promise<string> {
    const [counts, reports, outcomes] = await Promise.all([
      sources.queue.counts(),
      sources.lanes.lanes(),
      sources.lanes.outcomes(),
    ]);
    const { entries, chunks, outcomes: counter } = this.#gauges;
    for (const state of ['ready', 'claimed', 'held'] as const) entries.set({ state }, counts[state]);
    chunks.set(counts.chunks);
    this.#setLanes(reports, sources.clock.now());
    // Delivery counts; the whole count is taken over each time.
    counter.reset();
    for (const { state, class: kind, count } of outcomes) counter.inc({ state, class: kind }, count);
    return this.#registry.metrics();
  }

  get contentType(): string {
    return this.#registry.contentType;
  }

  #count(event: EventName): void {
    this.#events.inc({ event });
    if (event === 'message.accepted') this.#accepted.inc();
    else if (event === 'message.refused') this.#refused.inc({ of: 'message' });
    else if (event === 'session.refused') this.#refused.inc({ of: 'command' });
  }

  #setLanes(reports: readonly LaneReport[], now: number): void {
    const { lanes, connections, waiting, rate } = this.#gauges;
    for (const state of ['working', 'paused', 'slowed', 'backed-off'])
      lanes.set({ state }, reports.filter((report) => stateOf(report, now) === state).length);
    connections.set({ state: 'open' }, sumOf(reports, 'connections'));
    connections.set({ state: 'opening' }, sumOf(reports, 'opening'));
    const busiest = reports.toSorted((a, b) => b.waiting - a.waiting || b.rate - a.rate);
    const others = busiest.slice(lanesMost);
    for (const [gauge, field] of [
      [waiting, 'waiting'],
      [rate, 'rate'],
    ] as const) {
      gauge.reset();
      for (const report of busiest.slice(0, lanesMost)) gauge.set({ lane: report.lane }, report[field]);
      gauge.set({ lane: 'others' }, sumOf(others, field));
    }
  }
}

function stateOf({ paused, factor, backedOffUntil }: LaneReport, now: number): string {
  if (paused) return 'paused';
  if (backedOffUntil !== undefined && backedOffUntil > now) return 'backed-off';
  return factor < 1 ? 'slowed' : 'working';
}

function sumOf(reports: readonly LaneReport[], field: 'connections' | 'opening' | 'waiting' | 'rate'): number {
  return reports.reduce((sum, report) => sum + report[field], 0);
}
