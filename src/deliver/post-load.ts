import { timeOf } from '../lib/ids.ts';
import type { Entry } from '../queue/store.ts';
import { wireMessage } from '../smtp/data.ts';
import { CopyHeads, type CopySigning, type OwnField, withoutField } from './copy-heads.ts';
import type { Load } from './delivery.ts';
import { domainOf } from './runs.ts';
import { postSigner, type SigningParts } from './signing.ts';

export interface PostLoadParts extends SigningParts {
  /** The header field that is every copy's own; undefined: all copies are the same. */
  readonly ownFieldOf: (post: Entry) => Promise<OwnField | undefined>;
  /** Where copies are signed that have one. */
  readonly signing: CopySigning;
}

/** Makes a post's message ready for all its copies: signed once when they are the same, else without the field that each has for itself. */
export async function postLoad(post: Entry, message: Buffer, parts: PostLoadParts): Promise<Load> {
  const birth = timeOf(post.id);
  const domain = domainOf(post.recipient);
  const field = await parts.ownFieldOf(post);
  if (!field) return { message: wireMessage(message, await postSigner(domain, parts)), copies: undefined, birth };
  const copies = new CopyHeads({ ...parts, field, keys: await parts.keysOf(domain) });
  return { message: wireMessage(withoutField(message, field.name)), copies, birth };
}
