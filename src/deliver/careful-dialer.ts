import { isIP } from 'node:net';
import type { Clock } from '../lib/clock.ts';
import type { Dialer } from './session-parts.ts';

export interface CarefulDialerParts {
  readonly dialer: Dialer;
  readonly clock: Clock;
  /** Our addresses of either family that connections come from, in turn; none: the system chooses. */
  readonly sourceAddresses: readonly string[];
  /** Until when an address that does not answer is left alone, in milliseconds since 1970. */
  readonly deadUntil: (address: string) => number;
  readonly onTimedOut: (address: string) => void;
  readonly onAnswered: (address: string) => void;
}

/** Dials from each of our addresses in turn, and passes over hosts that are known not to answer. */
export function carefulDialer(parts: CarefulDialerParts): Dialer {
  const turns = new Map<number, number>();
  const sourceFor = (address: string): string | undefined => {
    const family = isIP(address);
    const ours = parts.sourceAddresses.filter((one) => isIP(one) === family);
    const turn = turns.get(family) ?? 0;
    turns.set(family, turn + 1);
    return ours[turn % ours.length];
  };
  return async (address, port, timeoutMs, localAddress) => {
    const until = parts.deadUntil(address);
    if (until > parts.clock.now())
      throw new Error(`it did not answer lately, and is left alone until ${isoTime(until)}`);
    try {
      const socket = await parts.dialer(address, port, timeoutMs, localAddress ?? sourceFor(address));
      parts.onAnswered(address);
      return socket;
    } catch (error) {
      // Only silence: a host that refuses is there (qmail's tcpto).
      if ((error as NodeJS.ErrnoException).code === 'ETIMEDOUT') parts.onTimedOut(address);
      throw error;
    }
  };
}

function isoTime(at: number): string {
  return new Date(at).toISOString().slice(0, 19);
}
