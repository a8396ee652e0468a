import type { Home } from '../../home.ts';
import type { LaneChange, LaneReport } from '../../lane-report.ts';
import type { Id } from '../../lib/ids.ts';
import { askDaemon, unanswered } from '../ask.ts';
import { type Call, type Complaint, complaint, type Ending, exit, isComplaint, printJson } from '../door.ts';
import { linesOf, readInput } from '../input.ts';
import { laneHeading, laneLine } from '../lane-text.ts';
import { readListName } from '../list-argument.ts';
import { putBack, readHome, tellDaemon, withHome } from '../open.ts';

type Action = 'pause' | 'resume' | 'slow';

const done: Readonly<Record<Action, string>> = { pause: 'paused', resume: 'resumed', slow: 'slowed' };

/** Shows the lanes of the running daemon, or pauses, resumes and slows lanes and lists. */
export async function run(call: Call): Promise<Ending> {
  const action = call.text('action') ?? 'list';
  const change = readChange(call, action);
  if (isComplaint(change)) return change;
  const names = await readNames(call, action);
  if (isComplaint(names)) return names;
  const settings = await readHome(call.door);
  if (isComplaint(settings)) return settings;
  const lists = names.filter((name) => name.includes('@'));
  const asked =
    names.length > 0 && lists.length === names.length ? { answer: [] } : await askDaemon(call.door, { ask: 'lanes' });
  if (asked === 'silent' || 'problem' in asked) return unanswered(asked, call.door);
  if (action === 'list') return list(call, names, asked.answer);
  return changeAll(call, action as Action, change, names, asked.answer);
}

function readChange(call: Call, action: string): LaneChange | Complaint {
  const text = call.text('to');
  if (action !== 'slow') {
    if (text !== undefined)
      return complaint(exit.usage, '--to belongs to slow', 'write "ezlm lane slow LANE --to 10%"');
    return action === 'resume' ? { paused: false, factor: 1 } : { paused: true };
  }
  const percent = Number(/^(\d{1,3})%?$/.exec(text ?? '')?.[1]);
  if (percent >= 1 && percent <= 100) return { factor: percent / 100 };
  return complaint(exit.usage, '--to must be a share from 1% to 100%', 'write "ezlm lane slow LANE --to 10%"');
}

async function readNames(call: Call, action: string): Promise<readonly string[] | Complaint> {
  const given = call.texts('names');
  if (given.length === 1 && given[0] === '-') {
    const input = await readInput(call.door, 'names of lanes, one per line,');
    return isComplaint(input) ? input : [...linesOf(input)].map(({ text }) => text);
  }
  return given.length > 0 || action === 'list'
    ? given
    : complaint(
        exit.usage,
        'LANE is missing: whose speed is meant?',
        '"ezlm lane" shows the lanes; a list is named by its address',
      );
}

async function list(call: Call, names: readonly string[], reports: readonly LaneReport[]): Promise<Ending> {
  const { door } = call;
  const found = names.length === 0 ? reports : names.flatMap((name) => lanesNamed(name, reports));
  if (names.length > 0 && found.length === 0) return noSuchLane(names[0]!);
  if (call.flag('json')) {
    for (const report of found) await printJson(door, { ...report });
    return exit.done;
  }
  if (found.length === 0) door.say('no lane has work now');
  else await door.print(`${[laneHeading, ...found.map((report) => laneLine(report, door.clock.now()))].join('\n')}\n`);
  return exit.done;
}

async function changeAll(
  call: Call,
  action: Action,
  change: LaneChange,
  names: readonly string[],
  reports: readonly LaneReport[],
): Promise<Ending> {
  let missing: Complaint | undefined;
  for (const name of names) {
    const ending = name.includes('@')
      ? await changeList(call, action, change, name)
      : await changeLane(call, action, change, name, reports);
    if (!isComplaint(ending)) continue;
    missing ??= ending;
    if (names.length > 1) call.door.say(ending.what);
  }
  return missing ?? exit.done;
}

