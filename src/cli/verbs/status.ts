import { DatabaseSync } from 'node:sqlite';
import { homePaths } from '../../home.ts';
import { changeTime } from '../../lib/files.ts';
import { storageTrouble } from '../../lib/storage-trouble.ts';
import { type Call, type Door, type Ending, exit, printJson, timeText } from '../door.ts';
import { withHome } from '../open.ts';
import { wakeDaemon } from '../wake.ts';

/** Says whether the daemon runs, how many lists there are, and what waits in the queue. */
export function run(call: Call): Promise<Ending> {
  const { door } = call;
  return withHome(door, async (home) => {
    const running = await isRunning(door);
    const lists = [...home.lists.all()].length;
    const counts = await home.queue.counts();
    const due = await home.queue.nextDue();
    const next = due === undefined ? undefined : timeText(due);
    if (call.flag('json')) {
      await printJson(door, {
        home: door.home,
        running,
        lists,
        ...counts,
        ...(next === undefined ? {} : { nextDue: next }),
      });
      return exit.done;
    }
    await door.print(`home     ${door.home}\n`);
    await door.print(`daemon   ${running ? 'running' : 'not running ("ezlm serve" starts it)'}\n`);
    await door.print(`lists    ${lists}\n`);
    await door.print(`entries  ${counts.ready} ready, ${counts.claimed} being worked on, ${counts.held} held\n`);
    await door.print(`chunks   ${counts.chunks}\n`);
    await door.print(`due      ${next ?? 'nothing waits'}\n`);
    return exit.done;
  });
}

async function isRunning(door: Door): Promise<boolean> {
  const { lock, socket } = homePaths(door.home);
  return (await wakeDaemon(socket)) || ((await changeTime(lock)) !== undefined && isLocked(lock));
}

// Only looks: a reader is refused while the daemon's exclusive transaction is open, and takes nothing from it.
function isLocked(path: string): boolean {
  const database = new DatabaseSync(path, { readOnly: true, timeout: 0 });
  try {
    database.prepare('SELECT count(*) FROM sqlite_schema').get();
    return false;
  } catch (error) {
    return storageTrouble(error).kind === 'busy';
  } finally {
    database.close();
  }
}
