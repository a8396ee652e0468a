import { bounceRulesOf } from '../list/bounce-rules.ts';
import type { List } from '../list/list.ts';
import type { Log } from '../log.ts';
import type { NewEntry, NewMessage } from '../queue/store.ts';
import { alarmLetter, type LetterTools, type Posted, stepLetter, summaryLetter } from './letters.ts';

export interface RoundTools extends LetterTools {
  readonly log: Log;
  /** Commits mails to the queue. */
  readonly accept: (messages: readonly NewMessage[], entries: readonly NewEntry[]) => Promise<void>;
}

/** Steps in one commit. */
const batchSteps = 200;
/** Rows that a store forgets in one commit. */
const forgottenAtOnce = 10_000;
const weekMs = 7 * 86_400_000;

/**
 * Does what is due for a list: warnings, probes, recoveries, an alarm, the weekly summary, and the end of old records. Mails are in the queue
 * before the list says that they were sent: after a crash one may go twice, none is lost. Gives the time when there is more to do.
 */
export async function runRound(list: List, tools: RoundTools): Promise<number | undefined> {
  await takeSteps(list, tools);
  await tellAlarm(list, tools);
  await tellSummary(list, tools);
  const { keepFor } = bounceRulesOf(await list.settings());
  while ((await list.store.forgetBounces(tools.clock.now() - keepFor)) === forgottenAtOnce);
  return list.store.nextStep();
}

async function takeSteps(list: List, tools: RoundTools): Promise<void> {
  const rules = bounceRulesOf(await list.settings());
  for (;;) {
    const { steps, recovered } = await list.store.takeSteps(tools.clock.now(), rules, batchSteps);
    if (steps.length + recovered > 0) {
      const warnings = steps.filter(({ step }) => step === 'warn').length;
      const probes = steps.length - warnings;
      tools.log('bounce.stepped', { list: list.name.address, warnings, probes, recovered });
    }
    if (steps.length === 0 && recovered < batchSteps) return;
    await send(await Promise.all(steps.map((taken) => stepLetter(list, taken, tools))), tools);
    await list.store.stepsSent(steps);
  }
}

async function tellAlarm(list: List, tools: RoundTools): Promise<void> {
  const alarm = await list.store.openAlarm();
  if (!alarm) return;
  const { count, reason, host, text } = alarm;
  tools.log('bounce.alarm', { list: list.name.address, refusals: count, reason, host, reply: text });
  await send([await alarmLetter(list, alarm, tools)], tools);
  await list.store.alarmTold();
}

async function tellSummary(list: List, tools: RoundTools): Promise<void> {
  const now = tools.clock.now();
  const { bounceSummary } = await list.settings();
  const from = await list.store.lastSummary();
  if (from !== undefined && now - from < weekMs) return;
  const summary = from === undefined ? undefined : await list.store.bounceSummary(from, now);
  const isNews = summary && summary.byReason.length + summary.byEvent.length > 0;
  if (bounceSummary && isNews) await send([await summaryLetter(list, summary, from!, tools)], tools);
  await list.store.summaryTold(now);
}

async function send(posted: readonly Posted[], { accept }: RoundTools): Promise<void> {
  if (posted.length === 0) return;
  await accept(
    posted.map(({ message }) => message),
    posted.map(({ entry }) => entry),
  );
}
