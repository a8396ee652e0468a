import type { Senders } from '../../src/deliver/copy.ts';

/** Senders as a function of the member; the octets are those of the text. */
export function sendersBy(of: Senders['of']): Senders {
  return {
    most: 254,
    of,
    put: (into, to, member, octets, from, end) =>
      to + into.write(of(member, Buffer.from(octets.subarray(from, end)).toString('latin1')), to, 'latin1'),
  };
}
