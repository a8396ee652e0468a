/** Messages are kept in blocks of so many octets. */
const blockOctets = 16_384;
/** Blocks that are kept for messages to come. */
const spareMost = 64;

/** Octets of messages that are being received, of all sessions together. */
export class MessageRoom {
  readonly #most: number;
  #taken = 0;
  readonly #spare: Buffer[] = [];

  constructor(most: number) {
    this.#most = most;
  }

  /** True when there was room; `give` gives it back. */
  take(octets: number): boolean {
    if (this.#taken + octets > this.#most) return false;
    this.#taken += octets;
    return true;
  }

  give(octets: number): void {
    this.#taken -= octets;
  }

  /** A block, with whatever stands in it, when there is room for one; `giveBlock` gives it back. */
  takeBlock(): Buffer | undefined {
    return this.take(blockOctets) ? (this.#spare.pop() ?? Buffer.allocUnsafeSlow(blockOctets)) : undefined;
  }

  /** Nobody looks into the block any more. */
  giveBlock(block: Buffer): void {
    this.give(blockOctets);
    if (this.#spare.length < spareMost) this.#spare.push(block);
  }
}

/** A message as it came, and the room that it takes until `release`; or why it was thrown away. */
export interface Collected {
  readonly trouble?: 'too large' | 'broken off' | 'no room';
  /** Good until `release`. */
  readonly chunks: readonly Buffer[];
  readonly release: () => void;
}

/**
 * Keeps a message that is coming in. What exceeds the limit or the room is thrown away while it comes: memory stays bounded, and the
 * client gets its reply.
 */
export class Collecting {
  readonly #room: MessageRoom;
  readonly #most: number;
  #blocks: Buffer[] = [];
  /** Of the last block. */
  #used = blockOctets;
  #octets = 0;
  #trouble: Collected['trouble'];

  /** `most`: octets of one message. */
  constructor(room: MessageRoom, most: number) {
    this.#room = room;
    this.#most = most;
  }

  /** Octets that have come, up to the limit: those above it are worth nothing. */
  get octets(): number {
    return Math.min(this.#octets, this.#most);
  }

  get trouble(): Collected['trouble'] {
    return this.#trouble;
  }

  /** Takes the next octets: copies them. */
  take(octets: Buffer): void {
    this.#octets += octets.length;
    if (this.#octets > this.#most) this.#forget('too large');
    for (let from = 0; from < octets.length && !this.#trouble;) {
      const block = this.#used < blockOctets ? this.#blocks.at(-1)! : this.#nextBlock();
      if (!block) return this.#forget('no room');
      const copied = octets.copy(block, this.#used, from);
      this.#used += copied;
      from += copied;
    }
  }

  /** The message, whole or broken off. */
  end(trouble?: 'broken off'): Collected {
    if (trouble) this.#forget(trouble);
    const last = this.#blocks.length - 1;
    const chunks = this.#blocks.map((block, at) => (at < last ? block : block.subarray(0, this.#used)));
    return { ...(this.#trouble && { trouble: this.#trouble }), chunks, release: () => this.#release() };
  }

  #nextBlock(): Buffer | undefined {
    const block = this.#room.takeBlock();
    if (!block) return undefined;
    this.#blocks.push(block);
    this.#used = 0;
    return block;
  }

  #forget(why: NonNullable<Collected['trouble']>): void {
    this.#trouble ??= why;
    this.#release();
  }

  #release(): void {
    for (const block of this.#blocks) this.#room.giveBlock(block);
    [this.#blocks, this.#used] = [[], blockOctets];
  }
}
