import { isIPv6 } from 'node:net';

/** What one client has: an IPv4 address, or the first four groups of an IPv6 one (a /64). */
export function networkOf(address: string): string {
  if (!isIPv6(address)) return address;
  const [head = '', tail] = address.split('::');
  const before = head === '' ? [] : head.split(':');
  const after = tail === undefined || tail === '' ? [] : tail.split(':');
  const zeros = tail === undefined ? 0 : Math.max(0, 8 - before.length - after.length);
  const groups = [...before, ...Array<string>(zeros).fill('0'), ...after].slice(0, 4);
  return groups.map((group) => Number.parseInt(group, 16).toString(16)).join(':');
}

/** The connections of each network. */
export class ByNetwork<T> {
  readonly #held = new Map<string, Set<T>>();

  add(network: string, one: T): void {
    const held = this.#held.get(network);
    if (held) held.add(one);
    else this.#held.set(network, new Set([one]));
  }

  remove(network: string, one: T): void {
    const held = this.#held.get(network);
    if (held?.delete(one) && held.size === 0) this.#held.delete(network);
  }

  of(network: string): ReadonlySet<T> {
    return this.#held.get(network) ?? none;
  }
}

const none: ReadonlySet<never> = new Set();
