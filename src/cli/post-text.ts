import { shown } from './door.ts';
import { etaText, rateText } from './lane-text.ts';
import type { PostProgress } from './snapshot.ts';

/** How far a post is: `12 of 100 (12 %), 3 deferred, 0 failed`, and that it is held. */
export function progressText({ state, recipients, tried, deferred, failed }: PostProgress): string {
  const part = recipients === 0 ? 100 : Math.floor((tried / recipients) * 100);
  const held = state === 'held' ? ', held' : '';
  return `${tried} of ${recipients} (${part} %), ${deferred} deferred, ${failed} failed${held}`;
}

/** The same for who has looked before: `12 of 100 (12 %), 3 deferred, 0 failed, 5/s, ETA 18s`. */
export function pacedText(post: PostProgress): string {
  const { state, recipients, tried, rate } = post;
  const left = recipients - tried;
  const pace = state === 'held' ? '' : `, ${rateText(rate)}/s, ETA ${left > 0 ? etaText(left, rate) : '-'}`;
  return progressText(post) + pace;
}

/** What a post is called among others: `ID LIST NUMBER`. */
export function postName({ id, list, number }: PostProgress): string {
  return `${id} ${shown(list)} ${number}`;
}
