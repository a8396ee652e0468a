import { domainToASCII } from 'node:url';

/** A mailbox address, parsed once where it came in. Frozen. */
export interface Address {
  /** As typed; quoted only when RFC 5321 demands it. */
  readonly local: string;
  /** Lower case, international labels in their ASCII form (RFC 5891). */
  readonly domain: string;
  /** `local@domain`: what is written on the wire and shown. */
  readonly text: string;
  /** `text` in lower case: what addresses are compared, indexed and authenticated by (`canonicalOf`). */
  readonly canonical: string;
}

/** Octets of a local part, RFC 5321 §4.5.3.1.1. */
export const localPartOctetsMost = 64;
/** Octets of a whole address: a path of 256 less its two brackets, RFC 5321 §4.5.3.1.3. */
export const addressOctetsMost = 254;

// RFC 5322 §3.2.3 atext, with the letters of RFC 6531 §3.3 above ASCII (no C1 controls, no separators, no surrogates).
const atom =
  "[A-Za-z0-9!#$%&'*+/=?^_`{|}~\\u{a1}-\\u{1fff}\\u{2010}-\\u{2027}\\u{2030}-\\u{205e}\\u{2070}-\\u{d7ff}\\u{f900}-\\u{fffd}\\u{10000}-\\u{10ffff}-]+";
const dotAtom = new RegExp(`^${atom}(?:\\.${atom})*$`, 'u');
const quotedLocal = /^"(?:[ !#-[\]-~\u00a1-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]|\\[ -~])*"$/u;
const label = /^(?!-)[a-z0-9_-]{1,63}(?<!-)$/;
// What nearly all addresses are: the same rules for ASCII alone, in one look instead of eight (0.5 µs in place of 1.8, measured).
const asciiAtom = "[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+";
const asciiLabel = '(?!-)[A-Za-z0-9_-]{1,63}(?<!-)';
const plain = new RegExp(`^${asciiAtom}(?:\\.${asciiAtom})*@${asciiLabel}(?:\\.${asciiLabel})*$`);
/** Octets of a domain name, RFC 1035 §2.3.4 without the length octets of its ends. */
const domainOctetsMost = 253;

/** Reads `local@domain` (no brackets, no display name). Undefined when it is not an address that mail can be sent to. */
export function parseAddress(text: string): Address | undefined {
  const at = text.lastIndexOf('@');
  if (at < 1) return undefined;
  if (text.length <= addressOctetsMost && at <= localPartOctetsMost && plain.test(text)) return plainAddress(text, at);
  const local = parseLocal(text.slice(0, at));
  const domain = parseDomain(text.slice(at + 1));
  if (local === undefined || domain === undefined) return undefined;
  const whole = `${local}@${domain}`;
  if (Buffer.byteLength(whole) > addressOctetsMost) return undefined;
  return Object.freeze({ local, domain, text: whole, canonical: canonicalOf(whole) });
}

function plainAddress(text: string, at: number): Address {
  const canonical = text.toLowerCase();
  const [local, domain] = [text.slice(0, at), canonical.slice(at + 1)];
  return Object.freeze({ local, domain, text: `${local}@${domain}`, canonical });
}

/** An address that was parsed before and kept as its `text`. */
export function keptAddress(text: string): Address {
  const at = text.lastIndexOf('@');
  return { local: text.slice(0, at), domain: text.slice(at + 1), text, canonical: canonicalOf(text) };
}

/**
 * The form in which addresses are compared. The Kelvin sign stays as it is: it is the one character outside ASCII whose lower
 * case is an ASCII letter, and nobody may prove by `\u212a@…` that he is `k@…`.
 */
export function canonicalOf(text: string): string {
  return text.includes('\u212a') ? text.replace(/[^\u212a]+/g, (part) => part.toLowerCase()) : text.toLowerCase();
}

/** Reads a domain name or address literal into its canonical form; undefined when it is none. */
export function parseDomain(text: string): string | undefined {
  const lower = text.toLowerCase();
  if (lower.startsWith('[')) return isLiteral(lower) ? lower : undefined;
  if (lower.length > 255 || /[\s/@:?#%\\[\]]/u.test(lower)) return undefined;
  const ascii = /^[\u0020-\u007e]+$/.test(lower) ? lower : domainToASCII(lower);
  if (ascii === '' || ascii.length > domainOctetsMost || !ascii.split('.').every((part) => label.test(part)))
    return undefined;
  return ascii;
}

// RFC 5321 §4.1.3: [192.0.2.1] or [IPv6:2001:db8::1].
function isLiteral(text: string): boolean {
  const v6 = /^\[ipv6:([0-9a-f:.]{2,45})\]$/.exec(text)?.[1];
  if (v6 !== undefined) return URL.canParse(`http://[${v6}]/`);
  const v4 = /^\[(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})\]$/.exec(text);
  return v4 !== null && v4.slice(1).every((octet) => Number(octet) <= 255);
}

function parseLocal(text: string): string | undefined {
  if (Buffer.byteLength(text) > localPartOctetsMost) return undefined;
  if (dotAtom.test(text)) return text;
  if (!quotedLocal.test(text)) return undefined;
  const plain = text.slice(1, -1).replace(/\\(.)/gu, '$1');
  return dotAtom.test(plain) ? plain : `"${plain.replace(/["\\]/g, '\\$&')}"`;
}
