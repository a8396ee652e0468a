import { directConformance } from './direct-conformance.ts';
import { entryConformance } from './entry-conformance.ts';
import { chunkConformance } from './chunk-conformance.ts';
import { operatorConformance } from './operator-conformance.ts';
import { type OpenQueue, promisingOf } from './opening.ts';
import { outcomeConformance } from './outcome-conformance.ts';
import { recipientConformance } from './recipient-conformance.ts';
import { untriedConformance } from './untried-conformance.ts';

/** What every QueueStore promises. `open` gives an empty one, which the test cleans up. */
export function queueStoreConformance(name: string, open: OpenQueue): void {
  const promising = promisingOf(name, open);
  entryConformance(promising);
  directConformance(promising);
  chunkConformance(promising);
  outcomeConformance(promising);
  operatorConformance(promising);
  recipientConformance(promising);
  untriedConformance(promising);
}
