/** Refusals of one post by one provider that blame the post, before the rest is put off; and they must be so large a part of its results. */
const blamedLeast = 10;
const blamedShare = 0.5;
/** How long it is put off; twice as long with each time that it comes back and is blamed again, up to the second. */
const offMs = 3_600_000;
const offMostMs = 8 * 3_600_000;
/** Posts and providers that are remembered. */
const knownMost = 1_000;

/** One post at one provider. */
interface Standing {
  readonly post: string;
  readonly provider: string;
  readonly list: string;
  blamed: number;
  results: number;
  times: number;
  until: number;
}

/** The same as the next run is told of it. */
export type PostStanding = Readonly<Standing>;

/** What is put off now, or goes on (`until` is 0). */
export interface PutOff {
  readonly post: string;
  readonly provider: string;
  readonly until: number;
}

/** What a refusal says of a post, and how many results the post had since the last one. */
export interface Blame {
  readonly post: string;
  readonly list: string;
  readonly results: number;
}

/**
 * Ends the run of a post at a provider that refuses it for what it is (spam, a signature, its size): those refused have their outcome, the
 * others wait for an operator, or for a better hour. Pure: it is told what time it is.
 */
export class PostBreakers {
  readonly #known: Map<string, Standing>;

  /** `memory`: what an earlier run knew. */
  constructor(memory: readonly PostStanding[] = []) {
    this.#known = new Map(memory.slice(0, knownMost).map((one) => [nameOf(one), { ...one }]));
  }

  /** What the next run should know. */
  get memory(): readonly PostStanding[] {
    return [...this.#known.values()];
  }

  /** What is put off now. */
  putOff(now: number): PutOff[] {
    return this.memory
      .filter(({ until }) => until > now)
      .map(({ post, provider, until }) => ({ post, provider, until }));
  }

  /** A refusal blames a post. Says what is put off now; undefined: nothing yet, or it is already. */
  blamed({ post, list, results }: Blame, provider: string, now: number): PutOff | undefined {
    const standing = this.#standing(post, list, provider);
    if (now < standing.until) return undefined;
    standing.blamed++;
    standing.results += results;
    if (standing.blamed < blamedLeast || standing.blamed < standing.results * blamedShare) return undefined;
    standing.until = now + Math.min(offMs * 2 ** standing.times, offMostMs);
    standing.times++;
    standing.blamed = 0;
    standing.results = 0;
    return { post, provider, until: standing.until };
  }

  /** The operator lets the posts of a list go on: their counts begin anew. Says what was put off. */
  forget(list: string): PutOff[] {
    const gone = [...this.#known].filter(([, standing]) => standing.list === list);
    for (const [name] of gone) this.#known.delete(name);
    return gone.map(([, { post, provider }]) => ({ post, provider, until: 0 }));
  }

  #standing(post: string, list: string, provider: string): Standing {
    const name = nameOf({ post, provider });
    const known = this.#known.get(name) ?? { post, provider, list, blamed: 0, results: 0, times: 0, until: 0 };
    this.#known.delete(name);
    this.#known.set(name, known);
    if (this.#known.size > knownMost) this.#known.delete(this.#known.keys().next().value!);
    return known;
  }
}

function nameOf({ post, provider }: Pick<Standing, 'post' | 'provider'>): string {
  return `${post} ${provider}`;
}
