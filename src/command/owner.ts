import type { List } from '../list/list.ts';
import { commandAddress } from '../list/grammar.ts';
import { parseAddress } from '../mail/address.ts';
import { parseHeader, valuesOf } from '../mail/header.ts';
import { doneWith, type Handled } from '../queue/handled.ts';
import type { Entry } from '../queue/store.ts';
import type { CommandTools } from './tools.ts';

/** What mail to an owner needs besides: a place for it when nobody is named. */
export interface OwnerTools extends CommandTools {
  /** Puts a message into the local mailbox `postmaster` of a domain. */
  readonly keepForPostmaster: (domain: string, message: Buffer) => Promise<void>;
}

/**
 * Forwards mail for a list's owner, or for the postmaster when `list` is undefined, as it came. The envelope sender is the null sender: if the
 * forwarding fails, the stranger who wrote is not told by us (no backscatter), the log and the queue say it.
 */
export async function handleOwner(
  entry: Entry,
  message: Buffer,
  list: List | undefined,
  tools: OwnerTools,
): Promise<Handled> {
  const settings = await list?.settings();
  const recipient = parseAddress(settings?.owner || tools.postmaster);
  const mark = list ? commandAddress(list.name, 'owner')! : entry.recipient.toLowerCase();
  if (valuesOf(parseHeader(message), 'delivered-to').some((value) => value.toLowerCase() === mark))
    return doneWith('dropped: a loop');
  const marked = Buffer.concat([Buffer.from(`Delivered-To: ${mark}\r\n`), message]);
  if (!recipient || recipient.canonical === mark || isRound(recipient.canonical, entry)) {
    await tools.keepForPostmaster(entry.recipient.slice(entry.recipient.lastIndexOf('@') + 1), marked);
    return doneWith('kept for the postmaster');
  }
  const id = tools.newId();
  return {
    kind: 'done',
    messages: [{ id, body: marked }],
    entries: [
      {
        id: tools.newId(),
        kind: tools.isOurs(recipient.domain) ? 'arrived' : 'mail',
        message: id,
        sender: '',
        recipient: recipient.text,
        list: list?.name.address ?? '',
        cause: `${entry.id}:owner`,
        due: tools.clock.now(),
      },
    ],
    result: 'forwarded to the owner',
  };
}

// postmaster = postmaster@ours: the forward would come back here.
function isRound(recipient: string, entry: Entry): boolean {
  return recipient === entry.recipient.toLowerCase();
}
