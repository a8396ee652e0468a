import { rolePrefix } from '../list/grammar.ts';
import type { List } from '../list/list.ts';
import type { MailRole } from '../list/name.ts';
import type { Cause, Request, RequestAction } from '../list/store.ts';
import { confirmAddress, expiryIn, matchesRequest, newNonce, readToken } from '../list/tokens.ts';
import { type Address, parseAddress } from '../mail/address.ts';
import { parseHeader, valueOf } from '../mail/header.ts';
import { originalSender } from '../mail/sender.ts';
import { decodeWords, plainLine } from '../mail/words.ts';
import { doneWith, type Handled } from '../queue/handled.ts';
import type { Entry } from '../queue/store.ts';
import { answer, mayMail } from './answer.ts';
import type { CommandTools } from './tools.ts';

/** One wish to join or to leave. */
export interface Wish {
  readonly action: 'subscribe' | 'unsubscribe';
  readonly role: MailRole;
  readonly target: Address;
}

const requestOf: Readonly<Record<Wish['action'], RequestAction>> = { subscribe: 'sc', unsubscribe: 'uc' };

/** Answers a wish to join or leave: with what is true already, with a request to confirm, or by doing it where no proof is asked for. */
export async function wish(
  entry: Entry,
  message: Buffer,
  list: List,
  wanted: Wish,
  tools: CommandTools,
): Promise<Handled> {
  const { action, role, target } = wanted;
  const settings = await list.settings();
  const isMember = (await list.store.memberOf(role, target.canonical)) !== undefined;
  if (isMember === (action === 'subscribe')) return nothingToDo(entry, message, list, wanted, tools);
  const needsProof = action === 'subscribe' ? settings.subscribeConfirm : settings.unsubscribeConfirm;
  const isSelf = originalSender(entry.sender)?.canonical === target.canonical;
  if (!needsProof && isSelf) return change(entry, message, list, wanted, tools);
  return askForProof(entry, message, list, wanted, tools);
}

/** Obeys the answer to a request that came to its token's address. */
export async function confirm(
  entry: Entry,
  message: Buffer,
  list: List,
  proof: { action: RequestAction; role: MailRole; token: string; target: Address },
  tools: CommandTools,
): Promise<Handled> {
  const claim = readToken(proof.token, proof.action, proof.role, proof.target, await list.keys());
  if (!claim) return badToken(entry, message, list, proof.target, tools);
  const request = await list.store.requestByNonce(proof.action, proof.role, proof.target.canonical, claim.nonce);
  return request ? obey(entry, message, list, request, tools) : badToken(entry, message, list, proof.target, tools);
}

/** The same for the address that names the request by its number. */
export async function confirmById(
  entry: Entry,
  message: Buffer,
  list: List,
  proof: { id: number; mac: string },
  tools: CommandTools,
): Promise<Handled> {
  const request = await list.store.requestById(proof.id);
  if (!request || !matchesRequest(request, proof.mac, await list.keys())) return doneWith('ignored: a bad token');
  return obey(entry, message, list, request, tools);
}

async function obey(
  entry: Entry,
  message: Buffer,
  list: List,
  request: Request,
  tools: CommandTools,
): Promise<Handled> {
  const target = parseAddress(request.address)!;
  const wanted: Wish = {
    action: request.action === 'sc' ? 'subscribe' : 'unsubscribe',
    role: request.role as MailRole,
    target,
  };
  if (request.used === undefined && request.expires < tools.clock.now())
    return badToken(entry, message, list, target, tools);
  if (!(await list.store.useRequest(request.id, causeOf(entry, message, tools))))
    return doneWith('ignored: the token was used before');
  return change(entry, message, list, wanted, tools);
}

// What is changed is proved: its mail needs no allowance, and those before it no longer count.
async function change(
  entry: Entry,
  message: Buffer,
  list: List,
  { action, role, target }: Wish,
  tools: CommandTools,
): Promise<Handled> {
  const cause = causeOf(entry, message, tools);
  await (action === 'subscribe' ? list.store.add(role, [target], cause) : list.store.remove(role, [target], cause));
  await tools.allowances.answered(list.name.address, actionName(action, role), target.canonical);
  tools.log('command.done', {
    entry: entry.id,
    list: list.name.address,
    action: actionName(action, role),
    address: target.text,
  });
  // As in ezmlm: who may post besides the subscribers is changed without a mail.
  if (role === 'allow' || role === 'deny') return doneWith(`${action}d ${role}`);
  return answer(entry, message, list, { template: `${action}-done`, to: target, result: `${action}d` }, tools);
}

async function askForProof(
  entry: Entry,
  message: Buffer,
  list: List,
  wanted: Wish,
  tools: CommandTools,
): Promise<Handled> {
  const { action, role, target } = wanted;
  // The allowance comes first: a request that may not be mailed must not stand open.
  if (!(await mayMail(entry, list, actionName(action, role), target, tools)))
    return doneWith(`ignored: no allowance for ${action}`);
  const { confirmDays } = await list.settings();
  const expires = expiryIn(confirmDays, tools.clock.now());
  const asked = { action: requestOf[action], role, address: target.text, expires, nonce: newNonce() };
  const { request, isNew } = await list.store.openRequest(asked, causeOf(entry, message, tools));
  if (!isNew) return doneWith('ignored: a request is open');
  const replyTo = confirmAddress(list.name, request, target, await list.keys());
  const values = { confirm: replyTo, days: confirmDays, role };
  return answer(
    entry,
    message,
    list,
    { template: `${action}-confirm`, to: target, values, replyTo, result: `${action}: asked for proof` },
    tools,
  );
}

function nothingToDo(
  entry: Entry,
  message: Buffer,
  list: List,
  { action, role, target }: Wish,
  tools: CommandTools,
): Promise<Handled> {
  const template = action === 'subscribe' ? 'subscribe-already' : 'unsubscribe-absent';
  return answer(
    entry,
    message,
    list,
    { template, to: target, unproved: actionName(action, role), result: template },
    tools,
  );
}

// Whoever guesses addresses gets no answer, and nobody else gets a mail for it.
async function badToken(
  entry: Entry,
  message: Buffer,
  list: List,
  target: Address,
  tools: CommandTools,
): Promise<Handled> {
  if (originalSender(entry.sender)?.canonical !== target.canonical) return doneWith('ignored: a bad token');
  return answer(
    entry,
    message,
    list,
    { template: 'token-bad', to: target, unproved: 'token', result: 'a bad token' },
    tools,
  );
}

function causeOf(entry: Entry, message: Buffer, { clock }: CommandTools): Cause {
  const from = plainLine(decodeWords(valueOf(parseHeader(message), 'from') ?? ''));
  return { id: entry.id, tag: '', at: clock.now(), note: from };
}

function actionName(action: string, role: MailRole): string {
  return `${rolePrefix(role)}${action}`;
}
