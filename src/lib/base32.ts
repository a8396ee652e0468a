// RFC 4648 §6 in lower case: mail gateways fold case, so an address may not depend on it.
const alphabet = 'abcdefghijklmnopqrstuvwxyz234567';
const letters = Buffer.from(alphabet, 'latin1');

/** Writes octets as lower-case base32 without padding; 5 octets give 8 characters. */
export function base32(octets: Uint8Array): string {
  const text = Buffer.allocUnsafe(Math.ceil((octets.length * 8) / 5));
  let length = 0;
  let bits = 0;
  let held = 0;
  for (let at = 0; at < octets.length; at++) {
    held = (held << 8) | octets[at]!;
    for (bits += 8; bits >= 5; bits -= 5) text[length++] = letters[(held >> (bits - 5)) & 31]!;
    held &= (1 << bits) - 1;
  }
  if (bits > 0) text[length] = letters[(held << (5 - bits)) & 31]!;
  return text.toString('latin1');
}

/** Writes 40 bits as 8 characters at `at`: the octets of `low`, the lowest first, and then the lowest octet of `high`. */
export function putBase32Of40(into: Uint8Array, at: number, low: number, high: number): void {
  const left = ((low & 255) << 12) | (((low >>> 8) & 255) << 4) | ((low >>> 20) & 15);
  const right = (((low >>> 16) & 15) << 16) | ((low >>> 24) << 8) | (high & 255);
  for (let n = 0, shift = 15; n < 4; n++, shift -= 5) {
    into[at + n] = letters[(left >> shift) & 31]!;
    into[at + 4 + n] = letters[(right >> shift) & 31]!;
  }
}

/** Reads what `base32` wrote, in any letter case; undefined when a character is not of the alphabet. */
export function fromBase32(text: string): Buffer | undefined {
  const octets: number[] = [];
  let bits = 0;
  let held = 0;
  for (const letter of text.toLowerCase()) {
    const value = alphabet.indexOf(letter);
    if (value < 0) return undefined;
    held = ((held << 5) | value) & 0xfff;
    bits += 5;
    if (bits >= 8) {
      bits -= 8;
      octets.push((held >> bits) & 255);
    }
  }
  return Buffer.from(octets);
}

/** A non-negative safe integer in base32 digits, most significant first, at least one digit. */
export function base32Integer(value: number): string {
  if (!Number.isSafeInteger(value) || value < 0) throw new RangeError(`not a non-negative safe integer: ${value}`);
  let text = '';
  let rest = value;
  do {
    text = alphabet[rest % 32] + text;
    rest = Math.floor(rest / 32);
  } while (rest > 0);
  return text;
}

/** Reads what `base32Integer` wrote; undefined for an empty text, a foreign character or more than 53 bits. */
export function fromBase32Integer(text: string): number | undefined {
  if (text === '' || text.length > 11) return undefined;
  let value = 0;
  for (const letter of text.toLowerCase()) {
    const digit = alphabet.indexOf(letter);
    if (digit < 0) return undefined;
    value = value * 32 + digit;
  }
  return Number.isSafeInteger(value) ? value : undefined;
}
