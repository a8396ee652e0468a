import { type Address, parseAddress } from './mail/address.ts';
import { type OpaqueVerp, parseOpaqueVerp, parseReadableVerp, type ReadableVerp } from './mail/verp.ts';
import { parseTail, type Tail } from './list/grammar.ts';
import { type LeaveClaim, parseLeaveAddress } from './list/leave-address.ts';
import type { ListName, MailRole } from './list/name.ts';
import { parseStepAddress, type StepClaim } from './list/step-address.ts';

/** What route must know of the world; a pure look-up each. */
export interface Places {
  /** True when mail for this domain is ours. */
  isOurs(domain: string): boolean;
  list(name: string, domain: string): ListName | undefined;
  listById(id: string, domain: string): ListName | undefined;
  hasMailbox(address: Address): boolean;
}

/** Where an address leads. Frozen; one stage per kind. */
export type Route =
  | { readonly kind: 'post'; readonly list: ListName }
  | (Extract<Tail, { kind: 'command' | 'confirm' | 'decision' | 'owner' | 'request' }> & { readonly list: ListName })
  | { readonly kind: 'confirm-id'; readonly list: ListName; readonly id: number; readonly mac: string }
  | { readonly kind: 'leave'; readonly list: ListName; readonly claim: LeaveClaim }
  | {
      readonly kind: 'bounce';
      readonly list: ListName;
      readonly role: MailRole;
      readonly verp?: ReadableVerp | OpaqueVerp;
      /** The address says nothing of whom it is about: `L-return-`, `L-bounces`. */
      readonly isBare?: true;
      /** It answers a warning or a probe. */
      readonly step?: StepClaim;
    }
  | { readonly kind: 'mailbox'; readonly address: Address }
  | { readonly kind: 'postmaster'; readonly domain: string }
  | { readonly kind: 'unknown' }
  | { readonly kind: 'foreign' };

/** Finds where an address leads: names that no list may bear, the exact list name, then the longest list name before a `-`. Pure. */
export function route(address: Address, places: Places): Route {
  if (!places.isOurs(address.domain)) return Object.freeze({ kind: 'foreign' });
  return (
    routeReserved(address) ??
    routeOpaque(address, places) ??
    routeList(address, places) ??
    (places.hasMailbox(address) ? Object.freeze({ kind: 'mailbox', address }) : Object.freeze({ kind: 'unknown' }))
  );
}

/** Reads and routes in one step; an unreadable address leads nowhere. */
export function routeText(text: string, places: Places): Route {
  const address = parseAddress(text);
  return address ? route(address, places) : Object.freeze({ kind: 'unknown' });
}

function routeOpaque(address: Address, places: Places): Route | undefined {
  const verp = parseOpaqueVerp(address.local);
  const list = verp && places.listById(verp.listId, address.domain);
  if (verp && list) return Object.freeze({ kind: 'bounce', list, role: 'subscriber', verp });
  const step = parseStepAddress(address.local);
  const asking = step && places.listById(step.listId, address.domain);
  if (step && asking) return Object.freeze({ kind: 'bounce', list: asking, role: 'subscriber', step });
  const leave = parseLeaveAddress(address.local);
  const left = leave && places.listById(leave.listId, address.domain);
  if (leave && left) return Object.freeze({ kind: 'leave', list: left, claim: leave });
  return routeConfirmId(address, places);
}

// confirm.<list id>.<request>.<mac>: the request is a row of the list.
function routeConfirmId(address: Address, places: Places): Route | undefined {
  const found = /^confirm\.([a-z2-7]{8})\.(\d{1,15})\.([a-z2-7]{16})$/.exec(address.local.toLowerCase());
  const list = found && places.listById(found[1]!, address.domain);
  if (!found || !list) return undefined;
  return Object.freeze({ kind: 'confirm-id', list, id: Number(found[2]), mac: found[3]! });
}

function routeList(address: Address, places: Places): Route | undefined {
  const local = address.local;
  const exact = places.list(local.toLowerCase(), address.domain);
  if (exact) return Object.freeze({ kind: 'post', list: exact });
  for (let dash = local.lastIndexOf('-'); dash > 0; dash = local.lastIndexOf('-', dash - 1)) {
    const list = places.list(local.slice(0, dash).toLowerCase(), address.domain);
    if (list) return routeTail(list, parseTail(local.slice(dash + 1)));
  }
  return undefined;
}

function routeTail(list: ListName, tail: Tail): Route {
  if (tail.kind !== 'bounce') return Object.freeze({ ...tail, list });
  const verp = parseReadableVerp(tail.tail);
  const bare = tail.tail === '' ? ({ isBare: true } as const) : {};
  return Object.freeze({ kind: 'bounce', list, role: tail.role, ...(verp ? { verp } : {}), ...bare });
}

// RFC 5321 §4.5.1: postmaster is always accepted; abuse and mailer-daemon are the same person's post (RFC 2142).
function routeReserved(address: Address): Route | undefined {
  if (!/^(?:postmaster|abuse|mailer-daemon)$/i.test(address.local)) return undefined;
  return Object.freeze({ kind: 'postmaster', domain: address.domain });
}
