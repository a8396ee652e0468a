import type { DaemonStatus } from '../../control.ts';
import type { QueueCounts } from '../../queue/store.ts';
import { askDaemon } from '../ask.ts';
import { type Call, type Ending, exit, printJson, timeText } from '../door.ts';
import { isRunning } from '../is-running.ts';
import { atWorkText } from '../lane-text.ts';
import { withHome } from '../open.ts';
import { postName, progressText } from '../post-text.ts';
import { type PostProgress, Watch } from '../snapshot.ts';

/** Posts that a text names; more of them are counted. */
const postsMost = 10;

interface Status {
  readonly home: string;
  readonly isRunning: boolean;
  /** What the daemon says of itself; undefined when none answers. */
  readonly daemon: DaemonStatus | undefined;
  readonly lists: number;
  readonly counts: QueueCounts;
  readonly posts: readonly PostProgress[];
  /** When the next entry or recipient is due. */
  readonly due: string | undefined;
}

/** Says whether the daemon runs, how many lists there are, which posts are under way, and what waits in the queue. */
export function run(call: Call): Promise<Ending> {
  const { door } = call;
  return withHome(door, async (home) => {
    const asked = await askDaemon(door, { ask: 'status' });
    const due = await home.queue.nextDue();
    const status = {
      home: door.home,
      isRunning: await isRunning(door),
      daemon: asked !== 'silent' && 'answer' in asked ? asked.answer : undefined,
      lists: [...home.lists.all()].length,
      counts: await home.queue.counts(),
      posts: await new Watch(door, home).posts(),
      due: due === undefined ? undefined : timeText(due),
    };
    await (call.flag('json') ? printJson(door, fieldsOf(status)) : door.print(linesOf(status).join('')));
    return exit.done;
  });
}

function fieldsOf({ home, isRunning: running, daemon, lists, counts, posts, due }: Status): Record<string, unknown> {
  const { startedAt, ...known } = daemon ?? {};
  return {
    home,
    running,
    ...(startedAt === undefined ? {} : { ...known, startedAt: timeText(startedAt) }),
    lists,
    ...counts,
    posts,
    ...(due === undefined ? {} : { nextDue: due }),
  };
}

function linesOf({ home, isRunning: running, daemon, lists, counts, posts, due }: Status): string[] {
  const since = daemon ? ` since ${timeText(daemon.startedAt)}, process ${daemon.pid}` : '';
  const named = posts.slice(0, postsMost).map((post) => `post     ${postName(post)}: ${progressText(post)}\n`);
  return [
    `home     ${home}\n`,
    `daemon   ${running ? `running${since}` : 'not running ("ezlm serve" starts it)'}\n`,
    ...(daemon ? [`listens  ${daemon.listening.join(', ')}\n`] : []),
    ...(daemon ? [`sends    over ${atWorkText(daemon.connections, daemon.lanes)}\n`] : []),
    `lists    ${lists}\n`,
    `entries  ${counts.ready} ready, ${counts.claimed} being worked on, ${counts.held} held\n`,
    `chunks   ${counts.chunks}\n`,
    ...named,
    ...(posts.length > named.length ? [`post     … and more: "ezlm queue list --kind post"\n`] : []),
    `due      ${due ?? 'nothing waits'}\n`,
  ];
}
