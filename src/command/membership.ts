import type { MailRole } from '../list/name.ts';
import type { Cause } from '../list/cause.ts';
import type { RequestAction } from '../list/store.ts';
import { confirmAddress, expiryIn, newNonce } from '../list/tokens.ts';
import type { Address } from '../mail/address.ts';
import { valueOf } from '../mail/header.ts';
import { decodeWords, plainLine } from '../mail/words.ts';
import { doneWith, type Handled } from '../queue/handled.ts';
import { actionName, answer, mayMail } from './answer.ts';
import type { Given } from './given.ts';

/** One wish to join or to leave. */
export interface Wish {
  readonly action: 'subscribe' | 'unsubscribe';
  readonly role: MailRole;
  readonly target: Address;
}

/** What each wish is called in a token, and which text says that it is fulfilled already. */
const wishes: Readonly<Record<Wish['action'], { readonly request: RequestAction; readonly already: string }>> = {
  subscribe: { request: 'sc', already: 'subscribe-already' },
  unsubscribe: { request: 'uc', already: 'unsubscribe-absent' },
};

/** Answers a wish to join or leave: by doing it where the owner asks for no proof, with what is true already, or with a request. */
export async function wish(given: Given, wanted: Wish): Promise<Handled> {
  const { action, target } = wanted;
  const { subscribeConfirm, unsubscribeConfirm } = given.settings;
  const needsProof = action === 'subscribe' ? subscribeConfirm : unsubscribeConfirm;
  const isSelf = given.sender.canonical === target.canonical;
  const mayChange = !needsProof && isSelf && !(action === 'subscribe' && (await isShut(given, wanted)));
  return mayChange ? change(given, wanted, 'unproved') : ask(given, wanted, `${action}-confirm`);
}

/** Sends a request to confirm, with this text, to whom it is about; unless it is true already. */
export async function ask(given: Given, wanted: Wish, template: string): Promise<Handled> {
  const { list } = given;
  const { action, role, target } = wanted;
  const member = await list.store.memberOf(role, target.canonical);
  const isThere = member !== undefined && !(action === 'subscribe' && (await isSuspended(given, wanted)));
  return isThere === (action === 'subscribe') ? already(given, wanted) : askForProof(given, wanted, template);
}

/**
 * Changes the list. A change that is proved sends its mail without an allowance, and the mails before it no longer count; one that nothing
 * proves may not be used to send somebody any number of mails.
 */
export async function change(given: Given, wanted: Wish, proof: 'proved' | 'unproved'): Promise<Handled> {
  const { entry, list, tools } = given;
  const { action, role, target } = wanted;
  const { store } = list;
  const cause = causeOf(given);
  const isChanged =
    action === 'subscribe' ? await join(given, wanted, cause) : (await store.remove(role, [target], cause)) > 0;
  const name = actionName(action, role);
  if (proof === 'proved') await tools.allowances.answered(list.name.address, name, target.canonical);
  if (isChanged)
    tools.log('command.done', { entry: entry.id, list: list.name.address, action: name, address: target.text });
  // As in ezmlm: who may post besides the subscribers is changed without a mail.
  if (role === 'allow' || role === 'deny') return doneWith(`${action}d ${role}`);
  return answer(given, {
    template: isChanged ? `${action}-done` : wishes[action].already,
    to: target,
    role,
    ...(proof === 'proved' ? {} : { unproved: name }),
    result: isChanged ? `${action}d` : wishes[action].already,
  });
}

// Whoever confirms wants the mail, whatever was said before; a right to post is no mail.
async function join(given: Given, wanted: Wish, cause: Cause): Promise<boolean> {
  const { list, tools } = given;
  const { role, target } = wanted;
  if (role === 'subscriber' || role === 'digest')
    await Promise.all([list.suppressions.lift(target.canonical), tools.suppressions.lift(target.canonical)]);
  const isNew = (await list.store.add(role, [target], cause)) > 0;
  const member = isNew ? undefined : await list.store.memberOf(role, target.canonical);
  const isBack = member !== undefined && (await isSuspended(given, wanted));
  return isBack ? list.store.resetStanding(member.id, cause) : isNew;
}

/** Mail to them was ended by bounces or a complaint: only a proof opens it again. */
async function isShut(given: Given, wanted: Wish): Promise<boolean> {
  const { canonical } = wanted.target;
  const lists = [given.list.suppressions, given.tools.suppressions];
  const suppressed = await Promise.all(lists.map((one) => one.among([canonical])));
  return suppressed.flat().length > 0 || isSuspended(given, wanted);
}

async function isSuspended({ list }: Given, { role, target }: Wish): Promise<boolean> {
  for await (const page of list.store.standings(target.canonical))
    if (page.some((one) => one.role === role && one.standing.state === 'suspended')) return true;
  return false;
}

function already(given: Given, { action, role, target }: Wish): Promise<Handled> {
  const template = wishes[action].already;
  return answer(given, { template, to: target, role, unproved: actionName(action, role), result: template });
}

async function askForProof(given: Given, { action, role, target }: Wish, template: string): Promise<Handled> {
  const { list, settings, tools } = given;
  // The allowance comes first: a request that may not be mailed must not stand open.
  if (!(await mayMail(given, actionName(action, role), target))) return doneWith(`ignored: no allowance for ${action}`);
  const asked = {
    action: wishes[action].request,
    role,
    address: target.text,
    expires: expiryIn(settings.confirmDays, tools.clock.now()),
    nonce: newNonce(),
  };
  const { request, isNew } = await list.store.openRequest(asked, causeOf(given));
  if (!isNew) return doneWith('ignored: a request is open');
  const replyTo = confirmAddress(list.name, request, target, await list.keys());
  const days = settings.confirmDays;
  const values = { confirm: replyTo, days, isOneDay: days === 1, isLeaving: action === 'unsubscribe' };
  return answer(given, { template, to: target, role, values, replyTo, result: `${action}: asked for proof` });
}

/** Why the list is changed: by this entry; the list's log also keeps who wrote. */
export function causeOf({ entry, header, tools }: Given): Cause {
  const from = plainLine(decodeWords(valueOf(header, 'from') ?? ''));
  return { id: entry.id, tag: '', at: tools.clock.now(), note: from };
}
