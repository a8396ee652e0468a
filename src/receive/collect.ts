/** Octets of messages that are being received, of all sessions together. */
export class MessageRoom {
  readonly #most: number;
  #taken = 0;

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
}

/** A message as it came, and the room that it takes until `release`; or why it was thrown away. */
export interface Collected {
  readonly trouble?: 'too large' | 'broken off' | 'no room';
  readonly chunks: readonly Buffer[];
  readonly release: () => void;
}

/** Smaller pieces are put together: each would be an object of more octets than it holds. */
const pieceOctets = 2_048;
const blockOctets = 16_384;

/**
 * Keeps a message that is coming in. What exceeds the limit or the room is thrown away while it comes: memory stays bounded, and the
 * client gets its reply.
 */
export class Collecting {
  readonly #room: MessageRoom;
  readonly #most: number;
  #chunks: Buffer[] = [];
  #open: { readonly block: Buffer; used: number } | undefined;
  #octets = 0;
  #taken = 0;
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
    if (this.#trouble) return;
    if (this.#octets > this.#most) this.#forget('too large');
    else if (octets.length < pieceOctets) this.#join(octets);
    else if (this.#hasRoom(octets.length)) this.#push(octets);
  }

  /** The message, whole or broken off. */
  end(trouble?: 'broken off'): Collected {
    if (trouble) this.#forget(trouble);
    this.#closeBlock();
    const release = (): void => this.#release();
    return { ...(this.#trouble && { trouble: this.#trouble }), chunks: this.#chunks, release };
  }

  #join(octets: Buffer): void {
    if (!this.#open || this.#open.used + octets.length > blockOctets) {
      if (!this.#hasRoom(blockOctets)) return;
      this.#closeBlock();
      this.#open = { block: Buffer.allocUnsafeSlow(blockOctets), used: 0 };
    }
    this.#open.used += octets.copy(this.#open.block, this.#open.used);
  }

  #push(octets: Buffer): void {
    this.#closeBlock();
    const piece = Buffer.allocUnsafeSlow(octets.length);
    octets.copy(piece);
    this.#chunks.push(piece);
  }

  #closeBlock(): void {
    if (this.#open) this.#chunks.push(this.#open.block.subarray(0, this.#open.used));
    this.#open = undefined;
  }

  #hasRoom(octets: number): boolean {
    const has = this.#room.take(octets);
    if (has) this.#taken += octets;
    else this.#forget('no room');
    return has;
  }

  #forget(why: NonNullable<Collected['trouble']>): void {
    this.#trouble ??= why;
    [this.#chunks, this.#open] = [[], undefined];
    this.#release();
  }

  #release(): void {
    this.#room.give(this.#taken);
    this.#taken = 0;
  }
}
