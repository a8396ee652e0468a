import type { List } from '../list/list.ts';
import { commandAddress } from '../list/grammar.ts';
import { listHeader } from '../list/header.ts';
import type { ListSettings } from '../list/settings.ts';
import type { Address } from '../mail/address.ts';
import { composeMail } from '../mail/compose.ts';
import { type Header, parseHeader, valueOf } from '../mail/header.ts';
import { verpSender } from '../mail/verp.ts';
import { doneWith, type Handled } from '../queue/handled.ts';
import type { Entry } from '../queue/store.ts';
import type { TemplateValues } from './templates.ts';
import type { CommandTools } from './tools.ts';

/** One mail that a command makes. */
export interface Answer {
  readonly template: string;
  readonly to: Address;
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
export async function answer(
  entry: Entry,
  message: Buffer,
  list: List,
  wanted: Answer,
  tools: CommandTools,
): Promise<Handled> {
  if (wanted.unproved !== undefined && !(await mayMail(entry, list, wanted.unproved, wanted.to, tools))) {
    return doneWith(`ignored: no allowance for ${wanted.unproved}`);
  }
  const settings = await list.settings();
  const id = tools.newId();
  const body = await compose(entry, message, list, settings, wanted, id, tools);
  const keys = await list.keys();
  // VERP with the number 0: aligned with the list's domain, and a bounce of it is known for what it is.
  const target = { number: 0, member: 0, address: wanted.to };
  const sender = verpSender(list.name.name, list.name.id, list.name.domain, target, keys.verpMac);
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
        list: list.name.address,
        cause: `${entry.id}:answer`,
        due: tools.clock.now(),
      },
    ],
    result: wanted.result,
  };
}

/** Asks for the allowance of one unproved mail. */
export function mayMail(
  entry: Entry,
  list: List,
  action: string,
  to: Address,
  { allowances, clock }: CommandTools,
): Promise<boolean> {
  return allowances.take({ list: list.name.address, action, address: to.canonical, cause: entry.id }, clock.now());
}

async function compose(
  entry: Entry,
  message: Buffer,
  list: List,
  settings: ListSettings,
  wanted: Answer,
  id: string,
  { templates, clock }: CommandTools,
): Promise<Buffer> {
  const help = commandAddress(list.name, 'help')!;
  const filled = await templates.fill(list, wanted.template, {
    ...listValues(list, settings),
    address: wanted.to.text,
    ...wanted.values,
  });
  const inReplyTo = replied(entry, parseHeader(message), wanted.to);
  return composeMail({
    from: help,
    fromName: settings.title === '' ? list.name.name : settings.title,
    to: wanted.to.text,
    replyTo: wanted.replyTo ?? help,
    subject: filled.subject,
    text: filled.text,
    date: clock.now(),
    messageId: `${id}@${list.name.domain}`,
    ...(inReplyTo === undefined ? {} : { inReplyTo }),
    auto: 'auto-replied',
    headers: listHeader(list.name, settings),
  });
}

/** What every template may name of a list. */
export function listValues({ name }: List, settings: ListSettings): TemplateValues {
  return {
    list: name.address,
    name: name.name,
    domain: name.domain,
    title: settings.title === '' ? name.name : settings.title,
    help: commandAddress(name, 'help')!,
    subscribe: commandAddress(name, 'subscribe')!,
    unsubscribe: commandAddress(name, 'unsubscribe')!,
    owner: commandAddress(name, 'owner')!,
    archived: settings.archived,
    archiveUrl: settings.archiveUrl,
    takesPosts: settings.posting === 'everybody' || settings.posting === 'subscribers',
  };
}

// Only to the envelope sender, and only when it cannot carry a message of somebody's own.
function replied(entry: Entry, header: Header, to: Address): string | undefined {
  const id = valueOf(header, 'message-id');
  if (entry.sender.toLowerCase() !== to.canonical || id === undefined) return undefined;
  return /^<[!-;=?-~]{1,198}>$/.test(id) ? id : undefined;
}
