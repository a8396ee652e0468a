import type { Delivery } from './delivery.ts';

/** Transactions under way with CHUNKING: 8 to 16 take nearly all of the gain (measured). */
const depthMost = 16;
/** Octets under way with CHUNKING. A larger message travels alone, so that it is known when its last octet has left. */
const octetsMost = 262_144;
/** What the commands and the header of a transaction add to its message, about. */
const commandOctets = 300;

/** How many transactions may be under way when this one was the last to begin. */
export function depthBehind(last: Delivery | undefined): number {
  if (!last) return depthMost;
  const one = last.load.message.size + commandOctets;
  return Math.max(1, Math.min(depthMost, Math.floor(octetsMost / one)));
}

/** Whether a message travels alone. */
export function isLarge({ load }: Delivery): boolean {
  return load.message.size > octetsMost;
}
