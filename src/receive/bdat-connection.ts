import { type Chunk, ChunkOctets, readBdat, withLineEnd } from './bdat.ts';
import type { Collecting } from './collect.ts';
import { Connection } from './connection.ts';

/**
 * A session that takes messages in chunks (RFC 3030). Each chunk that is not the last has one reply, in LMTP too; the last one those that a
 * message has. A chunk that is refused ends the transaction, and so does DATA among chunks: the chunks behind it are read, thrown away and
 * refused, until there are recipients again.
 */
export class BdatConnection extends Connection {
  override handler_BDAT(command: Buffer, next: () => void): void {
    const chunk = readBdat(command.toString('latin1'));
    if (!chunk) {
      this.send(501, 'syntax: BDAT octets [LAST]');
      // Octets of the message would be read as commands.
      this.close();
      next();
    } else if (this.session.envelope.rcptTo.length === 0) {
      this.#read(chunk, undefined, next, (goOn) => {
        this._resetSession();
        this.send(503, 'BDAT has its place behind RCPT');
        goOn();
      });
    } else {
      const message = this.collect();
      this.isChunked = true;
      this.#read(chunk, message, next, (goOn) => this.#ended(chunk, message, goOn));
    }
  }

  override handler_DATA(command: Buffer, next: () => void): void {
    if (!this.isChunked) return super.handler_DATA(command, next);
    // RFC 3030 §2: nothing of this transaction may go on.
    this._resetSession();
    this.send(503, 'DATA among chunks of BDAT');
    next();
  }

  override handler_RCPT(command: Buffer, next: () => void): void {
    if (!this.isChunked) return super.handler_RCPT(command, next);
    this.send(503, 'RCPT among chunks of BDAT');
    next();
  }

  override _resetSession(): void {
    if (this.isChunked) this.forget();
    super._resetSession();
  }

  // The octets come, whatever becomes of them (RFC 3030 §2).
  #read({ octets }: Chunk, message: Collecting | undefined, next: () => void, onEnd: (goOn: () => void) => void): void {
    if (octets === 0) {
      this._handlerPending = false;
      return onEnd(next);
    }
    this.stream?.startOctets(new ChunkOctets(octets, (some) => message?.take(some)), onEnd);
    next();
  }

  #ended({ octets, isLast }: Chunk, message: Collecting, goOn: () => void): void {
    if (isLast || message.trouble) {
      this.isChunked = false;
      return void this.received(withLineEnd(message.end()), isLast);
    }
    this._dataStream = false;
    if (octets === 0 && this.sendsNothing()) return;
    this.send(250, `2.0.0 ${octets} octets`);
    goOn();
  }
}
