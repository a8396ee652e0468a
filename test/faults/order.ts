import { straceIsAbsent } from '../helpers/strace.ts';
import { orderProblems } from './commit-order.ts';
import { judge } from './ledger.ts';
import type { FaultPart } from './part.ts';
import { acceptances, record } from './record.ts';
import { FaultStation } from './station.ts';

const sessions = 20;
const readers = 1;

/** No reply accepts a message before the sync of the commit that keeps it, read from a recording of every write. */
export const order: FaultPart = {
  name: 'order',
  run: async ({ directory, isSmall, runs, claim, say, skip, count }) => {
    const absent = straceIsAbsent();
    if (absent !== false) return skip('the order of syncs and replies', absent);
    const each = runs ?? (isSmall ? 3 : 25);
    const station = await FaultStation.open(directory, readers);
    try {
      const { calls, sent, copies } = await record(station, directory, 'o', async (port) => {
        const ofSession = async (session: number) => {
          const all = [];
          for (let at = 0; at < each; at++) {
            const octets = (session + at) % 10 === 0 ? 280_000 : 3_000;
            all.push(await station.post(port, `o${session}.${at}`, octets));
          }
          return all;
        };
        return (await Promise.all(Array.from({ length: sessions }, (_, session) => ofSession(session)))).flat();
      });
      const accepted = sent.filter(({ answer }) => answer === 'accepted').length;
      const replies = acceptances(calls);
      say(
        `${accepted} messages over ${sessions} connections, ${replies.length} replies and ${calls.length} calls recorded`,
      );
      claim(
        accepted === sent.length && replies.length === accepted,
        'every message was accepted, and each reply was seen',
      );
      const problems = orderProblems(calls, station.home.directory);
      for (const problem of problems.slice(0, 10)) say(problem);
      claim(
        problems.length === 0,
        'no 250 to DATA before the sync of its commit, and of its body and its name before that',
      );
      count(judge(sent, copies), 'the recorded run', 0);
    } finally {
      await station.sink.stop();
    }
  },
};
