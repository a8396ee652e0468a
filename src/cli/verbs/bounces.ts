import { idMaker } from '../../lib/ids.ts';
import type { KeptBounce, MemberStanding } from '../../list/bounce-store.ts';
import { bounceRulesOf } from '../../list/bounce-rules.ts';
import { scoreAt } from '../../list/ladder.ts';
import type { List } from '../../list/list.ts';
import { type Address, parseAddress } from '../../mail/address.ts';
import {
  type Call,
  type Complaint,
  complaint,
  type Ending,
  exit,
  isComplaint,
  printJson,
  shown,
  timeText,
} from '../door.ts';
import { findList } from '../list-argument.ts';
import { withLists } from '../open.ts';
import { judge } from '../judged-bounce.ts';

/** Bounces that are printed at the most when `--limit` says nothing. */
const shownMost = 1_000;

/** Prints what came back from the members of a list, or where they stand; forgets it; or judges a mail. */
export async function run(call: Call): Promise<Ending> {
  const { door } = call;
  const wanted = readWanted(call);
  if (isComplaint(wanted)) return wanted;
  return withLists(door, async (lists) => {
    const list = findList(door, lists, call.text('list') ?? '');
    if (isComplaint(list)) return list;
    const file = call.text('test');
    if (file !== undefined) return judge(call, list, file);
    if (wanted.address && call.flag('reset')) return reset(call, list, wanted.address);
    if (call.flag('members') || wanted.address) await printStandings(call, list, wanted.address);
    if (!call.flag('members')) await printBounces(call, list, wanted);
    return exit.done;
  });
}

interface Wanted {
  readonly address: Address | undefined;
  readonly limit: number;
}

function readWanted(call: Call): Wanted | Complaint {
  const text = call.text('address');
  const address = text === undefined ? undefined : parseAddress(text);
  if (text !== undefined && !address)
    return complaint(exit.usage, `"${shown(text.slice(0, 300))}" is not an address`, 'write it as bob@example.net');
  const limit = Number(call.text('limit') ?? shownMost);
  if (!(Number.isInteger(limit) && limit > 0))
    return complaint(exit.usage, `"${call.text('limit')}" is no number of bounces`, 'write it as --limit 100');
  if (call.flag('reset') && !address)
    return complaint(exit.usage, '--reset needs the address of a member', 'write it as LIST bob@example.net --reset');
  return { address, limit };
}

async function reset(call: Call, list: List, address: Address): Promise<Ending> {
  const { door } = call;
  const isDry = call.flag('dry-run');
  const cause = { id: idMaker(door.clock)(), tag: 'manual', at: door.clock.now() };
  let count = 0;
  for await (const page of list.store.standings(address.canonical))
    for (const { member } of page) if (isDry || (await list.store.resetStanding(member, cause))) count++;
  if (count === 0)
    return complaint(
      exit.noInput,
      `nothing is known against ${address.text}`,
      'see "ezlm bounces LIST --members" for those of whom something is',
    );
  if (call.flag('json')) await printJson(door, { address: address.text, reset: isDry ? 0 : count, dryRun: isDry });
  else door.say(isDry ? `${address.text} would be reset; nothing was changed` : `${address.text} is well again`);
  return exit.done;
}

async function printStandings(call: Call, list: List, address: Address | undefined): Promise<void> {
  const rules = bounceRulesOf(await list.settings());
  const now = call.door.clock.now();
  for await (const page of list.store.standings(address?.canonical)) {
    for (const one of page) {
      const fields = standingFields(one, scoreAt(one.standing, now, rules));
      if (call.flag('json')) await printJson(call.door, fields);
      else await call.door.print(`${standingText(fields)}\n`);
    }
  }
}

function standingFields({ address, role, standing }: MemberStanding, score: number) {
  const { state, since, grounds, due } = standing;
  return {
    address,
    role,
    state,
    since: timeText(since || (standing.began ?? 0)),
    score: Math.round(score * 100) / 100,
    grounds: grounds ?? '',
    due: due === undefined ? '' : timeText(due),
  };
}

function standingText({ address, role, state, since, score, grounds, due }: ReturnType<typeof standingFields>): string {
  const next = due === '' ? '' : ` next ${due}`;
  return `${[address, role, state].map(shown).join(' ')} since ${since} score ${score}${grounds && ` ${grounds}`}${next}`;
}

async function printBounces(call: Call, list: List, { address, limit }: Wanted): Promise<void> {
  const asJson = call.flag('json');
  for (const one of await list.store.bounces(limit, address?.canonical)) {
    const evidence = call.flag('evidence') ? await list.store.evidence(one.id) : undefined;
    if (asJson) await printJson(call.door, bounceFields(one, evidence));
    else await call.door.print(`${bounceText(one)}\n${evidence ? evidenceText(evidence) : ''}`);
  }
}

function bounceText({ at, address, number, how, reason, permanent, text }: KeptBounce): string {
  const post = number === 0 ? '-' : String(number);
  return [timeText(at), address, post, how, reason, permanent ? 'permanent' : 'temporary', text].map(shown).join(' ');
}

function bounceFields(one: KeptBounce, evidence: Buffer | undefined): Readonly<Record<string, unknown>> {
  const { at, address, number, how, reason, grounds, permanent, counted, status, host, text } = one;
  const fields = { at: timeText(at), address, number, how, reason, grounds, permanent, counted, status, host, text };
  return evidence ? { ...fields, evidence: evidence.toString('latin1') } : fields;
}

function evidenceText(evidence: Buffer): string {
  const lines = evidence.toString('utf8').split(/\r?\n/);
  return `${lines.map((line) => `    ${shown(line)}`).join('\n')}\n`;
}
