import { connect } from 'node:net';
import type { ControlAnswers, ControlRequest } from '../control.ts';
import { homePaths } from '../home.ts';
import { type Complaint, complaint, type Door, exit } from './door.ts';

/** A daemon under full load answers within milliseconds; one that does not is stuck. */
const patienceMs = 5_000;
const answerLettersMost = 64 * 1_048_576;

/** What came back: the answer; `silent` when no daemon was there or it did not answer in time; else its own words why not. */
export type Asked<Answer> = { readonly answer: Answer } | { readonly problem: string } | 'silent';

/** Asks the daemon of a home through its socket. Never rejects. */
export async function askDaemon<Ask extends keyof ControlAnswers>(
  door: Pick<Door, 'home'>,
  request: ControlRequest & { readonly ask: Ask },
): Promise<Asked<ControlAnswers[Ask]>> {
  const line = await exchange(homePaths(door.home).socket, JSON.stringify(request));
  if (line === undefined) return 'silent';
  try {
    return JSON.parse(line) as Asked<ControlAnswers[Ask]>;
  } catch {
    return { problem: 'the daemon did not answer in our words; is it another version?' };
  }
}

/** What to tell a person when the daemon gave no answer. */
export function unanswered(asked: { readonly problem: string } | 'silent', door: Pick<Door, 'home'>): Complaint {
  return asked === 'silent'
    ? complaint(
        exit.unavailable,
        `no daemon answers for ${door.home}`,
        'start it with "ezlm serve", or choose another --home',
      )
    : complaint(exit.unavailable, asked.problem, 'restart the daemon with the version that you run');
}

function exchange(path: string, question: string): Promise<string | undefined> {
  return new Promise((resolve) => {
    const socket = connect(path);
    let text = '';
    const end = (): void => {
      socket.destroy();
      resolve(text.includes('\n') ? text.slice(0, text.indexOf('\n')) : undefined);
    };
    socket.setEncoding('utf8');
    socket.setTimeout(patienceMs, end);
    socket.on('error', end);
    socket.on('close', end);
    socket.on('data', (part: string) => {
      text += part;
      if (part.includes('\n') || text.length > answerLettersMost) end();
    });
    socket.write(`${question}\n`);
  });
}
