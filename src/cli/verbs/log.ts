import { type Call, type Ending, exit, isComplaint, shown, timeText } from '../door.ts';
import { findList } from '../list-argument.ts';
import { withLists } from '../open.ts';
import type { LogLine } from '../../list/store.ts';

/** Prints the changes of a list, oldest first. */
export function run(call: Call): Promise<Ending> {
  return withLists(call.door, async (lists) => {
    const list = findList(call.door, lists, call.text('list') ?? '');
    if (isComplaint(list)) return list;
    const line = call.flag('json') ? asJson : asText;
    for await (const lines of list.store.log()) await call.door.print(lines.map((one) => `${line(one)}\n`).join(''));
    return exit.done;
  });
}

function asText({ at, event, role, address, note }: LogLine): string {
  return [timeText(at), event, role, address, note]
    .filter((field) => field !== '')
    .map(shown)
    .join(' ');
}

function asJson({ at, event, role, address, note }: LogLine): string {
  return JSON.stringify({ at: timeText(at), event, role, address, note });
}
