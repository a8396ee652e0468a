/**
 * The ladder from a bounce to the end of a membership (ezmlm's three steps): bounces of posts, a warning, a probe, and only a probe that comes
 * back proves that the address fails. Pure: a standing and what happened make the next standing.
 */

/** What a bounce says. Only the first three can bring a member onto the ladder; `policy` is about us, `passing` will pass. */
export type Grounds = 'address' | 'unreachable' | 'full' | 'policy' | 'passing';
/** Mails that ask whether an address still works. */
export type Step = 'warn' | 'probe';
export type StandingState = 'ok' | 'warned' | 'probed' | 'suspended';

/** A row of bounces of one kind, of one member. */
interface Streak {
  /** Milliseconds since 1970. */
  readonly first: number;
  readonly last: number;
  /** The number of the latest post in it. */
  readonly number: number;
  readonly posts: number;
}

/** Where a member stands. Frozen; times in milliseconds since 1970. */
export interface Standing {
  readonly state: StandingState;
  /** When the state began, a whole minute: the addresses of warnings and probes name it. */
  readonly since: number;
  /** The first bounce since all was well. */
  readonly began?: number;
  /** Why the member is on the ladder. */
  readonly grounds?: Grounds;
  /** When the next step is to be taken. */
  readonly due?: number;
  /** The warning came back: the next step is the probe. */
  readonly isReturned?: true;
  /** Bounces that count, each half as much after a half-life. */
  readonly score: number;
  readonly scoredAt: number;
  readonly unreachable?: Streak;
  readonly full?: Streak;
}

/** A list's rules; times in milliseconds. */
export interface LadderRules {
  /** What a probe that comes back leads to; `record`: nobody climbs. */
  readonly action: 'remove' | 'suspend' | 'record';
  /** The score that brings a member onto the ladder. */
  readonly threshold: number;
  readonly halfLife: number;
  /** From the first bounce to the warning. */
  readonly warnAfter: number;
  /** From the warning's bounce to the probe; as long is waited for a bounce of either before all is well. */
  readonly probeAfter: number;
  /** A host that takes no connection: so many posts, over so long. */
  readonly unreachablePosts: number;
  readonly unreachableFor: number;
  /** A mailbox that stays full for so long. */
  readonly fullFor: number;
}

/** A bounce of a post, as far as the ladder cares. */
export interface Stumble {
  readonly at: number;
  /** The post. */
  readonly number: number;
  readonly grounds: Grounds;
  /** What it adds to the score, 0 to 1. */
  readonly weight: number;
}

const minuteMs = 60_000;
/** A streak ends when more posts than this, and for longer than this, did not come back. */
const gapPosts = 3;
const gapMs = 7 * 86_400_000;

/** Where everybody stands of whom nothing is known. */
export const firm: Standing = Object.freeze({ state: 'ok', since: 0, score: 0, scoredAt: 0 });

/** A post came back. Posts alone never lead further than to the warning. */
export function stumbled(standing: Standing, stumble: Stumble, rules: LadderRules): Standing {
  const { at, grounds, weight } = stumble;
  if (grounds === 'policy' || grounds === 'passing') return standing;
  let next: Standing = { ...standing, began: standing.began ?? at };
  if (grounds === 'address') next = { ...next, score: scoreAt(standing, at, rules) + weight, scoredAt: at };
  else next = { ...next, [grounds]: continued(standing[grounds], stumble) };
  if (next.state !== 'ok' || next.due !== undefined || rules.action === 'record') return Object.freeze(next);
  const reached = groundsReached(next, rules);
  return Object.freeze(
    reached ? { ...next, since: wholeMinute(at), grounds: reached, due: at + rules.warnAfter } : next,
  );
}

/** The score now: a bounce counts half as much after a half-life. */
export function scoreAt({ score, scoredAt }: Standing, now: number, { halfLife }: LadderRules): number {
  return score * 0.5 ** (Math.max(0, now - scoredAt) / halfLife);
}

/**
 * A warning or a probe came back to the address that names `since`. Only what brought the member here, or a bad address, is a proof; one that
 * belongs to another time, or comes twice, changes nothing.
 */
export function returned(
  standing: Standing,
  { step, since, grounds, at }: { step: Step; since: number; grounds: Grounds; at: number },
  rules: LadderRules,
): Standing | 'out' {
  const isAwaited = standing.state === (step === 'warn' ? 'warned' : 'probed') && standing.since === since;
  const isProof = grounds === 'address' || grounds === standing.grounds;
  if (!isAwaited || !isProof || standing.isReturned || rules.action === 'record') return standing;
  if (step === 'warn') return Object.freeze({ ...standing, isReturned: true, due: at + rules.probeAfter });
  if (rules.action === 'remove') return 'out';
  const { grounds: why } = standing;
  return Object.freeze({ ...firm, state: 'suspended', since: wholeMinute(at), ...(why ? { grounds: why } : {}) });
}

/** Takes the step that is due at `now`: a warning, a probe, or the end of the matter, since nothing came back. */
export function climbed(
  standing: Standing,
  now: number,
  rules: LadderRules,
): { readonly standing: Standing; readonly step?: Step | 'recovered' } {
  if (standing.due === undefined || standing.due > now) return { standing };
  if (rules.action === 'record') return { standing: firm };
  const { isReturned, ...rest } = standing;
  const next = { ...rest, since: wholeMinute(now), due: now + rules.probeAfter };
  if (standing.state === 'ok') return { standing: Object.freeze({ ...next, state: 'warned' }), step: 'warn' };
  if (standing.state === 'warned' && isReturned)
    return { standing: Object.freeze({ ...next, state: 'probed' }), step: 'probe' };
  return { standing: firm, step: 'recovered' };
}

function groundsReached(standing: Standing, rules: LadderRules): Grounds | undefined {
  const { score, unreachable, full } = standing;
  if (score >= rules.threshold) return 'address';
  if (unreachable && unreachable.posts >= rules.unreachablePosts && lengthOf(unreachable) >= rules.unreachableFor)
    return 'unreachable';
  return full && lengthOf(full) >= rules.fullFor ? 'full' : undefined;
}

function continued(streak: Streak | undefined, { at, number }: Stumble): Streak {
  const isBroken = streak && number - streak.number > gapPosts && at - streak.last > gapMs;
  if (!streak || isBroken) return { first: at, last: at, number, posts: 1 };
  return { first: streak.first, last: at, number: Math.max(number, streak.number), posts: streak.posts + 1 };
}

function lengthOf({ first, last }: Streak): number {
  return last - first;
}

function wholeMinute(time: number): number {
  return Math.floor(time / minuteMs) * minuteMs;
}
