import type { Clock } from '../lib/clock.ts';
import type { Job } from './delivery.ts';
import { WorkShare } from './work-share.ts';

/** How wide a lane is at the moment. */
export interface LaneWidth {
  /** Sessions, and those that are being set up. */
  readonly sessions: number;
  /** Posts that have something in it: a slowed list has its share of what one of them would have. */
  readonly posts: number;
}

/** What an operator has slowed in one lane of one deliverer: the lane itself, and lists whose posts go there. The usual case costs one look. */
export class Slowing {
  readonly #clock: Clock;
  readonly #width: () => LaneWidth;
  /** Lists that are slowed now, with their shares: those of the carrier. */
  readonly #slowLists: ReadonlyMap<string, number>;
  readonly #lists = new Map<string, WorkShare>();
  #lane: WorkShare | undefined;
  /** When the first of the lists that were passed over last comes to its turn. */
  #turnMs = Infinity;

  constructor(clock: Clock, slowLists: ReadonlyMap<string, number>, width: () => LaneWidth) {
    this.#clock = clock;
    this.#slowLists = slowLists;
    this.#width = width;
  }

  /** The lane has this share of its speed from now on. */
  setLane(share: number): void {
    if (share >= 1) this.#lane = undefined;
    else if (this.#lane) this.#lane.set(share);
    else this.#lane = new WorkShare(share);
  }

  /** Milliseconds until the lane may begin a transaction; 0: now. */
  waitMs(): number {
    return this.#lane?.waitMs(this.#clock.now(), this.#width().sessions) ?? 0;
  }

  /** Says of lists whether they have to wait; undefined: none is slowed. */
  get held(): ((list: string) => boolean) | undefined {
    if (this.#slowLists.size === 0) {
      if (this.#lists.size > 0) this.#lists.clear();
      return undefined;
    }
    this.#turnMs = Infinity;
    return this.#isHeld;
  }

  /** Milliseconds until one of the lists that `held` was asked of may go on. */
  get turnMs(): number {
    return this.#turnMs;
  }

  /** A session begins to work on a delivery of this job, or to be set up. */
  begins(session: object, job?: Job): void {
    if (this.#isFree) return;
    this.#lane?.begins(session, this.#clock.now(), this.#width().sessions);
    this.#ofList(job)?.begins(session, this.#clock.now(), this.#listWidth());
  }

  /** That has ended. */
  ends(session: object, job?: Job): void {
    if (this.#isFree) return;
    this.#lane?.ends(session, this.#clock.now(), this.#width().sessions);
    if (job?.kind !== 'mail' && job?.list !== undefined)
      this.#lists.get(job.list)?.ends(session, this.#clock.now(), this.#listWidth());
  }

  get #isFree(): boolean {
    return this.#lane === undefined && this.#slowLists.size === 0 && this.#lists.size === 0;
  }

  #listWidth(): number {
    const { sessions, posts } = this.#width();
    return sessions / Math.max(1, posts);
  }

  readonly #isHeld = (list: string): boolean => {
    const share = this.#shareOf(list);
    const ms = share?.waitMs(this.#clock.now(), this.#listWidth()) ?? 0;
    if (ms > 0) this.#turnMs = Math.min(this.#turnMs, ms);
    return ms > 0;
  };

  #ofList(job: Job | undefined): WorkShare | undefined {
    return job?.kind === 'mail' || job?.list === undefined ? undefined : this.#shareOf(job.list);
  }

  #shareOf(list: string): WorkShare | undefined {
    const factor = this.#slowLists.get(list);
    if (factor === undefined) {
      this.#lists.delete(list);
      return undefined;
    }
    const share = this.#lists.get(list) ?? new WorkShare(factor);
    share.set(factor);
    this.#lists.set(list, share);
    return share;
  }
}
