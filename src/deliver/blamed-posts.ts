import type { Job } from './delivery.ts';
import type { PutOff } from './post-breakers.ts';

/** Posts whose results are counted in one lane, and those that are put off. */
const knownMost = 1_000;

/** What a lane counts of the posts that a refusal there has blamed: nothing of the others. */
export class LaneBlames {
  readonly #results = new Map<string, number>();

  /** A result came. */
  result(job: Job): void {
    if (this.#results.size === 0 || job.kind === 'mail') return;
    const known = this.#results.get(job.post);
    if (known !== undefined) this.#results.set(job.post, known + 1);
  }

  /** The latest one blames the post: says how many came since that was said last, this one included. */
  take(post: string): number {
    const results = this.#results.get(post) ?? 1;
    if (this.#results.size >= knownMost) this.#results.clear();
    this.#results.set(post, 0);
    return results;
  }
}

/** Posts that are put off at providers, as the book has told a deliverer. */
export class BlamedPosts {
  readonly #until = new Map<string, number>();

  get isEmpty(): boolean {
    return this.#until.size === 0;
  }

  set({ post, provider, until }: PutOff): void {
    if (this.#until.size >= knownMost) this.#until.clear();
    if (until === 0) this.#until.delete(`${post} ${provider}`);
    else this.#until.set(`${post} ${provider}`, until);
  }

  /** Until when a post is put off at a provider; undefined: it is not. */
  until(post: string, provider: string, now: number): number | undefined {
    const name = `${post} ${provider}`;
    const until = this.#until.get(name);
    if (until === undefined || until > now) return until;
    this.#until.delete(name);
    return undefined;
  }
}
