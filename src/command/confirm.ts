import { type LeaveClaim, provesLeaving } from '../list/leave-address.ts';
import type { MailRole } from '../list/name.ts';
import type { Request, RequestAction } from '../list/store.ts';
import { matchesRequest, readToken } from '../list/tokens.ts';
import { type Address, keptAddress, parseAddress } from '../mail/address.ts';
import { doneWith, type Handled } from '../queue/handled.ts';
import type { Given } from './given.ts';
import { ask, causeOf, change, type Wish } from './membership.ts';

/** What the address of a confirmation says; nothing of it is proved yet. */
interface Claimed {
  readonly action: RequestAction;
  readonly role: MailRole;
  readonly token: string;
  readonly target: Address;
}

/** Obeys the answer to a request that came to its token's address; the mail itself may say anything and come from anybody. */
export async function confirm(given: Given, { action, role, token, target }: Claimed): Promise<Handled> {
  const { list } = given;
  const claim = readToken(token, action, role, target, await list.keys());
  const request = claim && (await list.store.requestByNonce(action, role, target.canonical, claim.nonce));
  if (request) return obey(given, request);
  const wanted = wishOf(action, role, target);
  return wanted ? askAgain(given, wanted) : doneWith('ignored: a bad token');
}

/** The same for the address that names the request by its number. */
export async function confirmById(given: Given, { id, mac }: { id: number; mac: string }): Promise<Handled> {
  const request = await given.list.store.requestById(id);
  const isProved = request !== undefined && matchesRequest(request, mac, await given.list.keys());
  return isProved ? obey(given, request) : doneWith('ignored: a bad token');
}

/**
 * Ends the membership whose copies bear this address, without another question: who can write to it has had such a copy (the one click of
 * RFC 8058, by mail). A membership that is over stays so.
 */
export async function leave(given: Given, claim: LeaveClaim): Promise<Handled> {
  const { list } = given;
  const member = await list.store.memberById(claim.member);
  if (!member || member.role === 'mod' || !provesLeaving(claim, member, await list.keys()))
    return doneWith('ignored: a bad token');
  const wanted: Wish = { action: 'unsubscribe', role: member.role, target: keptAddress(member.address) };
  const isOver = member.isGone && !(await isDoneBefore(given, wanted));
  return isOver ? doneWith('ignored: not a member any more') : change(given, wanted, 'proved');
}

// By this very mail: its answer is still owed after a crash.
async function isDoneBefore(given: Given, { role, target }: Wish): Promise<boolean> {
  const { store } = given.list;
  if (await store.memberOf(role, target.canonical)) return false;
  return (await store.remove(role, [target], causeOf(given))) > 0;
}

// A token works once: after the first use it proves only that somebody has kept a mail.
async function obey(given: Given, request: Request): Promise<Handled> {
  const target = parseAddress(request.address);
  const wanted = target && request.role !== 'mod' ? wishOf(request.action, request.role, target) : undefined;
  if (!wanted) return doneWith('ignored: not offered');
  if (request.used === undefined && request.expires < given.tools.clock.now()) return askAgain(given, wanted);
  const isFirst = await given.list.store.useRequest(request.id, causeOf(given));
  return isFirst ? change(given, wanted, 'proved') : doneWith('ignored: the token was used before');
}

// As ezmlm, a fresh request; but only to whoever wrote, since a bad token may hold anybody's address.
async function askAgain(given: Given, wanted: Wish): Promise<Handled> {
  const isSelf = given.sender.canonical === wanted.target.canonical;
  return isSelf ? ask(given, wanted, 'token-expired') : doneWith('ignored: a bad token');
}

function wishOf(action: RequestAction, role: MailRole, target: Address): Wish | undefined {
  if (action === 'sc') return { action: 'subscribe', role, target };
  return action === 'uc' ? { action: 'unsubscribe', role, target } : undefined;
}
