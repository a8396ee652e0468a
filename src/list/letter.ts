import type { Address } from '../mail/address.ts';
import { composeMail } from '../mail/compose.ts';
import { plainLine } from '../mail/words.ts';
import { commandAddress } from './grammar.ts';
import { listHeader } from './header.ts';
import type { List } from './list.ts';
import type { MailRole } from './name.ts';
import type { ListSettings } from './settings.ts';
import type { Templates, TemplateValues } from './templates.ts';

/** A mail that a list writes. */
export interface Letter {
  readonly template: string;
  readonly to: Address;
  /** The part of the list that it is about. */
  readonly role: MailRole;
  readonly values?: TemplateValues;
  /** Where a simple reply goes, when not to the help address. */
  readonly replyTo?: string;
  readonly inReplyTo?: string;
  /** Unique; becomes the Message-ID. */
  readonly id: string;
  /** Milliseconds since 1970. */
  readonly at: number;
  /** Posts that go with it. */
  readonly enclosed?: readonly { readonly name: string; readonly message: Buffer }[];
  /** RFC 3834 §5. */
  readonly auto: 'auto-replied' | 'auto-generated';
}

/** Writes a letter of a list, from its templates. */
export async function composeLetter(
  list: List,
  settings: ListSettings,
  templates: Templates,
  letter: Letter,
): Promise<Buffer> {
  const { template, to, role, values, replyTo, inReplyTo, id, at, auto, enclosed = [] } = letter;
  const help = commandAddress(list.name, 'help')!;
  const filled = await templates.fill(list, template, {
    ...listValues(list, settings, role),
    address: to.text,
    ...values,
  });
  // No Precedence field: it is no standard, and Auto-Submitted and List-Id stop what it was meant to stop (RFC 3834 §3.1.8).
  return composeMail({
    from: help,
    fromName: titleOf(list, settings),
    to: to.text,
    replyTo: replyTo ?? help,
    subject: filled.subject,
    text: filled.text,
    date: at,
    messageId: `${id}@${list.name.domain}`,
    ...(inReplyTo === undefined ? {} : { inReplyTo }),
    auto,
    enclosed,
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
