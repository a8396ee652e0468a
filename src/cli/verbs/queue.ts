import type { Home } from '../../home.ts';
import { type Id, parseId } from '../../lib/ids.ts';
import type { Entry, EntryFilter, EntryKind, EntryState, QueueStore } from '../../queue/store.ts';
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
import { linesOf, readInput } from '../input.ts';
import { readListName } from '../list-argument.ts';
import { tellDaemon, withHome } from '../open.ts';

type Move = 'hold' | 'release' | 'retry' | 'drop';

const moves: Readonly<Record<Move, { done: string; move: (queue: QueueStore, id: Id) => Promise<boolean> }>> = {
  hold: { done: 'held', move: (queue, id) => queue.hold(id) },
  release: { done: 'released', move: (queue, id) => queue.release(id) },
  retry: { done: 'due now', move: (queue, id) => queue.retryNow(id) },
  drop: { done: 'dropped', move: (queue, id) => queue.drop(id) },
};

/** Shows the queue, or moves entries in it. */
export async function run(call: Call): Promise<Ending> {
  const action = call.text('action') ?? 'list';
  const filter = readFilter(call);
  if (isComplaint(filter)) return filter;
  return withHome(call.door, async (home) => {
    if (action === 'list' && call.texts('ids').length === 0) return listAll(call, home, filter);
    const ids = await readIds(call, home, filter);
    if (isComplaint(ids)) return ids;
    return action === 'list' || action === 'show'
      ? show(call, home, ids, action)
      : moveAll(call, home, ids, action as Move);
  });
}

function readFilter(call: Call): EntryFilter | Complaint {
  const list = call.text('list');
  const name = list === undefined ? undefined : readListName(call.door, list);
  if (isComplaint(name)) return name;
  const age = call.text('older-than');
  const olderThan = age === undefined ? undefined : ageMs(age);
  if (age !== undefined && olderThan === undefined) {
    return complaint(exit.usage, `"${age}" is not an age`, 'write --older-than 90s, 15m, 6h or 2d');
  }
  const domain = call.text('domain')?.toLowerCase();
  const state = call.text('state') as EntryState | undefined;
  const kind = call.text('kind') as EntryKind | undefined;
  return {
    ...(name ? { list: name.address } : {}),
    ...(domain === undefined ? {} : { domain }),
    ...(state === undefined ? {} : { state }),
    ...(kind === undefined ? {} : { kind }),
    ...(olderThan === undefined ? {} : { olderThan }),
  };
}

function ageMs(text: string): number | undefined {
  const found = /^(\d{1,6})([smhd])$/.exec(text);
  const unit = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 }[found?.[2] ?? ''];
  return found && unit !== undefined ? Number(found[1]) * unit : undefined;
}

async function listAll(call: Call, home: Home, filter: EntryFilter): Promise<Ending> {
  for await (const entries of home.queue.entries(filter)) for (const entry of entries) await printLine(call, entry);
  return exit.done;
}

// Ids as arguments, else all that the filters find, else standard input: never the whole queue by an oversight.
async function readIds(call: Call, home: Home, filter: EntryFilter): Promise<Id[] | Complaint> {
  const given = call.texts('ids');
  if (given.length > 0) return parseIds(given.map((text, at) => ({ number: at + 1, text })));
  if (Object.keys(filter).length === 0) {
    const input = await readInput(call.door, 'entry ids, one per line,');
    return isComplaint(input) ? input : parseIds(linesOf(input));
  }
  const ids: Id[] = [];
  for await (const entries of home.queue.entries(filter)) ids.push(...entries.map((entry) => entry.id));
  return ids;
}

function parseIds(lines: Iterable<{ number: number; text: string }>): Id[] | Complaint {
  const ids: Id[] = [];
  for (const { number, text } of lines) {
    const id = parseId(text);
    if (!id)
      return complaint(
        exit.badInput,
        `line ${number}: "${shown(text.slice(0, 100))}" is not the id of an entry; nothing was changed`,
        '"ezlm queue list" shows the ids',
      );
    ids.push(id);
  }
  return ids;
}

async function show(call: Call, home: Home, ids: readonly Id[], action: 'list' | 'show'): Promise<Ending> {
  let missing = 0;
  for (const id of ids) {
    const entry = await home.queue.entry(id);
    if (!entry) {
      missing++;
      call.door.say(`there is no entry ${id}`);
    } else if (action === 'list') await printLine(call, entry);
    else await printEntry(call, home, entry);
  }
  return missing === 0 ? exit.done : exit.noInput;
}

async function moveAll(call: Call, home: Home, ids: readonly Id[], action: Move): Promise<Ending> {
  const { done, move } = moves[action];
  const isDry = call.flag('dry-run');
  let moved = 0;
  for (const id of ids) {
    const could = isDry ? (await home.queue.entry(id)) !== undefined : await move(home.queue, id);
    if (could) moved++;
    else call.door.say(`${id} is not there, or not in a state that allows ${action}`);
    if (call.flag('json')) await printJson(call.door, { id, action, done: could && !isDry, dryRun: isDry });
  }
  if (moved > 0 && !isDry) await tellDaemon(call.door);
  call.door.say(isDry ? `${moved} would be ${done}; nothing was changed` : `${moved} ${done}`);
  return moved === ids.length ? exit.done : exit.noInput;
}

function printLine(call: Call, entry: Entry): Promise<void> {
  if (call.flag('json')) return printJson(call.door, fieldsOf(entry));
  const { id, kind, state, created, attempts, recipient, reply } = entry;
  const age = `${Math.max(0, Math.round((call.door.clock.now() - created) / 60_000))}m`;
  return call.door.print(
    `${id} ${kind.padEnd(7)} ${state.padEnd(7)} ${age.padStart(6)} ${attempts} ${shown(recipient)} ${shown(reply)}\n`,
  );
}

async function printEntry(call: Call, home: Home, entry: Entry): Promise<void> {
  const tally = entry.kind === 'post' ? { outcomes: await home.queue.tally(entry.id) } : {};
  const fields = { ...fieldsOf(entry), ...tally };
  if (call.flag('json')) return printJson(call.door, fields);
  const lines = Object.entries(fields).map(
    ([name, value]) => `${name}: ${typeof value === 'object' ? JSON.stringify(value) : shown(String(value))}\n`,
  );
  return call.door.print(`${lines.join('')}\n`);
}

function fieldsOf(entry: Entry): Record<string, unknown> {
  const { id, kind, state, list: listAddress, sender, recipient, created, due, attempts, size, reply, post } = entry;
  const times = { created: timeText(created), due: timeText(due) };
  const number = post ? { number: post.number, role: post.role } : {};
  return { id, kind, state, list: listAddress, sender, recipient, ...times, attempts, size, reply, ...number };
}
