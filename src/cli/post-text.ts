import { shown } from './door.ts';
import { etaText, rateText } from './lane-text.ts';
import type { PostProgress } from './snapshot.ts';

/** How far a post is: `12 of 100 (12 %), 3 deferred, 0 failed, 5/s, ETA 18s`. */
export function progressText({ state, recipients, tried, deferred, failed, rate }: PostProgress): string {
  const part = recipients === 0 ? 100 : Math.floor((tried / recipients) * 100);
  const left = recipients - tried;
  const pace = state === 'held' ? 'held' : `${rateText(rate)}/s, ETA ${left > 0 ? etaText(left, rate) : '-'}`;
  return `${tried} of ${recipients} (${part} %), ${deferred} deferred, ${failed} failed, ${pace}`;
}

/** A post among others: `ID LIST NUMBER:` and how far it is. */
export function postLine(post: PostProgress): string {
  return `${post.id} ${shown(post.list)} ${post.number}: ${progressText(post)}`;
}
