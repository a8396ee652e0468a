import type { Home } from '../../home.ts';
import { type Id, parseId } from '../../lib/ids.ts';
import type { Entry, EntryFilter, EntryKind, EntryState, Move } from '../../queue/store.ts';
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
import { goOn, putBack, tellDaemon, withHome } from '../open.ts';

const done: Readonly<Record<Move, string>> = {
  hold: 'held',
  release: 'released',
  retry: 'due now',
  drop: 'dropped',
};

/** Entries that one commit moves at most, so that the daemon never waits long for its turn. */
const batchMost = 1_000;

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
  const ages = readAges(call);
  if (isComplaint(ages)) return ages;
  const domain = call.text('domain')?.toLowerCase();
  const state = call.text('state') as EntryState | undefined;
  const reply = call.text('reply');
  const kind = call.text('kind') as EntryKind | undefined;
  return {
    ...(name ? { list: name.address } : {}),
    ...(domain === undefined ? {} : { domain }),
    ...(state === undefined ? {} : { state }),
    ...(kind === undefined ? {} : { kind }),
    ...(reply === undefined ? {} : { reply }),
    ...ages,
  };
}

function readAges(call: Call): Pick<EntryFilter, 'olderThan' | 'newerThan'> | Complaint {
  const ages: { olderThan?: number; newerThan?: number } = {};
  for (const [option, name] of [
    ['older-than', 'olderThan'],
    ['newer-than', 'newerThan'],
  ] as const) {
    const text = call.text(option);
    if (text === undefined) continue;
    const age = ageMs(text);
    if (age === undefined)
      return complaint(exit.usage, `"${text}" is not an age`, `write --${option} 90s, 15m, 6h or 2d`);
    ages[name] = age;
  }
  return ages;
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
  const isDry = call.flag('dry-run');
  const posts = await postsById(home);
  const touched: string[] = [];
  let moved = 0;
  for (let from = 0; from < ids.length; from += batchMost) {
    const batch = ids.slice(from, from + batchMost);
    const could = await movable(home, batch, isDry ? undefined : action);
    moved += could.size;
    for (const id of batch) await tellMove(call, action, id, could.has(id));
    touched.push(...[...could].flatMap((id) => posts.get(id) ?? []));
  }
  if (moved > 0 && !isDry) await tellDaemon(call.door);
  if (!isDry) await (action === 'hold' || action === 'drop' ? putBack : goOn)(call.door, touched);
  call.door.say(isDry ? `${moved} would be ${done[action]}; nothing was changed` : `${moved} ${done[action]}`);
  return moved === ids.length ? exit.done : exit.noInput;
}

// The lists of the posts in the queue, by the ids that stand for them.
async function postsById({ queue }: Home): Promise<ReadonlyMap<string, string>> {
  const lists = new Map<string, string>();
  for await (const page of queue.entries({ kind: 'post' }))
    for (const { id, cause, list } of page) lists.set(id, list).set(cause.replace(/:post$/, ''), list);
  return lists;
}

// Those of the ids that were moved; without an action those that are there. The id that "ezlm send" printed stands for its post, too.
async function movable(home: Home, ids: readonly Id[], action: Move | undefined): Promise<Set<Id>> {
  const moved = new Set(action ? await home.queue.move(action, ids) : []);
  for (const id of ids) {
    if (moved.has(id)) continue;
    const entry = await home.queue.entry(id);
    if (!entry) continue;
    const isMoved = !action || (entry.id !== id && (await home.queue.move(action, [entry.id])).length > 0);
    if (isMoved) moved.add(id);
  }
  return moved;
}

async function tellMove(call: Call, action: Move, id: Id, could: boolean): Promise<void> {
  const isDry = call.flag('dry-run');
  if (!could) call.door.say(`${id} is not there, or not in a state that allows ${action}`);
  if (call.flag('json')) await printJson(call.door, { id, action, done: could && !isDry, dryRun: isDry });
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
