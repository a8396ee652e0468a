import type { Clock } from '../lib/clock.ts';
import type { Job } from './delivery.ts';
import type { FromTraffic } from './traffic-messages.ts';

/** A domain that a refusal has closed. */
type ClosedDomain = Pick<FromTraffic & { kind: 'domain' }, 'domain' | 'closedUntil' | 'closedBy'>;

/** Until when something is not taken, and what is said of it when its time is over. */
export interface Back {
  readonly until: number;
  readonly reply: string;
}

/** Domains that are remembered as closed. */
const closedMost = 50_000;
/** What the operator has kept back is looked at again after this, when it was not resumed before. */
const lookMs = 5_000;
const listReply = '451 4.3.2 the list is paused by the operator';
/** What was on its way from the queue when a list was called back comes within this time. */
const recallMs = 1_000;

/** What a carrier does not take at the moment: domains that a host or the operator has closed, and what was on its way of a list. */
export class KeptBack {
  readonly #clock: Clock;
  readonly #held = new Set<string>();
  readonly #closed = new Map<string, ClosedDomain>();
  /** Lists that were called back, and until when what comes of them goes back as well. */
  readonly #recalled = new Map<string, number>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Domains that the operator has paused. */
  get held(): ReadonlySet<string> {
    return this.#held;
  }

  /** The operator pauses a domain, or resumes it; false when nothing has changed. */
  hold(domain: string, isPaused: boolean): boolean {
    if (!isPaused) return this.#held.delete(domain);
    const { size } = this.#held;
    return this.#held.add(domain).size > size;
  }

  /** A host has closed a domain. */
  close(closed: ClosedDomain): void {
    if (this.#closed.size >= closedMost) this.#closed.clear();
    this.#closed.set(closed.domain, closed);
  }

  /** What waits of a list goes back into the queue. */
  recall(list: string): void {
    const now = this.#clock.now();
    for (const [name, until] of this.#recalled) if (until <= now) this.#recalled.delete(name);
    this.#recalled.set(list, now + recallMs);
  }

  /** The list goes on. */
  letGo(list: string): void {
    this.#recalled.delete(list);
  }

  /** Whether a job's deliveries to a domain are taken: undefined, or until when they are not. */
  back(domain: string, job: Job): Back | undefined {
    if (this.#held.has(domain)) return this.heldBack();
    const recalled = this.#recalledUntil(job);
    if (recalled !== undefined) return { until: recalled, reply: listReply };
    const closed = this.#closedDomain(domain);
    return closed && { until: closed.closedUntil, reply: closed.closedBy.reply };
  }

  /** What is said of a domain that the operator has paused. */
  heldBack(): Back {
    return { until: this.#clock.now() + lookMs, reply: '451 4.3.2 the domain is paused by the operator' };
  }

  /** What is said of a list that the operator has paused. */
  listBack(): Back {
    return { until: this.#clock.now() + lookMs, reply: listReply };
  }

  /** Until when a host has closed a domain; undefined: it is open. */
  closedUntil(domain: string): number | undefined {
    return this.#closedDomain(domain)?.closedUntil;
  }

  /** All domains that are closed or paused. */
  domains(): string[] {
    return [...[...this.#closed.keys()].filter((domain) => this.#closedDomain(domain)), ...this.#held];
  }

  #recalledUntil(job: Job): number | undefined {
    if (this.#recalled.size === 0 || job.kind === 'mail' || job.list === undefined) return undefined;
    const until = this.#recalled.get(job.list);
    return until !== undefined && until > this.#clock.now() ? until : undefined;
  }

  #closedDomain(domain: string): ClosedDomain | undefined {
    const closed = this.#closed.get(domain);
    if (!closed) return undefined;
    if (closed.closedUntil > this.#clock.now()) return closed;
    this.#closed.delete(domain);
    return undefined;
  }
}
