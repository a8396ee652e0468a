import type { List } from '../list/list.ts';
import { parseHeader } from '../mail/header.ts';
import { originalSender } from '../mail/sender.ts';
import type { Entry, NewEntry, NewMessage } from '../queue/store.ts';
import { answer } from './answer.ts';
import { guardAgainst } from './guards.ts';
import type { CommandTools } from './tools.ts';

/** Tells a poster of a rejection that no SMTP reply could carry (different verdicts of several lists), as far as allowances let it. */
export async function rejectionNotice(
  entry: Entry,
  message: Buffer,
  list: List,
  reason: string,
  tools: CommandTools,
): Promise<{ messages: readonly NewMessage[]; entries: readonly NewEntry[] }> {
  const header = parseHeader(message);
  const sender = originalSender(entry.sender);
  if (!sender || guardAgainst(entry.sender, header, list.name) !== undefined) return { messages: [], entries: [] };
  const given = { entry, header, list, settings: await list.settings(), sender, tools };
  const handled = await answer(given, {
    template: 'post-rejected',
    to: sender,
    role: 'subscriber',
    values: { reason },
    unproved: 'post',
    result: 'told',
  });
  return handled.kind === 'done' ? handled : { messages: [], entries: [] };
}
