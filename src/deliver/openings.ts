import type { Socket } from 'node:net';
import type { NextHops } from './hosts.ts';
import { reach, type ReachParts } from './reach.ts';
import type { Dialer, OpenSession, SetupFailure } from './session-parts.ts';

/** The connections of a lane that are being set up. */
export class Openings {
  /** The sockets that each has so far. */
  readonly #underWay = new Set<Socket[]>();
  /** Those who wait for the book's word to dial once more. */
  readonly #waiting: (() => void)[] = [];
  readonly #askToDial: () => void;
  #isStopping = false;

  /** `askToDial` asks for a `mayDial`: a host with several addresses, or one whose TLS fails, costs more than one new connection. */
  constructor(askToDial: () => void) {
    this.#askToDial = askToDial;
  }

  get count(): number {
    return this.#underWay.size;
  }

  /** Sets up a connection. Undefined: the lane was stopped meanwhile, which has ended it. */
  async open(hops: NextHops, parts: ReachParts): Promise<OpenSession | SetupFailure | undefined> {
    const sockets: Socket[] = [];
    let dials = 0;
    const dialer: Dialer = async (...way) => {
      if (dials++ > 0) await this.#turn();
      const socket = await parts.dialer(...way);
      if (this.#isStopping) socket.destroy();
      sockets.push(socket);
      return socket;
    };
    this.#underWay.add(sockets);
    const opened = await reach(hops, { ...parts, dialer });
    if (this.#underWay.delete(sockets)) return opened;
    // At a stop nobody waits for a host that has not answered yet.
    if ('socket' in opened) opened.socket.destroy();
    return undefined;
  }

  /** The book allows one dial. */
  mayDial(): void {
    this.#waiting.shift()?.();
  }

  /** Breaks them all off and says how many there were. */
  stop(): number {
    this.#isStopping = true;
    const { count } = this;
    for (const sockets of this.#underWay) for (const socket of sockets) socket.destroy();
    this.#underWay.clear();
    return count;
  }

  #turn(): Promise<void> {
    return new Promise((resolve) => {
      this.#waiting.push(resolve);
      this.#askToDial();
    });
  }
}
