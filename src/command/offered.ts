import type { Route } from '../route.ts';
import { commands, confirmations } from './commands.ts';

/** Whether this form of address is worked on; the others are refused before they are taken in. */
export function isOffered(route: Route): boolean {
  switch (route.kind) {
    case 'command':
      return commands[route.word]?.roles.includes(route.role) ?? false;
    case 'confirm':
      return confirmations[route.word]?.roles.includes(route.role) ?? false;
    case 'decision':
    case 'request':
      return false;
    case 'post':
    case 'owner':
    case 'bounce':
    case 'confirm-id':
    case 'leave':
    case 'mailbox':
    case 'postmaster':
    case 'unknown':
    case 'foreign':
      return true;
  }
}
