/** A member as a chunk knows it. */
export interface PackedMember {
  readonly member: number;
  readonly address: string;
}

/**
 * Members of a chunk in one buffer, one line `<member id> <address>` each: no object per member lives as long as a post,
 * and the octets travel between threads and the database without being looked at.
 */
export function packMembers(members: Iterable<PackedMember>): Buffer {
  let text = '';
  for (const { member, address } of members) text += `${member} ${address}\n`;
  return Buffer.from(text, 'utf8');
}

/** Reads the members back one at a time. */
export function* unpackMembers(packed: Uint8Array): Generator<PackedMember> {
  const octets = Buffer.from(packed.buffer, packed.byteOffset, packed.byteLength);
  let from = 0;
  while (from < octets.length) {
    const end = octets.indexOf(10, from);
    const blank = octets.indexOf(32, from);
    yield { member: Number(octets.toString('latin1', from, blank)), address: octets.toString('utf8', blank + 1, end) };
    from = end + 1;
  }
}
