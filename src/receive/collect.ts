import type { SMTPServerDataStream } from 'smtp-server';

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
  release(): void;
}

/** Smaller pieces are copied together: each would be an object of more octets than it holds. */
const pieceOctets = 2_048;
const blockOctets = 16_384;

/**
 * Reads a message to its end. What exceeds the limit or the room is thrown away while it comes: memory stays bounded, and the client gets
 * its reply.
 */
export function collect(stream: SMTPServerDataStream, room: MessageRoom): Promise<Collected> {
  return new Promise((resolve) => {
    let chunks: Buffer[] = [];
    let open: Open | undefined;
    let taken = 0;
    let trouble: Collected['trouble'];
    const release = (): void => {
      room.give(taken);
      taken = 0;
    };
    const forget = (why: Collected['trouble']): void => {
      trouble ??= why;
      [chunks, open] = [[], undefined];
      release();
    };
    stream.on('data', (chunk: Buffer) => {
      if (trouble) return;
      if (stream.sizeExceeded) return forget('too large');
      // A copy takes a whole block; what is not copied keeps its own octets alive.
      const isCopied = chunk.length < pieceOctets;
      const needed = isCopied && (!open || open.used + chunk.length > blockOctets) ? blockOctets : chunk.length;
      if (!isCopied || needed === blockOctets) {
        if (!room.take(needed)) return forget('no room');
        taken += needed;
        if (open) chunks.push(open.block.subarray(0, open.used));
        open = isCopied ? { block: Buffer.allocUnsafe(blockOctets), used: 0 } : undefined;
      }
      if (open) open.used += chunk.copy(open.block, open.used);
      else chunks.push(chunk);
    });
    const end = (why: Collected['trouble']): void => {
      if (why) forget(why);
      if (open) chunks.push(open.block.subarray(0, open.used));
      open = undefined;
      resolve({ ...(trouble ? { trouble } : {}), chunks, release });
    };
    stream.on('end', () => end(stream.sizeExceeded ? 'too large' : undefined));
    // Only the end of the connection ends the stream so.
    stream.on('error', () => end('broken off'));
  });
}

interface Open {
  readonly block: Buffer;
  used: number;
}
