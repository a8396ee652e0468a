import { type Id, parseId } from '../lib/ids.ts';
import type { RecipientKey } from '../queue/waiting-recipients.ts';
import { type Call, type Complaint, complaint, exit, isComplaint, shown } from './door.ts';
import { linesOf, readInput } from './input.ts';

/** What was named, in the order in which it was. */
export interface Named {
  readonly entries: readonly Id[];
  readonly recipients: readonly RecipientKey[];
}

/** How a recipient of a post is named. */
export function recipientId({ post, position }: RecipientKey): string {
  return `${post}/${position}`;
}

/** The ids that were given as arguments; undefined when there are none. */
export function givenIds(call: Call): Named | Complaint | undefined {
  const given = call.texts('ids');
  return given.length === 0 ? undefined : parseIds(given.map((text, at) => ({ number: at + 1, text })));
}

/** Ids from standard input, one per line. */
export async function idsFromInput(call: Call): Promise<Named | Complaint> {
  const input = await readInput(call.door, 'ids, one per line,');
  return isComplaint(input) ? input : parseIds(linesOf(input));
}

function parseIds(lines: Iterable<{ number: number; text: string }>): Named | Complaint {
  const entries: Id[] = [];
  const recipients: RecipientKey[] = [];
  for (const { number, text } of lines) {
    const [id, position] = parseNamed(text) ?? [];
    if (!id)
      return complaint(
        exit.badInput,
        `line ${number}: "${shown(text.slice(0, 100))}" is not the id of an entry; nothing was changed`,
        '"ezlm queue list" shows the ids',
      );
    if (position === undefined) entries.push(id);
    else recipients.push({ post: id, position });
  }
  return { entries, recipients };
}

// `ID`, `ID/POSITION`, or the two as columns.
function parseNamed(text: string): [id: Id, position?: number] | undefined {
  const [, first, position] = /^(\S{18})(?:(?:\/|\s+)(\d{1,10}))?$/.exec(text) ?? [];
  const id = first === undefined ? undefined : parseId(first);
  if (!id) return undefined;
  return position === undefined ? [id] : [id, Number(position)];
}
