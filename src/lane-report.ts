/**
 * One lane (an MX set, or a next hop that a route names) as an operator sees it: what `ezlm top`, `ezlm lane` and the metrics show.
 * Counts are of attempts since the lane is known to this run of the daemon.
 */
export interface LaneReport {
  /** The lane's name, as `setLane` and the log have it. */
  readonly lane: string;
  /** The provider whose limits hold for it; empty when it is its own. */
  readonly provider: string;
  readonly connections: number;
  /** Connections that are being set up. */
  readonly opening: number;
  /** Recipients that are in memory for this lane and not on the wire. */
  readonly waiting: number;
  readonly delivered: number;
  readonly deferred: number;
  readonly failed: number;
  readonly uncertain: number;
  /** Results per second over the last seconds. */
  readonly rate: number;
  /** The latest reply that was no delivery, or the reason why no connection came about; one line, empty at first. */
  readonly lastReply: string;
  /** When the latest result came, in milliseconds since 1970; undefined before the first. */
  readonly lastAt: number | undefined;
  /** Nothing is begun before this, in milliseconds since 1970; undefined when the lane is not backed off. */
  readonly backedOffUntil: number | undefined;
  /** Stopped by the operator. */
  readonly paused: boolean;
  /** The operator's share of the pace and connections that are allowed: 1 is all, 0.1 a tenth. */
  readonly factor: number;
}

/** What the operator wants of a lane; what is not named stays. */
export interface LaneChange {
  readonly paused?: boolean;
  /** Above 0, at most 1. */
  readonly factor?: number;
}

/** How many recipients came to an end or were deferred, by state and class, since the daemon started. */
export interface OutcomeCount {
  readonly state: 'delivered' | 'deferred' | 'failed' | 'uncertain';
  /** The class of the reply (`invalid mailbox`, `policy` …); empty where nobody has classed it. */
  readonly class: string;
  readonly count: number;
}

/** What delivery tells an operator, and what an operator may ask of it while it runs. */
export interface LaneControl {
  /** All lanes that hold work or connections, are backed off, or were changed by the operator. */
  lanes(): Promise<readonly LaneReport[]>;
  /**
   * Pauses, resumes or slows a lane until the daemon ends. Running transactions finish; a paused lane that has run empty keeps its pause.
   * What is paused before there is a lane of this name is a domain, or a lane to come, and is held from its first mail. False when there is
   * nothing of this name to be resumed or slowed.
   */
  setLane(lane: string, change: LaneChange): Promise<boolean>;
  /** What delivery has taken of a list and not begun goes back into the queue, where posts that are held stay. */
  putBack(list: string): Promise<void>;
  /** Posts of a list that providers have refused go on there: they were put off. */
  goOn(list: string): Promise<void>;
  outcomes(): Promise<readonly OutcomeCount[]>;
}
