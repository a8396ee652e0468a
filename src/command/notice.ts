import type { List } from '../list/list.ts';
import { originalSender } from '../mail/sender.ts';
import type { NewEntry, NewMessage } from '../queue/store.ts';
import type { Entry } from '../queue/store.ts';
import { answer } from './answer.ts';
import type { CommandTools } from './tools.ts';

/** Tells a poster of a rejection that no SMTP reply could carry (different verdicts of several lists), as far as allowances let it. */
export async function rejectionNotice(
  entry: Entry,
  message: Buffer,
  list: List,
  reason: string,
  tools: CommandTools,
): Promise<{ messages: readonly NewMessage[]; entries: readonly NewEntry[] }> {
  const to = originalSender(entry.sender);
  if (!to) return { messages: [], entries: [] };
  const wanted = { template: 'post-rejected', to, values: { reason }, unproved: 'post', result: 'told' };
  const handled = await answer(entry, message, list, wanted, tools);
  return handled.kind === 'done' ? handled : { messages: [], entries: [] };
}
