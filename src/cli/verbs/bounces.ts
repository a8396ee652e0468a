import type { Bounce } from '../../list/store.ts';
import { parseAddress } from '../../mail/address.ts';
import { type Call, complaint, type Ending, exit, isComplaint, shown, timeText } from '../door.ts';
import { findList } from '../list-argument.ts';
import { withLists } from '../open.ts';

/** Bounces that are printed at the most when `--limit` says nothing. */
const shownMost = 1_000;

/** Prints what came back from the members of a list, the latest first. */
export async function run(call: Call): Promise<Ending> {
  const { door } = call;
  const wanted = call.text('address');
  const address = wanted === undefined ? undefined : parseAddress(wanted);
  if (wanted !== undefined && !address)
    return complaint(exit.usage, `"${wanted}" is not an address`, 'write it as bob@example.net');
  const limit = Number(call.text('limit') ?? shownMost);
  if (!(Number.isInteger(limit) && limit > 0))
    return complaint(exit.usage, `"${call.text('limit')}" is no number of bounces`, 'write it as --limit 100');
  return withLists(door, async (lists) => {
    const list = findList(door, lists, call.text('list') ?? '');
    if (isComplaint(list)) return list;
    const line = call.flag('json') ? asJson : asText;
    const bounces = await list.store.bounces(limit, address?.canonical);
    await door.print(bounces.map((one) => `${line(one)}\n`).join(''));
    return exit.done;
  });
}

function asText({ at, address, number, how, reason, permanent, text }: Bounce): string {
  const post = number === 0 ? '-' : String(number);
  return [timeText(at), address, post, how, reason, permanent ? 'permanent' : 'temporary', text].map(shown).join(' ');
}

function asJson({ at, address, number, how, reason, permanent, status, text }: Bounce): string {
  return JSON.stringify({ at: timeText(at), address, number, how, reason, permanent, status, text });
}
