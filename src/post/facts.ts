import type { List } from '../list/list.ts';
import { parseHeader } from '../mail/header.ts';
import { originalSender } from '../mail/sender.ts';
import type { PostFacts } from './rules.ts';

/** Collects what the rules look at. `isOwner`: the post came from the owner's command line. */
export async function postFacts(sender: string, list: List, message: Buffer, isOwner = false): Promise<PostFacts> {
  const settings = await list.settings();
  const address = originalSender(sender);
  const roles = address ? await list.store.rolesOf(address.canonical) : [];
  const header = parseHeader(message);
  return {
    list: list.name,
    settings,
    sender,
    roles,
    isOwner,
    header,
    size: message.length,
    bodySize: message.length - header.bodyStart,
  };
}
