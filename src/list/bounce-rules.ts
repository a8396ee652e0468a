import type { BounceRules } from './bounce-store.ts';
import type { ListSettings } from './settings.ts';

const dayMs = 86_400_000;

/** How a list judges bounces, by its settings. */
export function bounceRulesOf(settings: ListSettings): BounceRules {
  return {
    action: settings.bounces,
    threshold: settings.bounceScore,
    halfLife: settings.bounceHalfLifeDays * dayMs,
    warnAfter: settings.warnDays * dayMs,
    probeAfter: settings.probeDays * dayMs,
    unreachablePosts: settings.unreachablePosts,
    unreachableFor: settings.unreachableDays * dayMs,
    fullFor: settings.fullDays * dayMs,
    keepFor: settings.bounceKeepDays * dayMs,
    alarmRefusals: settings.alarmRefusals,
  };
}
