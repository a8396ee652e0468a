import { type ListName, parseListName } from '../../src/list/name.ts';
import type { Places } from '../../src/route.ts';

/** A world for `route`: these lists and mailboxes, at their domains. */
export function placesOf(lists: readonly string[], mailboxes: readonly string[] = []): Places {
  const names = lists.map((address) => parseListName(address)!);
  const find = (isIt: (name: ListName) => boolean): ListName | undefined => names.find(isIt);
  const domains = new Set([...lists, ...mailboxes].map((address) => address.slice(address.lastIndexOf('@') + 1)));
  return {
    isOurs: (domain) => domains.has(domain),
    list: (name, domain) => find((one) => one.name === name && one.domain === domain),
    listById: (id, domain) => find((one) => one.id === id && one.domain === domain),
    hasMailbox: ({ canonical }) => mailboxes.includes(canonical),
  };
}
