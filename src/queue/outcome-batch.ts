import type { Id } from '../lib/ids.ts';
import type { Outcome, OutcomeState } from './store.ts';

/** Results of one post on their way to the disk, one line each. */
export interface PackedOutcomes {
  readonly post: Id;
  readonly count: number;
  readonly lines: Uint8Array;
}

const firstOctets = 65_536;

/**
 * Outcomes that are committed together. They are packed as they come: what waits for its commit is octets and no objects, which the
 * garbage collector would have to move again and again, and which would have to be cloned for the thread that writes them (measured: a
 * third of what a result cost).
 */
export class OutcomeBatch {
  readonly #posts = new Map<Id, OutcomeLines>();
  #latest: OutcomeLines | undefined;
  #count = 0;

  get count(): number {
    return this.#count;
  }

  get posts(): PackedOutcomes[] {
    return [...this.#posts.values()].map(({ post, count, lines }) => ({ post, count, lines }));
  }

  /** An outcome that is already there for the same recipient becomes history. */
  add(outcome: Outcome): void {
    if (this.#latest?.post !== outcome.post) this.#latest = this.#linesOf(outcome.post);
    this.#latest.add(outcome);
    this.#count++;
  }

  #linesOf(post: Id): OutcomeLines {
    const known = this.#posts.get(post);
    if (known) return known;
    const made = new OutcomeLines(post);
    this.#posts.set(post, made);
    return made;
  }
}

class OutcomeLines {
  readonly post: Id;
  count = 0;
  #octets = Buffer.allocUnsafeSlow(firstOctets);
  #used = 0;

  constructor(post: Id) {
    this.post = post;
  }

  get lines(): Uint8Array {
    return this.#octets.subarray(0, this.#used);
  }

  add({ position, member, state, at, next, address, host, reply }: Outcome): void {
    const line = `${position}\u001f${member}\u001f${state}\u001f${at}\u001f${next ?? ''}\u001f${oneField(address)}\u001f${oneField(host)}\u001f${oneField(reply)}\n`;
    // A UTF-16 unit becomes at most three octets.
    if (this.#octets.length - this.#used < line.length * 3) this.#grow(line.length * 3);
    this.#used += this.#octets.write(line, this.#used, 'utf8');
    this.count++;
  }

  #grow(octets: number): void {
    const larger = Buffer.allocUnsafeSlow(2 * (this.#octets.length + octets));
    this.#octets.copy(larger, 0, 0, this.#used);
    this.#octets = larger;
  }
}

/** Reads what a batch has packed. */
export function unpackOutcomes({ post, lines }: PackedOutcomes): Outcome[] {
  const text = Buffer.from(lines.buffer, lines.byteOffset, lines.byteLength).toString('utf8');
  return text
    .split('\n')
    .slice(0, -1)
    .map((line) => outcomeOf(post, line.split('\u001f')));
}

function outcomeOf(post: Id, fields: readonly string[]): Outcome {
  const [position, member, state, at, next, address, host, reply] = fields as [
    string,
    string,
    OutcomeState,
    ...string[],
  ];
  const outcome = {
    post,
    position: Number(position),
    member: Number(member),
    address: address!,
    state,
    at: Number(at),
  };
  return next === ''
    ? { ...outcome, host: host!, reply: reply! }
    : { ...outcome, host: host!, reply: reply!, next: Number(next) };
}

/** Puts some outcomes into a batch. */
export function batchOf(outcomes: readonly Outcome[]): OutcomeBatch {
  const batch = new OutcomeBatch();
  for (const outcome of outcomes) batch.add(outcome);
  return batch;
}

// Hosts and replies are others' words: they could hold what separates fields.
function oneField(text: string): string {
  return /[\u001f\n]/.test(text) ? text.replace(/[\u001f\n]/g, ' ') : text;
}
