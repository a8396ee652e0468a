import { type Address, localPartOctetsMost, parseAddress } from '../mail/address.ts';
import type { ListName, MailRole } from './name.ts';

/** Commands that a mail to `L-<word>…@H` can give (ezmlm's words). */
export const commandWords = [
  'subscribe',
  'unsubscribe',
  'query',
  'help',
  'info',
  'faq',
  'list',
  'listn',
  'log',
  'edit',
  'get',
  'index',
  'thread',
  'dig',
  'ed',
] as const;
export type CommandWord = (typeof commandWords)[number];

/** Confirmations, by who holds the token and what it does: sc/uc the member, tc/vc a moderator, rc/wc a remote admin. */
export const confirmWords = ['sc', 'uc', 'tc', 'rc', 'vc', 'wc'] as const;
export type ConfirmWord = (typeof confirmWords)[number];

/** Decisions about a held post. */
export const decisionWords = ['accept', 'reject', 'confirm', 'discard'] as const;
export type DecisionWord = (typeof decisionWords)[number];

/** What the local part behind `L-` says; meaning is given by route and the stages. Frozen. */
export type Tail =
  | {
      readonly kind: 'command';
      readonly role: MailRole;
      readonly word: CommandWord;
      readonly argument: string;
      readonly target?: Address;
    }
  | {
      readonly kind: 'confirm';
      readonly role: MailRole;
      readonly word: ConfirmWord;
      readonly token: string;
      readonly target: Address;
    }
  | { readonly kind: 'decision'; readonly word: DecisionWord; readonly token: string }
  | { readonly kind: 'bounce'; readonly role: MailRole; readonly tail: string }
  | { readonly kind: 'owner' }
  | { readonly kind: 'request' };

/**
 * Reads what stands behind `L-` in an address (ezmlm's grammar, `L-[role-]action[.argument][-user=dom]`).
 * Words are compared in any letter case, because gateways fold it. Unknown words are `help`, as in ezmlm.
 */
export function parseTail(text: string): Tail {
  const { role, rest } = takeRole(text);
  const lower = rest.toLowerCase();
  if (lower === 'owner' && (role === 'subscriber' || role === 'digest')) return freeze({ kind: 'owner' });
  if (lower === 'request' && role === 'subscriber') return freeze({ kind: 'request' });
  // Mailman's word; some systems answer there whatever the Return-Path says.
  if (/^(?:return(?:-|$)|bounces$)/.test(lower))
    return freeze({ kind: 'bounce', role, tail: rest.slice('return-'.length) });
  return parseDecision(role, rest) ?? parseConfirm(role, rest) ?? parseCommand(role, rest);
}

/** `name@domain` as it stands in a command address: `name=domain`; undefined where it cannot be written there. */
export function embed(address: Address): string | undefined {
  return /^[A-Za-z0-9!#$%&'*+/=?^_`{|}~.-]+$/.test(address.local) && !address.domain.startsWith('[')
    ? `${address.local}=${address.domain}`
    : undefined;
}

/** The address of a command: `L-digest-subscribe-user=dom@H`. Undefined when it does not fit RFC 5321's 64 octets. */
export function commandAddress(
  list: ListName,
  word: string,
  role: MailRole = 'subscriber',
  target?: Address,
): string | undefined {
  const who = target && embed(target);
  if (target && who === undefined) return undefined;
  const local = `${list.name}-${rolePrefix(role)}${word}${who === undefined ? '' : `-${who}`}`;
  return local.length <= localPartOctetsMost ? `${local}@${list.domain}` : undefined;
}

/** `digest-` for the digest role and so on; empty for the list itself. */
export function rolePrefix(role: MailRole): string {
  return role === 'subscriber' ? '' : `${role}-`;
}

function takeRole(text: string): { role: MailRole; rest: string } {
  const found = /^(digest|allow|deny)-(.+)$/i.exec(text);
  if (found) return { role: found[1]!.toLowerCase() as MailRole, rest: found[2]! };
  // ezmlm: `L-digest@H` alone asks for the archive as `get` does.
  return { role: 'subscriber', rest: text.toLowerCase() === 'digest' ? 'get' : text };
}

function parseDecision(role: MailRole, rest: string): Tail | undefined {
  const found = /^(accept|reject|confirm|discard)-(.+)$/i.exec(rest);
  if (!found || role !== 'subscriber') return undefined;
  return freeze({ kind: 'decision', word: found[1]!.toLowerCase() as DecisionWord, token: found[2]!.toLowerCase() });
}

function parseConfirm(role: MailRole, rest: string): Tail | undefined {
  const found = /^(sc|uc|tc|rc|vc|wc)\.([^-]+)-(.+)$/i.exec(rest);
  const target = found ? unembed(found[3]!) : undefined;
  if (!found || !target) return undefined;
  return freeze({
    kind: 'confirm',
    role,
    word: found[1]!.toLowerCase() as ConfirmWord,
    token: found[2]!.toLowerCase(),
    target,
  });
}

function parseCommand(role: MailRole, rest: string): Tail {
  const dash = rest.indexOf('-');
  const action = (dash < 0 ? rest : rest.slice(0, dash)).toLowerCase();
  const target = dash < 0 ? undefined : unembed(rest.slice(dash + 1));
  const { word, argument } = readAction(action);
  return freeze({ kind: 'command', role, word, argument, ...(target ? { target } : {}) });
}

// ezmlm compares subscribe, unsubscribe, list, listn and help whole, the others by their beginning (`infoXYZ` is info).
function readAction(action: string): { word: CommandWord; argument: string } {
  const exact = commandWords.find((word) => word === action);
  if (exact) return { word: exact, argument: '' };
  const beginning = (['get', 'edit', 'log', 'query', 'info', 'faq', 'index', 'thread', 'dig.', 'ed.'] as const).find(
    (word) => action.startsWith(word),
  );
  if (!beginning) return { word: 'help', argument: '' };
  const word = beginning.replace('.', '') as CommandWord;
  return { word, argument: action.slice(word.length) };
}

function unembed(text: string): Address | undefined {
  const at = text.lastIndexOf('=');
  return at < 1 ? undefined : parseAddress(`${text.slice(0, at)}@${text.slice(at + 1)}`);
}

function freeze(tail: Tail): Tail {
  return Object.freeze(tail);
}
