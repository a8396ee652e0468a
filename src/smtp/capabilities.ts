import { type Mechanism, mechanisms } from './auth.ts';

/** What a peer can do, from its answer to EHLO. Frozen. */
export interface Capabilities {
  readonly pipelining: boolean;
  readonly chunking: boolean;
  readonly eightBit: boolean;
  readonly utf8: boolean;
  readonly startTls: boolean;
  /** It is asked to notify, and does it (RFC 3461). */
  readonly dsn: boolean;
  /** The largest message in octets; 0 when the peer names none (RFC 1870 §4). */
  readonly size: number;
  /** The peer knows the SIZE parameter. */
  readonly hasSize: boolean;
  /** The ways to log in that it offers and we know (RFC 4954). */
  readonly auth: readonly Mechanism[];
}

/** A peer that only knows HELO. */
export const noCapabilities: Capabilities = Object.freeze({
  pipelining: false,
  chunking: false,
  eightBit: false,
  utf8: false,
  startTls: false,
  dsn: false,
  size: 0,
  hasSize: false,
  auth: [],
});

/** Reads the text of an EHLO reply: `250 host KEYWORD KEYWORD parameter …`, its lines joined by blanks. */
export function parseCapabilities(reply: string): Capabilities {
  const words = reply.toUpperCase().split(' ').slice(2);
  const size = words.indexOf('SIZE');
  return Object.freeze({
    pipelining: words.includes('PIPELINING'),
    chunking: words.includes('CHUNKING'),
    eightBit: words.includes('8BITMIME'),
    utf8: words.includes('SMTPUTF8'),
    startTls: words.includes('STARTTLS'),
    dsn: words.includes('DSN'),
    hasSize: size >= 0,
    size: size >= 0 && /^\d{1,15}$/.test(words[size + 1] ?? '') ? Number(words[size + 1]) : 0,
    auth: mechanisms.filter((mechanism) => hasMechanism(words, mechanism)),
  });
}

// Old hosts write `AUTH=LOGIN PLAIN`. The lines are joined, so a name is looked for anywhere behind the keyword.
function hasMechanism(words: readonly string[], mechanism: Mechanism): boolean {
  const at = words.findIndex((word) => word === 'AUTH' || word.startsWith('AUTH='));
  return at >= 0 && (words.includes(mechanism, at) || words.includes(`AUTH=${mechanism}`));
}
