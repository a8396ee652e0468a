import type { LaneControl } from '../lane-report.ts';
import type { Home } from '../home.ts';
import type { Log } from '../log.ts';
import type { Result } from '../mail/failure.ts';
import { Metrics } from './metrics.ts';
import { type MetricsServer, serveMetrics } from './metrics-server.ts';

/** What is observed of a daemon. */
export interface Observed {
  readonly home: Home;
  readonly lanes: LaneControl;
}

/** Counts what a daemon does from its first event on, and tells it over HTTP once the daemon runs. */
export class Observation {
  readonly #metrics = new Metrics();
  #isStopping = false;

  /** A log that is counted. */
  counting(log: Log): Log {
    return this.#metrics.counting(log);
  }

  readonly onStorage = (engine: string, ms: number): void => this.#metrics.storageTook(engine, ms);

  /** Serves at `HOST:PORT`. */
  serve(place: string, { home, lanes }: Observed): Promise<Result<MetricsServer>> {
    const { queue, clock } = home;
    return serveMetrics(place, {
      metrics: async () => ({
        type: this.#metrics.contentType,
        text: await this.#metrics.text({ queue, lanes, clock }),
      }),
      unready: async () => {
        if (this.#isStopping) return 'the daemon is being stopped';
        await queue.counts();
        return undefined;
      },
    });
  }

  /** From now on the daemon is not ready. */
  stopping(): void {
    this.#isStopping = true;
  }
}
