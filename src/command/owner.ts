import { commandAddress } from '../list/grammar.ts';
import type { List } from '../list/list.ts';
import { type Address, parseAddress } from '../mail/address.ts';
import { parseHeader, valuesOf } from '../mail/header.ts';
import { doneWith, type Handled } from '../queue/handled.ts';
import type { Entry } from '../queue/store.ts';
import type { CommandTools } from './tools.ts';

/** What mail to an owner needs besides: a place for it when nobody is named. */
export interface OwnerTools extends CommandTools {
  /** Puts a message into the local mailbox `postmaster` of a domain. */
  readonly keepForPostmaster: (domain: string, message: Buffer) => Promise<void>;
}

/** Forwards mail for a list's owner, or for the postmaster when `list` is undefined, as it came but for a Delivered-To line. */
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
  if (!recipient || comesBack(recipient, mark, entry, list)) {
    await tools.keepForPostmaster(entry.recipient.slice(entry.recipient.lastIndexOf('@') + 1).toLowerCase(), marked);
    return doneWith('kept for the postmaster');
  }
  return forward(entry, marked, recipient, list, tools);
}

function forward(entry: Entry, body: Buffer, recipient: Address, list: List | undefined, tools: OwnerTools): Handled {
  const id = tools.newId();
  const isOurs = tools.isOurs(recipient.domain);
  return {
    kind: 'done',
    messages: [{ id, body }],
    entries: [
      {
        id: tools.newId(),
        kind: isOurs ? 'arrived' : 'mail',
        message: id,
        sender: isOurs ? entry.sender : returnAddress(list),
        recipient: recipient.text,
        list: list?.name.address ?? '',
        cause: `${entry.id}:owner`,
        due: tools.clock.now(),
      },
    ],
    result: 'forwarded to the owner',
  };
}

// Within our domains the writer stays the sender: the next stage judges as if they had written there. Outside, their domain's SPF does not
// name us, and a forward that fails must not become a bounce to a stranger: ezmlm's `L-return-@H`, where what comes back is thrown away.
function returnAddress(list: List | undefined): string {
  return list ? `${list.name.name}-return-@${list.name.domain}` : '';
}

// The owner is the list's own address, or postmaster = postmaster@ours: the forward would come back here.
function comesBack(recipient: Address, mark: string, entry: Entry, list: List | undefined): boolean {
  return [mark, entry.recipient.toLowerCase(), list?.name.address].includes(recipient.canonical);
}
