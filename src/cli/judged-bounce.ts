import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { groundsOf } from '../bounce/grounds.ts';
import { proveWithin } from '../bounce/proof.ts';
import { understand } from '../bounce/understand.ts';
import type { Verdict } from '../bounce/verdict.ts';
import { bounceRulesOf } from '../list/bounce-rules.ts';
import type { BounceRules } from '../list/bounce-store.ts';
import type { List } from '../list/list.ts';
import { type Call, type Complaint, complaint, type Ending, exit, isComplaint, printJson, shown } from './door.ts';

const dayMs = 86_400_000;

/** Prints what a mail that came back would be taken for; nothing is recorded. */
export async function judge(call: Call, list: List, file: string): Promise<Ending> {
  const { door } = call;
  const message = await readMail(call, file);
  if (isComplaint(message)) return message;
  const { kind, recipients } = understand(message);
  const proved = await proveWithin(list, message);
  const rules = bounceRulesOf(await list.settings());
  const judged = recipients.map((one) => ({ ...one, ...groundsOf(one), leads: leadsTo(one, rules) }));
  if (call.flag('json')) {
    await printJson(door, { file, kind, member: proved?.address ?? '', post: proved?.number ?? 0, recipients: judged });
    return exit.done;
  }
  const about = proved
    ? `it answers mail of ours to ${shown(proved.address)}${proved.number > 0 ? `, post ${proved.number}` : ''}`
    : 'it holds no signed address of this list: only the address that it comes to could prove whom it is about';
  await door.print(`${kind}; ${about}\n`);
  for (const { address, reason, permanent, status, diagnostic, leads } of judged) {
    const words = [address || '(no address)', reason, permanent ? 'permanent' : 'temporary', status || '-', leads];
    await door.print(`${words.map(shown).join(' ')}\n${diagnostic === '' ? '' : `    ${shown(diagnostic)}\n`}`);
  }
  return exit.done;
}

async function readMail(call: Call, file: string): Promise<Buffer | Complaint> {
  try {
    return await readFile(resolve(call.door.currentDirectory, file));
  } catch (error) {
    return complaint(exit.noInput, `${file} cannot be read: ${(error as Error).message}`, 'give the path of one mail');
  }
}

function leadsTo(one: Verdict, { action, threshold, warnAfter, fullFor }: BounceRules): string {
  const { grounds, weight } = groundsOf(one);
  if (!one.counts) return '(does not count)';
  if (action === 'record') return '(would be recorded)';
  if (grounds === 'address') return `(counts ${weight} of ${threshold}; a warning ${days(warnAfter)} after the last)`;
  if (grounds === 'full') return `(would be recorded; a warning after ${days(fullFor)} of it)`;
  if (grounds === 'unreachable') return '(would be recorded; a warning when no host takes a connection for weeks)';
  return '(would be recorded; leads to nothing)';
}

function days(ms: number): string {
  return `${Math.round(ms / dayMs)} days`;
}
