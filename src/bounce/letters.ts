import type { Clock } from '../lib/clock.ts';
import type { Id } from '../lib/ids.ts';
import type { BounceSummary, PolicyAlarm, TakenStep } from '../list/bounce-store.ts';
import { commandAddress } from '../list/grammar.ts';
import { composeLetter } from '../list/letter.ts';
import type { List } from '../list/list.ts';
import type { MailRole } from '../list/name.ts';
import { stepSender } from '../list/step-address.ts';
import type { Templates, TemplateValues } from '../list/templates.ts';
import { keptAddress, parseAddress } from '../mail/address.ts';
import type { NewEntry, NewMessage } from '../queue/store.ts';

/** What letters about bounces are written with. */
export interface LetterTools {
  readonly clock: Clock;
  readonly newId: () => Id;
  readonly templates: Templates;
  /** Mail for this domain is ours: it goes round through the queue instead of out. */
  readonly isOurs: (domain: string) => boolean;
}

/** A mail and its place in the queue. */
export interface Posted {
  readonly message: NewMessage;
  readonly entry: NewEntry;
}

/** Characters of a host's words in a letter. */
const saidMost = 300;

/** A warning or a probe; its own envelope sender brings its bounce back as what it is. */
export async function stepLetter(list: List, taken: TakenStep, tools: LetterTools): Promise<Posted> {
  const { step, member, role, address: text, standing, missed, missedCount } = taken;
  const id = tools.newId();
  const to = keptAddress(text);
  const settings = await list.settings();
  const body = await composeLetter(list, settings, tools.templates, {
    template: step === 'warn' ? 'bounce-warning' : 'bounce-probe',
    to,
    role: role as MailRole,
    values: {
      isUnreachable: standing.grounds === 'unreachable',
      isFull: standing.grounds === 'full',
      isRemoval: settings.bounces === 'remove',
      reason: taken.reason,
      said: taken.text.slice(0, saidMost),
      days: settings.warnDays + settings.probeDays,
      missed,
      hasMissed: missed.length > 0,
      more: missedCount - missed.length,
      fetch: role === 'subscriber' && settings.archived,
    },
    id,
    at: tools.clock.now(),
    auto: 'auto-generated',
  });
  const sender = stepSender(list.name, step, standing.since, { id: member, address: text }, await list.keys());
  return {
    message: { id, body },
    entry: {
      id: tools.newId(),
      kind: tools.isOurs(to.domain) ? 'arrived' : 'mail',
      message: id,
      sender,
      recipient: to.text,
      list: list.name.address,
      cause: `bounce:${list.name.address}:${member}:${step}:${standing.since}`,
      due: tools.clock.now(),
    },
  };
}

/** Tells the owner that hosts refuse the list's mail for reasons that are not the members'. */
export function alarmLetter(list: List, alarm: PolicyAlarm, tools: LetterTools): Promise<Posted> {
  const { at, count, reason, host, text } = alarm;
  const values = { count, reason, host: host || 'a host', said: text.slice(0, saidMost), ...causesOf(reason) };
  return ownerLetter(list, 'bounce-alarm', values, `alarm:${at}`, tools);
}

/** Tells the owner what came back, and what became of it, since the last time. */
export function summaryLetter(list: List, summary: BounceSummary, from: number, tools: LetterTools): Promise<Posted> {
  const { byReason, byEvent, byDomain } = summary;
  const countOf = (event: string): number => byEvent.find((row) => row.event === event)?.count ?? 0;
  const values = {
    since: new Date(from).toISOString().slice(0, 10),
    total: byReason.reduce((sum, { count }) => sum + count, 0),
    reasons: byReason,
    domains: byDomain,
    warned: countOf('warned'),
    probed: countOf('probed'),
    recovered: countOf('recovered'),
    removed: countOf('-probe'),
    suspended: countOf('suspended'),
    complained: countOf('-complaint'),
  };
  return ownerLetter(list, 'bounce-summary', values, `summary:${from}`, tools);
}

async function ownerLetter(
  list: List,
  template: string,
  values: TemplateValues,
  cause: string,
  tools: LetterTools,
): Promise<Posted> {
  const id = tools.newId();
  const owner = commandAddress(list.name, 'owner')!;
  const at = tools.clock.now();
  const letter = { template, to: parseAddress(owner)!, role: 'subscriber', values, id, at } as const;
  const body = await composeLetter(list, await list.settings(), tools.templates, { ...letter, auto: 'auto-generated' });
  return {
    message: { id, body },
    entry: {
      id: tools.newId(),
      kind: 'arrived',
      message: id,
      sender: '',
      recipient: owner,
      list: list.name.address,
      cause: `bounce:${list.name.address}:${cause}`,
      due: at,
    },
  };
}

// What to look at first depends on what the hosts complain of.
function causesOf(reason: string): Readonly<Record<'isIdentity' | 'isReputation' | 'isContent', boolean>> {
  const isIdentity = ['authfailure', 'requireptr', 'norelaying', 'rejected', 'notcompliantrfc'].includes(reason);
  const isContent = ['spamdetected', 'virusdetected', 'policyviolation'].includes(reason);
  return { isIdentity, isContent, isReputation: !isIdentity && !isContent };
}
