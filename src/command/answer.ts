import { rolePrefix } from '../list/grammar.ts';
import { composeLetter } from '../list/letter.ts';
import type { MailRole } from '../list/name.ts';
import type { TemplateValues } from '../list/templates.ts';
import type { Address } from '../mail/address.ts';
import { valueOf } from '../mail/header.ts';
import { verpSender } from '../mail/verp.ts';
import { doneWith, type Handled } from '../queue/handled.ts';
import type { Given } from './given.ts';

/** One mail that a command makes. */
export interface Answer {
  readonly template: string;
  readonly to: Address;
  /** The part of the list that it is about. */
  readonly role: MailRole;
  readonly values?: TemplateValues;
  /** Where a simple reply goes, when not to the help address. */
  readonly replyTo?: string;
  /** Posts that go with it. */
  readonly enclosed?: readonly { readonly name: string; readonly message: Buffer }[];
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

function compose(given: Given, wanted: Answer, id: string): Promise<Buffer> {
  const { list, settings, tools } = given;
  const inReplyTo = replied(given, wanted.to);
  return composeLetter(list, settings, tools.templates, {
    ...wanted,
    id,
    at: tools.clock.now(),
    auto: 'auto-replied',
    ...(inReplyTo === undefined ? {} : { inReplyTo }),
  });
}

// Only to the envelope sender, and only when it cannot carry a message of somebody's own.
function replied({ header, sender }: Given, to: Address): string | undefined {
  const id = valueOf(header, 'message-id');
  if (sender.canonical !== to.canonical || id === undefined) return undefined;
  return /^<[!-;=?-~]{1,198}>$/.test(id) ? id : undefined;
}
