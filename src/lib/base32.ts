// RFC 4648 §6 in lower case: mail gateways fold case, so an address may not depend on it.
const alphabet = 'abcdefghijklmnopqrstuvwxyz234567';

/** Writes octets as lower-case base32 without padding; 5 octets give 8 characters. */
export function base32(octets: Uint8Array): string {
  let text = '';
  let bits = 0;
  let held = 0;
  for (const octet of octets) {
    held = (held << 8) | octet;
    bits += 8;
    while (bits >= 5) {
      bits -= 5;
      text += alphabet[(held >> bits) & 31];
    }
    held &= (1 << bits) - 1;
  }
  return bits === 0 ? text : text + alphabet[(held << (5 - bits)) & 31];
}

/** Pairs of letters by ten bits. */
const pairs = Array.from({ length: 1_024 }, (_, bits) => alphabet[bits >> 5]! + alphabet[bits & 31]!);

/** The first 40 bits of a text that has an octet in each character (`latin1`), as 8 base32 characters. */
export function base32Of40(octets: string): string {
  const third = octets.charCodeAt(2);
  const left = (octets.charCodeAt(0) << 12) | (octets.charCodeAt(1) << 4) | (third >> 4);
  const right = ((third & 15) << 16) | (octets.charCodeAt(3) << 8) | octets.charCodeAt(4);
  return pairs[left >> 10]! + pairs[left & 1_023]! + pairs[right >> 10]! + pairs[right & 1_023]!;
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
