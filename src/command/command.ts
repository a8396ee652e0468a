import type { List } from '../list/list.ts';
import { parseHeader } from '../mail/header.ts';
import { originalSender } from '../mail/sender.ts';
import { doneWith, type Handled } from '../queue/handled.ts';
import type { Entry } from '../queue/store.ts';
import type { Route } from '../route.ts';
import { commands } from './commands.ts';
import { confirm, confirmById, leave } from './confirm.ts';
import type { Given } from './given.ts';
import { guardAgainst } from './guards.ts';
import { isOffered } from './offered.ts';
import type { CommandTools } from './tools.ts';

type CommandRoute = Extract<Route, { kind: 'command' | 'confirm' | 'confirm-id' | 'leave' }>;

/** Obeys one mail to a command address, or says why not. May run again after a crash: every effect carries the entry's id. */
export async function handleCommand(
  entry: Entry,
  message: Buffer,
  route: CommandRoute,
  list: List,
  tools: CommandTools,
): Promise<Handled> {
  const header = parseHeader(message);
  const guard = guardAgainst(entry.sender, header, list.name);
  const sender = originalSender(entry.sender);
  if (guard !== undefined || !sender) return ignored(entry, list, guard ?? 'no sender', tools);
  const settings = await list.settings();
  if (!isOffered(route) || !isOpen(route, settings.public)) return ignored(entry, list, 'not offered', tools);
  return obey({ entry, header, list, settings, sender, tools }, route);
}

// Without `public` ezmlm answers help and remote admins only; the members' own confirmations fail too (an owner who closes the list
// means the requests that are under way as well). What stands in a copy as the way out stays one.
function isOpen(route: CommandRoute, isPublic: boolean): boolean {
  return isPublic || route.kind === 'leave' || (route.kind === 'command' && commands[route.word]?.isAlways === true);
}

async function obey(given: Given, route: CommandRoute): Promise<Handled> {
  if (route.kind === 'confirm-id') return confirmById(given, route);
  if (route.kind === 'leave') return leave(given, route.claim);
  if (route.kind === 'confirm') return confirm(given, { ...route, action: route.word });
  const asked = { role: route.role, target: route.target ?? given.sender, argument: route.argument };
  return commands[route.word]!.run(given, asked);
}

function ignored(entry: Entry, list: List, why: string, { log }: CommandTools): Handled {
  log('command.ignored', { entry: entry.id, list: list.name.address, sender: entry.sender, why });
  return doneWith(`ignored: ${why}`);
}