async function changeLane(
  call: Call,
  action: Action,
  change: LaneChange,
  name: string,
  reports: readonly LaneReport[],
): Promise<Ending> {
  const found = lanesNamed(name, reports);
  if (found.length > 1) {
    const all = found.map(({ lane }) => `"${lane}"`).join(', ');
    return complaint(exit.usage, `"${name}" stands in ${found.length} lanes: ${all}`, 'write the whole name of one');
  }
  // A path in a route's name has its letters as they are.
  const lane = found[0]?.lane ?? (name.includes('/') ? name : name.toLowerCase());
  if (call.flag('dry-run')) {
    if (found.length === 0 && action !== 'pause') return noSuchLane(name);
    return tell(call, { lane, action, dryRun: true }, `${lane} would be ${done[action]}; nothing was changed`);
  }
  const asked = await askDaemon(call.door, { ask: 'setLane', lane, ...change });
  if (asked === 'silent' || 'problem' in asked) return unanswered(asked, call.door);
  if (!asked.answer) return noSuchLane(name);
  const isToCome = found.length === 0 && action === 'pause';
  const held = isToCome
    ? `: no lane of this name has work now; mail to such a domain or host is held, also what other lanes have of it`
    : '';
  return tell(call, { lane, action, dryRun: false }, `${lane} ${done[action]}${held}`);
}

// A list is paused by holding its posts, which outlives the daemon; only its speed is the daemon's own.
async function changeList(call: Call, action: Action, change: LaneChange, text: string): Promise<Ending> {
  const name = readListName(call.door, text);
  if (isComplaint(name)) return name;
  if (action !== 'slow') return withHome(call.door, (home) => movePosts(call, home, action, name.address));
  if (call.flag('dry-run'))
    return tell(
      call,
      { list: name.address, action, dryRun: true },
      `${name.address} would be slowed; nothing was changed`,
    );
  const asked = await askDaemon(call.door, { ask: 'setLane', lane: name.address, ...change });
  if (asked === 'silent' || 'problem' in asked) return unanswered(asked, call.door);
  if (asked.answer) return tell(call, { list: name.address, action, dryRun: false }, `${name.address} slowed`);
  return complaint(
    exit.noInput,
    `${name.address} is not being sent now`,
    'slow it while a post of it goes out, or slow the lanes that it goes through',
  );
}

async function movePosts(call: Call, home: Home, action: 'pause' | 'resume', address: string): Promise<Ending> {
  const posts: Id[] = [];
  const state = action === 'resume' ? ({ state: 'held' } as const) : {};
  for await (const page of home.queue.entries({ kind: 'post', list: address, ...state }))
    posts.push(...page.map(({ id }) => id));
  const isDry = call.flag('dry-run');
  let moved = 0;
  for (const id of posts) {
    if (isDry || (action === 'pause' ? await home.queue.hold(id) : await home.queue.release(id))) moved++;
  }
  if (moved > 0 && !isDry) await tellDaemon(call.door);
  if (moved > 0 && !isDry && action === 'pause') await putBack(call.door, [address]);
  const fields = { list: address, action, posts: moved, dryRun: isDry };
  const posted = `${moved} ${moved === 1 ? 'post' : 'posts'} of ${address}`;
  return tell(
    call,
    fields,
    isDry ? `${posted} would be ${done[action]}; nothing was changed` : `${posted} ${done[action]}`,
  );
}

async function tell(call: Call, fields: Readonly<Record<string, unknown>>, text: string): Promise<Ending> {
  if (call.flag('json')) await printJson(call.door, fields);
  call.door.say(text);
  return exit.done;
}

// By its whole name, or by one of its hosts, with or without the port.
function lanesNamed(name: string, reports: readonly LaneReport[]): readonly LaneReport[] {
  const exact = reports.filter(({ lane }) => lane === name);
  if (exact.length > 0) return exact;
  return reports.filter(({ lane }) => {
    const port = lane.slice(lane.lastIndexOf(':'));
    const hosts = lane.slice(0, lane.length - port.length).split(' ');
    return hosts.includes(name) || hosts.some((host) => `${host}${port}` === name);
  });
}

function noSuchLane(name: string): Complaint {
  return complaint(exit.noInput, `there is no lane "${name}" now`, '"ezlm lane" shows the lanes by name');
}
