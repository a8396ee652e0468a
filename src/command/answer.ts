import { commandAddress, rolePrefix } from '../list/grammar.ts';
import { listHeader } from '../list/header.ts';
import type { List } from '../list/list.ts';
import type { MailRole } from '../list/name.ts';
import type { ListSettings } from '../list/settings.ts';
import type { Address } from '../mail/address.ts';
import { composeMail } from '../mail/compose.ts';
import { valueOf } from '../mail/header.ts';
import { verpSender } from '../mail/verp.ts';
import { plainLine } from '../mail/words.ts';
import { doneWith, type Handled } from '../queue/handled.ts';
import type { Given } from './given.ts';
import type { TemplateValues } from './templates.ts';

/** One mail that a command makes. */
export interface Answer {
  readonly template: string;
  readonly to: Address;
  /** The part of the list that it is about. */
  readonly role: MailRole;
  readonly values?: TemplateValues;
  /** Where a simple reply goes, when not to the help address. */
  readonly replyTo?: string;
  /** What it is about, for allowances; none when the receiver has proved that they asked. */
  readonly unproved?: string;
  /** For the log. */
  readonly result: string;
}

/**
 * Writes an answer as a queue entry. Unproved mail goes only as far as allowances let it (promise P3). A mail to somebody else than the
 * envelope sender holds nothing that the sender chose.
 */
export async function answer(given: Given, wanted: Answer): Promise<Handled> {
  if (wanted.unproved !== undefined && !(await mayMail(given, wanted.unproved, wanted.to))) {
    return doneWith(`${wanted.result}, not mailed: no allowance`);
  }
  const { entry, list, tools } = given;
  const { name } = list;
  const id = tools.newId();
  const body = await compose(given, wanted, id);
  const keys = await list.keys();
  // VERP with the number 0, not the null sender: SPF is aligned with the list's domain, some hosts refuse null-sender mail that is no
  // report, and a bounce of it comes to the bounce stage, which never answers.
  const target = { number: 0, member: 0, address: wanted.to };
  const sender = verpSender(name.name, name.id, name.domain, target, keys.verpMac);
  return {
    kind: 'done',
    messages: [{ id, body }],
    entries: [
      {
        id: tools.newId(),
        kind: tools.isOurs(wanted.to.domain) ? 'arrived' : 'mail',
        message: id,
        sender,
        recipient: wanted.to.text,
        list: name.address,
        cause: `${entry.id}:answer`,
        due: tools.clock.now(),
      },
    ],
    result: wanted.result,
  };
}

/** Asks for the allowance of one unproved mail. */
export function mayMail({ entry, list, tools }: Given, action: string, to: Address): Promise<boolean> {
  const allowance = { list: list.name.address, action, address: to.canonical, cause: entry.id };
  return tools.allowances.take(allowance, tools.clock.now());
}

/** What allowances and the log call an action: `subscribe`, `digest-subscribe`. */
export function actionName(action: string, role: MailRole): string {
  return `${rolePrefix(role)}${action}`;
}

async function compose(given: Given, wanted: Answer, id: string): Promise<Buffer> {
  const { list, settings, tools } = given;
  const help = commandAddress(list.name, 'help')!;
  const filled = await tools.templates.fill(list, wanted.template, {
    ...listValues(list, settings, wanted.role),
    address: wanted.to.text,
    ...wanted.values,
  });
  const inReplyTo = replied(given, wanted.to);
  // No Precedence field: it is no standard, and Auto-Submitted and List-Id stop what it was meant to stop (RFC 3834 §3.1.8).
  return composeMail({
    from: help,
    fromName: titleOf(list, settings),
    to: wanted.to.text,
    replyTo: wanted.replyTo ?? help,
    subject: filled.subject,
    text: filled.text,
    date: tools.clock.now(),
    messageId: `${id}@${list.name.domain}`,
    ...(inReplyTo === undefined ? {} : { inReplyTo }),
    auto: 'auto-replied',
    headers: listHeader(list.name, settings),
  });
}

/** What every template may name of a list; command addresses are those of the role. */
export function listValues(list: List, settings: ListSettings, role: MailRole = 'subscriber'): TemplateValues {
  const { name } = list;
  return {
    list: name.address,
    name: name.name,
    domain: name.domain,
    title: titleOf(list, settings),
    help: commandAddress(name, 'help')!,
    subscribe: commandAddress(name, 'subscribe', role)!,
    unsubscribe: commandAddress(name, 'unsubscribe', role)!,
    owner: commandAddress(name, 'owner')!,
    archived: settings.archived,
    archiveUrl: settings.archiveUrl,
    takesPosts: settings.posting === 'everybody' || settings.posting === 'subscribers',
    isDigest: role === 'digest',
    isAllow: role === 'allow',
  };
}

function titleOf({ name }: List, { title }: ListSettings): string {
  return plainLine(title) || name.name;
}

// Only to the envelope sender, and only when it cannot carry a message of somebody's own.
function replied({ header, sender }: Given, to: Address): string | undefined {
  const id = valueOf(header, 'message-id');
  if (sender.canonical !== to.canonical || id === undefined) return undefined;
  return /^<[!-;=?-~]{1,198}>$/.test(id) ? id : undefined;
}
