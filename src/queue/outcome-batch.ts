import { putDecimal } from '../lib/decimal.ts';
import type { Id } from '../lib/ids.ts';
import { type Octets, octetsMost } from '../lib/octets.ts';
import type { Outcome, OutcomeState } from './outcome.ts';

/** Results of one post on their way to the disk, one line each. */
export interface PackedOutcomes {
  readonly post: Id;
  readonly count: number;
  readonly lines: Uint8Array;
}

/** An outcome on its way into a batch: what is at hand as octets does not become text for it. Octets hold no control characters. */
export interface NewOutcome extends Omit<Outcome, 'address' | 'reply'> {
  readonly address: string | Octets;
  readonly reply: string | Octets;
}

const firstOctets = 65_536;
/** Digits of two numbers, and what separates fields and lines. */
const numbersMost = 40;
const separator = 31;
const lineEnd = 10;

/**
 * Outcomes that are committed together. They are packed as they come: what waits for its commit is octets and no objects, which the
 * garbage collector would have to move again and again, and which would have to be cloned for the thread that writes them (measured: a
 * third of what a result cost).
 */
export class OutcomeBatch {
  /** Its rows stand in the database; whether they are on disk is another matter. */
  isWritten = false;
  readonly #posts = new Map<Id, OutcomeLines>();
  #latest: OutcomeLines | undefined;
  #count = 0;

  get count(): number {
    return this.#count;
  }

  get ids(): Id[] {
    return [...this.#posts.keys()];
  }

  get posts(): PackedOutcomes[] {
    return [...this.#posts.values()].map(({ post, count, lines }) => ({ post, count, lines }));
  }

  /** An outcome that is already there for the same recipient becomes history. */
  add(outcome: NewOutcome): void {
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

/**
 * Lines of two kinds: what the following outcomes have in common (`=`, state, time, next try, host), where it changes; and an outcome
 * (position, member, address, reply). In a fan-out many have the same host and the same millisecond.
 */
class OutcomeLines {
  readonly post: Id;
  count = 0;
  #octets = Buffer.allocUnsafeSlow(firstOctets);
  #used = 0;
  #state = '';
  #at = 0;
  #next: number | undefined;
  #host = '';

  constructor(post: Id) {
    this.post = post;
  }

  get lines(): Uint8Array {
    // A copy: to another thread a view takes all of what it is a view of.
    return new Uint8Array(this.#octets.subarray(0, this.#used));
  }

  add({ position, member, state, at, next, address, host, reply }: NewOutcome): void {
    if (at !== this.#at || host !== this.#host || state !== this.#state || next !== this.#next) {
      this.#at = at;
      this.#host = host;
      this.#state = state;
      this.#next = next;
      this.#put(`=\u001f${state}\u001f${at}\u001f${next ?? ''}\u001f${oneField(host)}\n`);
    }
    this.#makeRoom(numbersMost);
    this.#used = putDecimal(this.#octets, this.#used, position);
    this.#octets[this.#used++] = separator;
    this.#used = putDecimal(this.#octets, this.#used, member);
    this.#octets[this.#used++] = separator;
    this.#put(address);
    this.#octets[this.#used++] = separator;
    this.#put(typeof reply === 'string' ? oneField(reply) : reply);
    this.#octets[this.#used++] = lineEnd;
    this.count++;
  }

  // Leaves room for what ends the field.
  #put(text: string | Octets): void {
    this.#makeRoom(octetsMost(text) + 1);
    if (typeof text === 'string') this.#used += this.#octets.write(text, this.#used, 'utf8');
    else this.#used = text.put(this.#octets, this.#used);
  }

  #makeRoom(octets: number): void {
    if (this.#octets.length - this.#used < octets) this.#grow(octets);
  }

  #grow(octets: number): void {
    const larger = Buffer.allocUnsafeSlow(2 * (this.#octets.length + octets));
    this.#octets.copy(larger, 0, 0, this.#used);
    this.#octets = larger;
  }
}

/** Reads what a batch has packed. */
export function unpackOutcomes({ post, lines }: PackedOutcomes): Outcome[] {
  const outcomes: Outcome[] = [];
  let common = { state: 'deferred' as OutcomeState, at: 0, host: '' };
  for (const line of Buffer.from(lines.buffer, lines.byteOffset, lines.byteLength).toString('utf8').split('\n')) {
    if (line.startsWith('=')) {
      const [, state, at, next, host] = line.split('\u001f') as [string, OutcomeState, string, string, string];
      common = { state, at: Number(at), host, ...(next === '' ? {} : { next: Number(next) }) };
    } else if (line !== '') {
      const [position, member, address, reply] = line.split('\u001f') as [string, string, string, string];
      outcomes.push({ post, position: Number(position), member: Number(member), address, reply, ...common });
    }
  }
  return outcomes;
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
