import type { CommandWord, ConfirmWord } from '../list/grammar.ts';
import type { MailRole } from '../list/name.ts';
import type { Address } from '../mail/address.ts';
import type { Handled } from '../queue/handled.ts';
import { actionName, answer } from './answer.ts';
import { get } from './get.ts';
import type { Given } from './given.ts';
import { wish } from './membership.ts';

/** What a command is given besides the mail: the part of the list that is meant, and whom it is about. */
interface Asked {
  readonly role: MailRole;
  readonly target: Address;
  /** What stands behind the word: `.12_15`. */
  readonly argument: string;
}

interface CommandRow {
  readonly roles: readonly MailRole[];
  /** Obeyed also when the list does not answer the public (setting `public`). */
  readonly isAlways?: true;
  readonly run: (given: Given, asked: Asked) => Promise<Handled>;
}

// Only a remote admin could give a deny command (ezmlm: DIR/remote), and there are none here.
const roles: readonly MailRole[] = ['subscriber', 'digest', 'allow'];

/** What can be asked for by mail. A word that is not here is refused at RCPT as not offered. */
export const commands: Partial<Readonly<Record<CommandWord, CommandRow>>> = {
  // Also every unknown word leads here, so it goes to whoever wrote: a slip of the pen is no reason to mail a third person.
  help: {
    roles,
    isAlways: true,
    run: (given, { role }) => tell(given, 'help', { role, target: given.sender, argument: '' }),
  },
  info: { roles, run: (given, asked) => tell(given, 'info', asked) },
  faq: { roles, run: (given, asked) => tell(given, 'faq', asked) },
  query: { roles, run: query },
  get: { roles: ['subscriber', 'digest'], run: (given, { argument }) => get(given, argument) },
  subscribe: { roles, run: (given, asked) => wish(given, { action: 'subscribe', ...asked }) },
  unsubscribe: { roles, run: (given, asked) => wish(given, { action: 'unsubscribe', ...asked }) },
};

/** Confirmations that are obeyed: those of the members themselves. */
export const confirmations: Partial<Readonly<Record<ConfirmWord, { readonly roles: readonly MailRole[] }>>> = {
  sc: { roles },
  uc: { roles },
};

async function query(given: Given, asked: Asked): Promise<Handled> {
  const isMember = (await given.list.store.memberOf(asked.role, asked.target.canonical)) !== undefined;
  return tell(given, isMember ? 'query-member' : 'query-absent', asked, 'query');
}

function tell(given: Given, template: string, { role, target }: Asked, action = template): Promise<Handled> {
  return answer(given, { template, role, to: target, unproved: actionName(action, role), result: template });
}
