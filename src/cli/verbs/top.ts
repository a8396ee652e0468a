import type { LaneReport } from '../../lane-report.ts';
import type { Clock } from '../../lib/clock.ts';
import { type Call, type Complaint, complaint, type Ending, exit, isComplaint, printJson, timeText } from '../door.ts';
import { atWorkText, etaText, laneHeading, laneLine, rateText } from '../lane-text.ts';
import { withHome } from '../open.ts';
import { pacedText, postName } from '../post-text.ts';
import { type Snapshot, Watch } from '../snapshot.ts';

/** Lanes that a block of text shows where no screen says how many fit. */
const lanesMost = 40;

/** What --once looks at, when a post is at work. */
const onceMs = 1_000;

/** Shows lanes and posts, anew every few seconds: over the last picture on a terminal, one block after the other elsewhere. */
export async function run(call: Call): Promise<Ending> {
  const { door } = call;
  const seconds = readInterval(call);
  if (isComplaint(seconds)) return seconds;
  return withHome(door, async (home) => {
    const watch = new Watch(door, home);
    const isLive = door.screen !== undefined && !call.flag('json') && !call.flag('once');
    if (isLive) await door.print('\u001b[2J');
    for (;;) {
      const snapshot = call.flag('once') ? await lookOnce(watch, door.clock) : await watch.look();
      if (call.flag('json')) await printJson(door, fieldsOf(snapshot));
      else
        await door.print(isLive ? overLast(blockOf(snapshot, door.screen())) : `${blockOf(snapshot).join('\n')}\n\n`);
      if (call.flag('once')) return exit.done;
      await door.clock.sleep(seconds * 1_000);
    }
  });
}

// One look knows no rate: who looks only once and finds a post at work looks again.
async function lookOnce(watch: Watch, clock: Clock): Promise<Snapshot> {
  const first = await watch.look();
  if (!first.isRunning || first.posts.every(({ recipients, tried }) => tried >= recipients)) return first;
  await clock.sleep(onceMs);
  return watch.look();
}

function readInterval(call: Call): number | Complaint {
  const text = call.text('interval') ?? '2';
  const seconds = /^\d{1,5}(?:\.\d{1,3})?$/.test(text) ? Number(text) : 0;
  if (seconds >= 0.1 && seconds <= 86_400) return seconds;
  return complaint(exit.usage, `"${text}" is no interval`, 'write seconds, like --interval 2');
}

function fieldsOf({ at, isRunning, queue, lanes, posts }: Snapshot): Record<string, unknown> {
  return { at: timeText(at), running: isRunning, rate: rateOf(lanes), queue, lanes: byWork(lanes), posts };
}

function blockOf(snapshot: Snapshot, screen?: { columns: number; rows: number }): string[] {
  const { at, posts, lanes } = snapshot;
  const head = headOf(snapshot);
  const postLines = posts.map((post) => `${postName(post)}: ${pacedText(post)}`);
  const room = screen ? Math.max(1, screen.rows - head.length - postLines.length - 4) : lanesMost;
  const shownLanes = byWork(lanes).slice(0, room);
  const more = lanes.length - shownLanes.length;
  const lines = [
    ...head,
    ...(postLines.length === 0 ? [] : ['', ...postLines]),
    ...(lanes.length === 0 ? [] : ['', laneHeading, ...shownLanes.map((lane) => laneLine(lane, at))]),
    ...(more > 0 ? [`… and ${more} more`] : []),
  ];
  return screen ? lines.slice(0, screen.rows - 1).map((line) => line.slice(0, screen.columns)) : lines;
}

function headOf({ at, isRunning, queue, lanes, posts }: Snapshot): string[] {
  const rate = rateOf(lanes);
  const left = posts.reduce((sum, post) => sum + post.recipients - post.tried, 0);
  const connections = lanes.reduce((sum, lane) => sum + lane.connections, 0);
  const daemon = isRunning
    ? `${rateText(rate)}/s over ${atWorkText(connections, lanes.length)}, ${left} recipients left, ETA ${left > 0 ? etaText(left, rate) : '-'}`
    : 'no daemon runs ("ezlm serve" starts it)';
  const { ready, claimed, held, chunks } = queue;
  return [
    `${timeText(at)}  ${daemon}`,
    `queue: ${ready} ready, ${claimed} being worked on, ${held} held, ${chunks} chunks`,
  ];
}

function overLast(lines: readonly string[]): string {
  return `\u001b[H${lines.map((line) => `${line}\u001b[K\n`).join('')}\u001b[J`;
}

function rateOf(lanes: readonly LaneReport[]): number {
  return lanes.reduce((sum, lane) => sum + lane.rate, 0);
}

// Those that do or hold most first; the name decides between equals, so that lines do not jump.
function byWork(lanes: readonly LaneReport[]): LaneReport[] {
  return lanes.toSorted((a, b) => b.rate - a.rate || b.waiting - a.waiting || (a.lane < b.lane ? -1 : 1));
}
