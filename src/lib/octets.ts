/** Text that is written as UTF-8 where it goes, without having been a string. */
export interface Octets {
  /** Octets that it has at the most. */
  readonly most: number;
  /** Writes it at `to`, where there is room; gives the place behind it. */
  put(into: Buffer, to: number): number;
}

/** Octets that a text has at the most: a UTF-16 unit becomes at most three. */
export function octetsMost(text: string | Octets): number {
  return typeof text === 'string' ? text.length * 3 : text.most;
}
