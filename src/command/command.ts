import type { CommandWord } from '../list/grammar.ts';
import type { List } from '../list/list.ts';
import type { MailRole } from '../list/name.ts';
import type { Address } from '../mail/address.ts';
import { parseHeader } from '../mail/header.ts';
import { originalSender } from '../mail/sender.ts';
import { doneWith, type Handled } from '../queue/handled.ts';
import type { Entry } from '../queue/store.ts';
import type { Route } from '../route.ts';
import { answer } from './answer.ts';
import { guardAgainst } from './guards.ts';
import { confirm, confirmById, wish } from './membership.ts';
import type { CommandTools } from './tools.ts';

type CommandRoute = Extract<Route, { kind: 'command' | 'confirm' | 'confirm-id' }>;

/** One command on its way. */
interface Given {
  readonly entry: Entry;
  readonly message: Buffer;
  readonly list: List;
  readonly role: MailRole;
  /** Whom it is about, and who is answered. */
  readonly target: Address;
  readonly tools: CommandTools;
}

interface CommandRow {
  readonly roles: readonly MailRole[];
  /** Obeyed also when the list does not answer the public. */
  readonly isAlways?: true;
  readonly run: (given: Given) => Promise<Handled>;
}

const readerRoles: readonly MailRole[] = ['subscriber', 'digest', 'allow'];

/** What can be asked for by mail. A word that is not here is refused at RCPT as not offered. */
const commands: Partial<Readonly<Record<CommandWord, CommandRow>>> = {
  help: { roles: ['subscriber', 'digest', 'allow', 'deny'], isAlways: true, run: (given) => tell(given, 'help') },
  info: { roles: ['subscriber', 'digest'], run: (given) => tell(given, 'info') },
  faq: { roles: ['subscriber', 'digest'], run: (given) => tell(given, 'faq') },
  query: { roles: readerRoles, run: (given) => query(given) },
  subscribe: { roles: readerRoles, run: (given) => join(given, 'subscribe') },
  unsubscribe: { roles: readerRoles, run: (given) => join(given, 'unsubscribe') },
};

/** Confirmations that are obeyed. */
const confirmations = ['sc', 'uc'];

/** Whether this form of address is worked on; the others are refused before they are taken in. */
export function isOffered(route: Route): boolean {
  if (route.kind === 'command') return commands[route.word]?.roles.includes(route.role) ?? false;
  if (route.kind === 'confirm') return confirmations.includes(route.word) && readerRoles.includes(route.role);
  return route.kind !== 'decision' && route.kind !== 'request';
}

/** Obeys one mail to a command address, or says why not. May run again after a crash: every effect carries the entry's id. */
export async function handleCommand(
  entry: Entry,
  message: Buffer,
  route: CommandRoute,
  list: List,
  tools: CommandTools,
): Promise<Handled> {
  const guard = guardAgainst(entry.sender, parseHeader(message), list.name);
  const sender = originalSender(entry.sender);
  if (guard !== undefined || !sender) return ignored(entry, list, guard ?? 'no sender', tools);
  if (route.kind === 'confirm-id') return confirmById(entry, message, list, route, tools);
  if (route.kind === 'confirm') {
    if (route.word !== 'sc' && route.word !== 'uc') return ignored(entry, list, 'not offered', tools);
    return confirm(
      entry,
      message,
      list,
      { action: route.word, role: route.role, token: route.token, target: route.target },
      tools,
    );
  }
  const row = commands[route.word];
  const isPublic = row?.isAlways ?? (await list.settings()).public;
  if (!row?.roles.includes(route.role) || !isPublic) return ignored(entry, list, 'not offered', tools);
  return row.run({ entry, message, list, role: route.role, target: route.target ?? sender, tools });
}

function tell({ entry, message, list, target, tools }: Given, template: string): Promise<Handled> {
  return answer(entry, message, list, { template, to: target, unproved: template, result: template }, tools);
}

async function query(given: Given): Promise<Handled> {
  const { list, role, target } = given;
  const isMember = (await list.store.memberOf(role, target.canonical)) !== undefined;
  const { entry, message, tools } = given;
  const template = isMember ? 'query-member' : 'query-absent';
  return answer(entry, message, list, { template, to: target, unproved: 'query', result: template }, tools);
}

function join(
  { entry, message, list, role, target, tools }: Given,
  action: 'subscribe' | 'unsubscribe',
): Promise<Handled> {
  return wish(entry, message, list, { action, role, target }, tools);
}

function ignored(entry: Entry, list: List, why: string, { log }: CommandTools): Handled {
  log('command.ignored', { entry: entry.id, list: list.name.address, sender: entry.sender, why });
  return doneWith(`ignored: ${why}`);
}
