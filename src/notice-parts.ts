import type { Home } from './home.ts';
import type { NoticeParts, Reader } from './queue/notice.ts';
import { type Places, type Route, routeText } from './route.ts';
import { hostnameOf, placesOf } from './stages.ts';

/** Gives the notices of what became of mail what they need of a home. */
export function noticeParts(home: Home): NoticeParts {
  const { clock, newId, settings } = home;
  const places = placesOf(home);
  return {
    clock,
    newId,
    hostname: hostnameOf(settings),
    get domain(): string {
      return settings.domains[0] ?? '';
    },
    readerOf: (address) => readerOf(address, places),
  };
}

/** Addresses of ours that take nothing. */
const unread: ReadonlySet<Route['kind']> = new Set(['unknown', 'decision', 'request']);

// What comes back to the bare `L-return` of a forward to an owner is thrown away there: the postmaster should know of an owner who gets no
// mail.
function readerOf(address: string, places: Places): Reader {
  const route = routeText(address, places);
  if (route.kind === 'foreign') return { kind: 'elsewhere' };
  if (route.kind === 'postmaster') return { kind: 'postmaster' };
  if (unread.has(route.kind) || (route.kind === 'bounce' && route.isBare)) return { kind: 'nobody' };
  return { kind: 'here', list: 'list' in route ? route.list.address : '' };
}
