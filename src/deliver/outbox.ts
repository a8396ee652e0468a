import type { Socket } from 'node:net';
import { putDecimal } from '../lib/decimal.ts';
import type { EnvelopeOctets } from './delivery.ts';

/** Messages above this travel by reference: at 4 KiB a copy into one buffer costs less than a vector of three, at 50 KiB more (measured). */
const copiedOctetsMost = 16_384;
const firstOctets = 8_192;
/** Digits of a whole number. */
const digitsMost = 16;

/**
 * What a session has to say next, gathered in one buffer and sent in one write. The buffer is used again when the kernel has taken all of it
 * at once, which is nearly always; else the socket keeps it and the next words get another.
 */
export class Outbox {
  readonly #socket: Socket;
  #arena: Buffer | undefined;
  #used = 0;
  /** What stands before the arena's octets: full arenas and large messages. */
  #before: Buffer[] = [];
  #onSent: ((error?: Error | null) => void) | undefined;

  constructor(socket: Socket) {
    this.#socket = socket;
  }

  /** Nothing waits to be sent. */
  get isEmpty(): boolean {
    return this.#used === 0 && this.#before.length === 0;
  }

  /** Appends commands. */
  text(text: string): void {
    // A UTF-16 unit becomes at most three octets.
    const arena = this.#room(text.length * 3);
    this.#used += arena.write(text, this.#used, 'utf8');
  }

  /** Appends ASCII: for the few characters of a command a loop costs less than a call into the runtime. */
  ascii(text: string): void {
    const arena = this.#room(text.length);
    for (let at = 0; at < text.length; at++) arena[this.#used + at] = text.charCodeAt(at);
    this.#used += text.length;
  }

  number(value: number): void {
    this.#used = putDecimal(this.#room(digitsMost), this.#used, value);
  }

  /** Appends the sender of a copy, or its recipient. */
  sender(envelope: EnvelopeOctets): void {
    this.#used = envelope.putSender(this.#room(envelope.most), this.#used);
  }

  recipient(envelope: EnvelopeOctets): void {
    this.#used = envelope.put(this.#room(envelope.most), this.#used);
  }

  /** Appends octets that nobody changes any more. */
  octets(octets: Buffer): void {
    if (octets.length > copiedOctetsMost) {
      this.#seal();
      this.#before.push(octets);
      return;
    }
    const arena = this.#room(octets.length);
    arena.set(octets, this.#used);
    this.#used += octets.length;
  }

  /** Appends a message, behind what stands before it in this copy alone: ASCII. */
  message(head: { readonly before: Buffer; readonly text: string } | undefined, octets: Buffer): void {
    if (head) {
      this.octets(head.before);
      this.#used += this.#room(head.text.length).write(head.text, this.#used, 'latin1');
    }
    this.octets(octets);
  }

  /** Calls when the system has taken all that is gathered now, and whatever is added before it is sent. */
  tellWhenSent(onSent: () => void): void {
    this.#seal();
    this.#onSent = (error) => void (error || onSent());
  }

  /** Sends what was gathered. */
  flush(): void {
    if (this.#before.length > 0) return this.#flushAll();
    if (this.#used === 0) return;
    const arena = this.#arena!;
    this.#socket.write(arena.subarray(0, this.#used));
    this.#used = 0;
    if (this.#socket.writableLength > 0) this.#arena = undefined;
  }

  #flushAll(): void {
    this.#seal();
    this.#socket.cork();
    const last = this.#onSent && this.#before.pop();
    for (const part of this.#before) this.#socket.write(part);
    if (last) this.#socket.write(last, this.#onSent);
    this.#socket.uncork();
    this.#before = [];
    this.#onSent = undefined;
  }

  #room(octets: number): Buffer {
    const arena = this.#arena;
    if (arena && arena.length - this.#used >= octets) return arena;
    const larger = Buffer.allocUnsafeSlow(Math.max(firstOctets, 2 * (this.#used + octets)));
    arena?.copy(larger, 0, 0, this.#used);
    this.#arena = larger;
    return larger;
  }

  // The octets so far are the socket's from now on.
  #seal(): void {
    if (this.#used === 0) return;
    this.#before.push(this.#arena!.subarray(0, this.#used));
    this.#arena = undefined;
    this.#used = 0;
  }
}
