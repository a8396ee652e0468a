import type { Clock } from '../lib/clock.ts';
import type { FlushRound } from '../lib/flush-round.ts';
import type { Log } from '../log.ts';
import type { BlamedPosts } from './blamed-posts.ts';
import type { CarrierPort } from './delivery.ts';
import type { HostFaults } from './host-faults.ts';
import type { NextHops } from './hosts.ts';
import type { KeptBack } from './kept-back.ts';
import type { ReachParts } from './reach.ts';
import type { ToTraffic } from './traffic-messages.ts';

/** What a lane is made of and speaks with. */
export interface LaneParts extends ReachParts {
  readonly round: FlushRound;
  readonly faults: HostFaults;
  readonly hops: NextHops;
  readonly clock: Clock;
  readonly log: Log;
  readonly port: CarrierPort;
  /** Tells the book of traffic, which grants every connection (`lease`). */
  readonly tell: (message: ToTraffic) => void;
  /** Hears of a connection that is gone, and of one that was granted. */
  readonly onConnection: (count: 1 | -1) => void;
  /** Lists that the operator has slowed, with the share of their speed that is left: it changes. */
  readonly slowLists: ReadonlyMap<string, number>;
  /** Posts that wait until providers may take them again: it changes, too. */
  readonly blamed: BlamedPosts;
  /** Domains that the operator has paused: this too. */
  readonly kept: KeptBack;
}
