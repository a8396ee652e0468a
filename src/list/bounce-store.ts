import type { Grounds, LadderRules, Standing, Step } from './ladder.ts';
import type { Role } from './name.ts';
import type { Cause } from './cause.ts';

/** What came back from a member, or why a host refused their copy. */
export interface Bounce {
  readonly member: number;
  readonly address: string;
  /** The post's number, 0 for other list mail. */
  readonly number: number;
  readonly at: number;
  /** `mail`: a message came back; `refused`: the remote host refused during delivery; `complaint`: the member's provider passed one on. */
  readonly how: 'mail' | 'refused' | 'complaint';
  /** Why: one word of the bounce stage's vocabulary (`userunknown`, `mailboxfull` …). */
  readonly reason: string;
  readonly grounds: Grounds;
  /** The address itself is bad. */
  readonly permanent: boolean;
  /** The code (RFC 3463) that decided; empty when there was none. */
  readonly status: string;
  /** The host that refused; empty when it is not known. */
  readonly host: string;
  /** The reply or the beginning of what came back. */
  readonly text: string;
  /** What caused it, unique: a stage that runs twice records once. */
  readonly cause: string;
}

export interface NewBounce extends Bounce {
  /** What it adds to the score, 0 to 1. */
  readonly weight: number;
  /** It answers a warning or a probe, not a post. */
  readonly step?: { readonly step: Step; readonly since: number };
  /** The beginning of what came back. */
  readonly evidence?: Uint8Array;
}

/** A bounce as it was kept. */
export interface KeptBounce extends Bounce {
  readonly id: number;
  /** It moved the member's standing; the second of a post or of a day does not. */
  readonly counted: boolean;
}

/**
 * What recording a bounce did. `known`: this cause was recorded before; `gone`: nobody is a member under that id; `kept`: it is a record and
 * no more; `counted`: it moved the standing; `returned`: a warning's bounce; `removed`, `suspended`: a probe's.
 */
export type BounceEffect = 'known' | 'gone' | 'kept' | 'counted' | 'returned' | 'removed' | 'suspended';

export interface BounceNews {
  /** For each bounce. */
  readonly effects: readonly BounceEffect[];
  /** When a step of those concerned is due, or an alarm: 0. Undefined when nothing is. */
  readonly due: number | undefined;
}

/** How bounces are judged: the ladder's rules, and what is kept. */
export interface BounceRules extends LadderRules {
  /** Bounces and posts older than this count no more, milliseconds. */
  readonly keepFor: number;
  /** So many refusals for policy's sake within an hour alarm the owner; 0: none does. */
  readonly alarmRefusals: number;
}

/** Where a member stands. */
export interface MemberStanding {
  readonly member: number;
  readonly role: Role;
  readonly address: string;
  readonly standing: Standing;
}

/** A warning or a probe that is to be sent. */
export interface TakenStep extends MemberStanding {
  readonly step: Step;
  /** Posts that did not arrive, the first hundred, by number. */
  readonly missed: readonly { readonly number: number; readonly subject: string }[];
  readonly missedCount: number;
  /** The latest bounce's. */
  readonly reason: string;
  readonly text: string;
}

/** Refusals that are about us, not about members. */
export interface PolicyAlarm {
  readonly at: number;
  readonly count: number;
  readonly reason: string;
  readonly host: string;
  readonly text: string;
}

/** What happened in a time. */
export interface BounceSummary {
  readonly byReason: readonly { readonly reason: string; readonly count: number; readonly members: number }[];
  readonly byEvent: readonly { readonly event: string; readonly count: number }[];
  readonly byDomain: readonly { readonly domain: string; readonly count: number }[];
}

/** The bounces of a list and where its members stand. Every change is one commit, with its lines of the log. */
export interface BounceStore {
  /** Records bounces, moves the standings of their members, and removes or suspends whose probe came back. */
  recordBounces(bounces: readonly NewBounce[], rules: BounceRules): Promise<BounceNews>;
  /** Records a complaint and ends the address's memberships that get mail. */
  complain(bounce: Bounce, cause: Cause): Promise<number>;
  /** The latest bounces first; of one address when its canonical form is given. */
  bounces(limit: number, canonical?: string): Promise<KeptBounce[]>;
  /** The beginning of what came back, as long as it is kept. */
  evidence(bounce: number): Promise<Buffer | undefined>;
  /** Members of whom bounces are remembered, by id; those of one address when its canonical form is given. */
  standings(canonical?: string): AsyncIterable<MemberStanding[]>;
  /** Forgets what is known against a member: mail goes there again. False when nothing was. */
  resetStanding(member: number, cause: Cause): Promise<boolean>;
  /** Takes up to `limit` steps that are due, and gives those that still have to be sent, also those that were taken before. */
  takeSteps(now: number, rules: LadderRules, limit: number): Promise<{ steps: TakenStep[]; recovered: number }>;
  /** These mails are in the queue. */
  stepsSent(steps: readonly TakenStep[]): Promise<void>;
  /** When something of this list is due: 0 for what waits; undefined when nothing is. */
  nextStep(): Promise<number | undefined>;
  /** The alarm that nobody was told of yet. */
  openAlarm(): Promise<PolicyAlarm | undefined>;
  alarmTold(): Promise<void>;
  /** What happened from `from` until `to`, both in milliseconds. */
  bounceSummary(from: number, to: number): Promise<BounceSummary>;
  /** When the owner was told last, milliseconds; undefined before the first time. */
  lastSummary(): Promise<number | undefined>;
  summaryTold(at: number): Promise<void>;
  /** Forgets every bounce of an address, and what came back. */
  eraseBounces(canonical: string): Promise<void>;
  /** Forgets bounces and their evidence from before this time, up to 10,000; says how many. */
  forgetBounces(before: number): Promise<number>;
}
