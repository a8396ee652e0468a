import type { Delivery, Job, Run } from './delivery.ts';
import { SingleRun } from './runs.ts';

/** The runs of one post that wait in a lane, the oldest first. */
interface PostRuns {
  readonly post: string;
  runs: Run[];
}

/** What waits in a lane: single mails first, then the posts in turn, so that a large one does not make a small one wait for its end. */
export class Waiting {
  #returned: Delivery[] = [];
  #singles: Run[] = [];
  #posts: PostRuns[] = [];
  #turn = 0;
  #count = 0;

  get count(): number {
    return this.#count;
  }

  /** Single mails among them. */
  get singles(): number {
    return this.#singles.length;
  }

  /** The posts that have something here. */
  get posts(): string[] {
    return this.#posts.flatMap(({ post, runs }) => (runs.length > 0 ? [post] : []));
  }

  add(run: Run, isSingle: boolean): void {
    this.#count += run.remaining;
    if (isSingle) this.#singles.push(run);
    else this.#runsOf(postOf(run.job)).push(run);
  }

  /** A delivery that was taken comes back and goes first. */
  giveBack(delivery: Delivery): void {
    this.#returned.push(delivery);
    this.#count++;
  }

  /** The next delivery; those whose list is `held` have to wait. */
  take(held?: (list: string) => boolean): Delivery | undefined {
    const delivery = this.#returned.pop() ?? this.#takeOf(this.#singles) ?? this.#takeBulk(held);
    if (delivery) this.#count--;
    return delivery;
  }

  /**
   * Gives away what chunks brought, of the post that has most and its last first, until no more than `keep` deliveries wait; with 0,
   * everything. Each post keeps the run that is its next, and second tries stay as long as anything does: putting them off costs a row each.
   */
  shed(keep: number): Run[] {
    if (keep === 0) return this.#shedAll();
    const shed: Run[] = [];
    const heaps = this.#posts.map(({ runs }) => ({ runs, at: runs.length - 1, size: sizeOf(runs) }));
    while (this.#count > keep) {
      const heap = heaps.filter(({ at }) => at > 0).toSorted((a, b) => b.size - a.size)[0];
      if (!heap) break;
      const run = heap.runs[heap.at]!;
      if (run.job.kind === 'chunk') {
        heap.size -= run.remaining;
        this.#count -= run.remaining;
        shed.push(...heap.runs.splice(heap.at, 1));
      }
      heap.at--;
    }
    return shed;
  }

  /** Gives away the runs that are meant, and what had come back of them. */
  shedWhere(isMeant: (run: Run) => boolean): Run[] {
    const shed: Run[] = [];
    const isKept = (run: Run): boolean => {
      const isShed = isMeant(run);
      if (isShed) shed.push(run);
      return !isShed;
    };
    this.#returned = this.#returned.filter((delivery) => isKept(new SingleRun(delivery)));
    this.#singles = this.#singles.filter(isKept);
    for (const post of this.#posts) post.runs = post.runs.filter(isKept);
    for (const run of shed) this.#count -= run.remaining;
    return shed;
  }

  clear(): void {
    this.#returned.length = 0;
    this.#singles = [];
    this.#posts = [];
    this.#count = 0;
  }

  #shedAll(): Run[] {
    const returned = this.#returned.map((delivery) => new SingleRun(delivery));
    const shed = [...this.#singles, ...this.#posts.flatMap(({ runs }) => runs), ...returned];
    this.clear();
    return shed;
  }

  #takeBulk(held?: (list: string) => boolean): Delivery | undefined {
    let passed = 0;
    while (passed < this.#posts.length) {
      if (this.#turn >= this.#posts.length) this.#turn = 0;
      if (held?.(listOf(this.#posts[this.#turn]!.runs[0]?.job))) {
        this.#turn++;
        passed++;
        continue;
      }
      const delivery = this.#takeOf(this.#posts[this.#turn]!.runs);
      if (delivery) {
        this.#turn++;
        return delivery;
      }
      this.#posts.splice(this.#turn, 1);
    }
    return undefined;
  }

  #takeOf(runs: Run[]): Delivery | undefined {
    for (let run = runs[0]; run; run = runs[0]) {
      const delivery = run.take();
      if (run.remaining === 0) runs.shift();
      if (delivery) return delivery;
    }
    return undefined;
  }

  #runsOf(post: string): Run[] {
    const known = this.#posts.find((one) => one.post === post);
    if (known) return known.runs;
    const runs: Run[] = [];
    this.#posts.push({ post, runs });
    return runs;
  }
}

function sizeOf(runs: readonly Run[]): number {
  return runs.reduce((sum, { remaining }) => sum + remaining, 0);
}

function listOf(job: Job | undefined): string {
  return job === undefined || job.kind === 'mail' ? '' : (job.list ?? '');
}

function postOf(job: Job): string {
  return job.kind === 'mail' ? '' : job.post;
}
