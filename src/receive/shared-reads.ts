import { Socket, type SocketConstructorOpts } from 'node:net';
import type { Writable } from 'node:stream';

/** Of one read: what Node takes for each socket by itself. */
const readOctets = 65_536;

/** What Node 24 keeps of an accepted socket without a name for it: the connection itself, and the server that counts it. */
interface Accepted {
  _handle: unknown;
  _server: unknown;
}

/**
 * Reads from accepted sockets with one buffer for all of them. Node offers that for sockets that connect alone (`onread`); one for each read, and a
 * stream behind it, take a tenth of the CPU of a message that comes in (measured).
 */
export class SharedReads {
  readonly #octets = Buffer.allocUnsafeSlow(readOctets);

  /**
   * A socket in the place of one that was accepted and is paused, so that nothing of it was read. It has to be piped, and the stream that it is
   * piped to must copy what it keeps: the octets are good for the time of the call.
   */
  takeOver(accepted: Socket): Socket {
    const from = accepted as unknown as Accepted;
    const socket = new SharedReadSocket(from._handle, accepted.allowHalfOpen, this.#octets);
    (socket as unknown as Accepted)._server = from._server;
    from._handle = null;
    from._server = null;
    return socket;
  }
}

class SharedReadSocket extends Socket {
  #reader: Writable | undefined;

  constructor(handle: unknown, allowHalfOpen: boolean, buffer: Buffer) {
    const take = { now: (_octets: Buffer): boolean => true };
    const onread = { buffer, callback: (length: number) => take.now(buffer.subarray(0, length)) };
    super({ handle, allowHalfOpen, onread, manualStart: true } as SocketConstructorOpts);
    // What nobody reads is thrown away, as by a stream without a listener.
    take.now = (octets) => this.#reader?.write(octets) ?? true;
  }

  override pipe<T extends NodeJS.WritableStream>(reader: T): T {
    this.#reader = reader as unknown as Writable;
    reader.on('drain', this.#goOn);
    this.once('end', this.#end);
    this.resume();
    return reader;
  }

  override unpipe(reader: NodeJS.WritableStream): this {
    reader.off('drain', this.#goOn);
    this.off('end', this.#end);
    this.#reader = undefined;
    return this.pause();
  }

  readonly #goOn = (): void => void this.resume();
  readonly #end = (): void => void this.#reader?.end();
}
